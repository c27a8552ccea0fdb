"""EMV issuer cryptography: card keys, session keys, application cryptograms and secure messaging.

Derived keys come with odd parity, which triple DES does not look at, so that they can be kept under an LMK.  Keys are
16 bytes throughout.  "Book 2" is EMV 4.3 Book 2, Security and Key Management.
"""

from __future__ import annotations

import hashlib
from enum import Enum

from hsm.crypto.blockcipher import Cipher, cipher
from hsm.crypto.mac import Padding, algorithm_3, pad
from hsm.crypto.parity import with_odd, xor
from hsm.crypto.pin import two_scans


class EmvInputError(ValueError):
    """A PAN, counter, cryptogram or other input is not of the form or length that the derivation takes."""


class CardKeyOption(Enum):
    """How the card's data are reduced to one block (Book 2 A1.4)."""

    A = "A"
    B = "B"


def _exactly(value: bytes, length: int, what: str) -> bytes:
    if len(value) != length:
        raise EmvInputError(what)
    return value


def decimalise_digest(digest: bytes) -> str:
    """16 digits of a SHA-1 *digest*: its decimal digits, then the others less 10 (Book 2 A1.4.2).

    >>> decimalise_digest(bytes.fromhex("1B3CABCDD6E8FAD4B1CDF2CAD4FDC78FA17B6EBB"))
    '1368412478176120'
    """
    return two_scans(digest)[:16]


def card_block(pan: str, psn: str, option: CardKeyOption = CardKeyOption.A) -> bytes:
    """The 8 bytes Y that a card's master key is derived from; *pan* 1 to 19 digits, *psn* 2 digits.

    Book 2 A1.4.1; option B differs for PANs of more than 16 digits only (A1.4.2).
    """
    if not (1 <= len(pan) <= 19 and len(psn) == 2 and (pan + psn).isdecimal() and (pan + psn).isascii()):
        raise EmvInputError("PAN")
    text = pan + psn
    if option is CardKeyOption.B and len(pan) > 16:
        packed = bytes.fromhex(text.rjust(len(text) + len(text) % 2, "0"))
        text = decimalise_digest(hashlib.sha1(packed, usedforsecurity=False).digest())
    return bytes.fromhex(text[-16:].rjust(16, "0"))


def key_of_card(issuer_key: bytes, block: bytes) -> bytes:
    """The master key, 16 bytes, of the card with the 8 bytes Y, from the issuer's key, 16 bytes (Book 2 A1.4.1)."""
    source = cipher(_exactly(issuer_key, 16, "issuer key"))
    return with_odd(source.encrypt(_exactly(block, 8, "Y") + xor(block, b"\xff" * 8)))


def card_key(issuer_key: bytes, pan: str, psn: str, option: CardKeyOption = CardKeyOption.A) -> bytes:
    """The card's master key, 16 bytes, from the issuer's (16 bytes); otherwise as ``card_block``."""
    return key_of_card(issuer_key, card_block(pan, psn, option))


def session_key(master_key: bytes, diversification: bytes) -> bytes:
    """The EMV common session key (Book 2 A1.3.1); *diversification* is 8 bytes, of which the third is replaced.

    For application cryptograms it is the ATC and zeros; for secure messaging the application cryptogram.
    """
    r = _exactly(diversification, 8, "diversification value")
    blocks = r[:2] + b"\xf0" + r[3:] + r[:2] + b"\x0f" + r[3:]
    return with_odd(cipher(_exactly(master_key, 16, "master key")).encrypt(blocks))


def diversified_by_atc(atc: bytes) -> bytes:
    """The 8-byte diversification value for application cryptograms: the 2-byte counter, then zeros."""
    return _exactly(atc, 2, "ATC") + bytes(6)


def mastercard_diversification(cryptogram: bytes, command_number: int) -> bytes:
    """The diversification value of Mastercard script keys: the 8-byte cryptogram plus the number of the command."""
    start = int.from_bytes(_exactly(cryptogram, 8, "application cryptogram"), "big")
    return ((start + command_number) % (1 << 64)).to_bytes(8, "big")


def visa_session_key(master_key: bytes, atc: bytes) -> bytes:
    """The Visa script session key: the counter mixed into the end of each half, inverted in the right one (VIS 1.5)."""
    _exactly(atc, 2, "ATC")
    mask = bytes(6) + atc + bytes(6) + xor(atc, b"\xff\xff")
    return with_odd(xor(_exactly(master_key, 16, "master key"), mask))


def tree_session_key(master_key: bytes, atc: bytes, height: int, branch: int, iv: bytes = bytes(16)) -> bytes:
    """The EMV2000 session key, 16 bytes: a walk from the root of a tree of *branch*-fold nodes to the leaf of the counter.

    *height* 8 and *branch* 4, or 16 and 2; *iv* 16 bytes.  EMV 4.0 Book 2 A1.3.1, withdrawn in later versions.
    """
    _exactly(iv, 16, "IV")
    leaf = int.from_bytes(_exactly(atc, 2, "ATC"), "big")
    if (height, branch) not in ((8, 4), (16, 2)):
        raise EmvInputError("tree")
    grandparent, parent = iv, _exactly(master_key, 16, "master key")
    for level in range(1, height + 1):
        turn = leaf // branch ** (height - level) % branch
        mixed = xor(grandparent, bytes(7) + bytes([turn]) + bytes(7) + bytes([turn ^ 0xF0]))
        grandparent, parent, previous = parent, cipher(parent).encrypt(mixed), grandparent
    return with_odd(xor(parent, previous))


def application_cryptogram(key: Cipher, data: bytes, padding: Padding) -> bytes:
    """The ARQC, TC or AAC, 8 bytes, of *data*: ISO 9797-1 algorithm 3 (Book 2 8.1).

    *padding* is method 2 for EMV common and Visa CVN 18, method 1 for Visa CVN 10.
    """
    return algorithm_3(key, pad(data, padding))


def arpc_method_1(key: Cipher, cryptogram: bytes, response_code: bytes) -> bytes:
    """The ARPC, 8 bytes: the cryptogram with the 2-byte response code mixed in, enciphered (Book 2 8.2.1)."""
    mixed = xor(_exactly(cryptogram, 8, "cryptogram"), _exactly(response_code, 2, "response code") + bytes(6))
    return key.encrypt(mixed)


def arpc_method_2(key: Cipher, cryptogram: bytes, status_update: bytes, proprietary: bytes = b"") -> bytes:
    """The ARPC, 4 bytes: a MAC of cryptogram, 4-byte card status update, up to 8 bytes of data (Book 2 8.2.2)."""
    if len(proprietary) > 8:
        raise EmvInputError("proprietary authentication data")
    data = _exactly(cryptogram, 8, "cryptogram") + _exactly(status_update, 4, "card status update") + proprietary
    return algorithm_3(key, pad(data, Padding.BIT))[:4]


def script_mac(key: Cipher, message: bytes) -> bytes:
    """The secure messaging MAC of a script command, 8 bytes, of which a card takes the first 4 to 8 (Book 2 9.2)."""
    return algorithm_3(key, pad(message, Padding.BIT))


def script_encipher(key: Cipher, data: bytes) -> bytes:
    """Confidential script data of EMV common: padding method 2, CBC from zero (Book 2 9.3.1)."""
    return key.encrypt_cbc(pad(data, Padding.BIT), bytes(8))


def script_encipher_mastercard(key: Cipher, data: bytes) -> bytes:
    """Confidential script data of Mastercard: padding method 2 unless they fill whole blocks, CBC from zero (M/Chip)."""
    return key.encrypt_cbc(pad(data, Padding.BIT) if len(data) % 8 else data, bytes(8))


def script_encipher_visa(key: Cipher, data: bytes) -> bytes:
    """Confidential script data of Visa: a length byte in front, padding method 2, ECB (VIS 1.5).

    Whether data that fill whole blocks with their length byte are padded is pyemv's reading; PIN blocks never do.
    """
    if len(data) > 255:
        raise EmvInputError("script data")
    framed = bytes([len(data)]) + data
    return key.encrypt(pad(framed, Padding.BIT))


def visa_pin_block(card_ac_key: bytes, pin: str, current_pin: str = "") -> bytes:
    """The clear block, 8 bytes, of a Visa PIN change: Thales formats 41 and, with *current_pin*, 42.

    Length and PIN with F fill, under the last 4 bytes of the left half of the card's cryptogram key, and under the
    current PIN if it is to be proved.  PINs are 4 to 12 digits.
    """
    for text in (pin, current_pin) if current_pin else (pin,):
        if not (4 <= len(text) <= 12 and text.isdecimal() and text.isascii()):
            raise EmvInputError("PIN")
    block = bytes.fromhex(f"0{len(pin):X}{pin:F<14}")
    block = xor(block, bytes(4) + _exactly(card_ac_key, 16, "card key")[4:8])
    return xor(block, bytes.fromhex(f"{current_pin:0<16}"))
