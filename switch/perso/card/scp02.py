"""GlobalPlatform secure channel protocol 02, option i=15, as a card computes it (GlobalPlatform Card 2.3.1 annex E).

Option 15: explicit initiation, C-MAC over the modified command, its ICV enciphered from the second command on, three
keys.  Keys are 16 bytes.  The cards' own cryptography: the bureau has an HSM compute the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hmac import compare_digest

from Crypto.Cipher import DES, DES3

BLOCK_BYTES = 8
ENC, MAC, DEK = bytes.fromhex("0182"), bytes.fromhex("0101"), bytes.fromhex("0181")
"""Derivation constants of session keys (E.4.1)."""
CARD_ENC, CARD_MAC, CARD_DEK = 1, 2, 3
"""Numbers of a card's three keys, derived from the KMC (EMV CPS 1.1 section 3.2.1)."""
_ZERO = bytes(BLOCK_BYTES)


def padded(data: bytes) -> bytes:
    """*data*, 80, and zeros to whole blocks (ISO 9797-1 method 2)."""
    return data + b"\x80" + bytes(-(len(data) + 1) % BLOCK_BYTES)


def encipher(key: bytes, data: bytes) -> bytes:
    """*data*, whole blocks, by triple DES in ECB under 16 bytes, whose halves differ."""
    return bytes(DES3.new(key, DES3.MODE_ECB).encrypt(data))


def decipher(key: bytes, data: bytes) -> bytes:
    """What ``encipher`` made *data* of."""
    return bytes(DES3.new(key, DES3.MODE_ECB).decrypt(data))


def encipher_cbc(key: bytes, data: bytes) -> bytes:
    """*data*, whole blocks, in CBC from zero."""
    return bytes(DES3.new(key, DES3.MODE_CBC, _ZERO).encrypt(data))


def retail_mac(key: bytes, data: bytes, icv: bytes = _ZERO) -> bytes:
    """The 8 bytes of ISO 9797-1 algorithm 3 over *data*, which is padded here (GlobalPlatform B.1.2.2)."""
    chained = bytes(DES.new(key[:8], DES.MODE_CBC, icv).encrypt(padded(data)))[-BLOCK_BYTES:]
    opened = DES.new(key[8:], DES.MODE_ECB).decrypt(chained)
    return bytes(DES.new(key[:8], DES.MODE_ECB).encrypt(opened))


def card_key_data(diversification: bytes, number: int) -> bytes:
    """16 bytes that a card's key *number* is derived of: the last 6 of its 10 bytes of key diversification data, twice.

    Source: EMV CPS 1.1 section 3.2.1.
    """
    if len(diversification) != 10:
        raise ValueError("key diversification data have 10 bytes")
    last = diversification[-6:]
    return last + bytes((0xF0, number)) + last + bytes((0x0F, number))


def card_key(kmc: bytes, diversification: bytes, number: int) -> bytes:
    """A card's key *number* (1 ENC, 2 MAC, 3 DEK), derived from the KMC."""
    return encipher(kmc, card_key_data(diversification, number))


def session_data(constant: bytes, counter: bytes) -> bytes:
    """16 bytes that a session key is derived of; *counter* is the sequence counter, 2 bytes (E.4.1)."""
    return constant + counter + bytes(12)


def session_key(key: bytes, constant: bytes, counter: bytes) -> bytes:
    """The session key of a card's *key*."""
    return encipher_cbc(key, session_data(constant, counter))


def cryptogram(session_enc: bytes, text: bytes) -> bytes:
    """The authentication cryptogram, 8 bytes, of *text*, 16 bytes (E.4.2)."""
    return encipher_cbc(session_enc, padded(text))[-BLOCK_BYTES:]


def card_text(host_challenge: bytes, counter: bytes, card_challenge: bytes) -> bytes:
    """What the card's cryptogram is of."""
    return host_challenge + counter + card_challenge


def host_text(host_challenge: bytes, counter: bytes, card_challenge: bytes) -> bytes:
    """What the host's cryptogram is of."""
    return counter + card_challenge + host_challenge


def maced(header: bytes, data: bytes) -> bytes:
    """The command that a C-MAC is of: class with secure messaging, and the length with the MAC (E.4.4).

    Raises ValueError for more *data* than one command takes.
    """
    if len(data) + BLOCK_BYTES > 0xFF:
        raise ValueError("a command with its C-MAC has at most 255 bytes of data")
    return bytes((header[0] | 0x04,)) + header[1:4] + bytes((len(data) + BLOCK_BYTES,)) + data


@dataclass
class Session:
    """A card's side of a session once the host has authenticated itself: it changes with each command."""

    mac_key: bytes = field(repr=False)
    dek: bytes = field(repr=False)
    last_mac: bytes | None = field(default=None, repr=False)

    def verified(self, command: bytes) -> bytes | None:
        """The data of *command*, which has at least 8 bytes of them, without its C-MAC; None if that is wrong."""
        data, given = command[5:-BLOCK_BYTES], command[-BLOCK_BYTES:]
        # The ICV of the first command, EXTERNAL AUTHENTICATE, is zero and not enciphered.
        last = self.last_mac
        icv = _ZERO if last is None else bytes(DES.new(self.mac_key[:8], DES.MODE_ECB).encrypt(last))
        made = retail_mac(self.mac_key, command[:5] + data, icv)
        if not compare_digest(made, given):
            return None
        self.last_mac = made
        return data

    def deciphered(self, data: bytes) -> bytes:
        """What lies under the DEK, whole blocks in ECB (E.4.7)."""
        return decipher(self.dek, data)
