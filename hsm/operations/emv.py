"""What an issuer does with a chip card: its keys, its cryptograms, the scripts sent to it (EMV 4.3 Book 2, EMV 2000).

Application cryptograms are of 8 bytes.  A failed one does not count towards the fraud limits: there are too many to try.
"""

from __future__ import annotations

from dataclasses import dataclass
from hmac import compare_digest

from hsm.appliance import Hsm
from hsm.crypto.emv import arpc_method_1, script_mac
from hsm.crypto.mac import Padding, algorithm_3, pad
from hsm.keys.card import card_key, common_session_key, tree_session_key
from hsm.keys.domaintypes import DomainKeyType
from hsm.keys.km import TransportKey, check_value
from hsm.keys.secret import ClearKey
from hsm.operations.border import check_strength
from hsm.operations.encipher import CipherMode
from hsm.refusal import DataLengthInvalid, IndexInvalid, InputInvalid, VerificationFailed

BLOCK_BYTES = 8
RESPONSE_CODE_BYTES = 2
UNPREDICTABLE_BYTES = 4
_ZERO = bytes(BLOCK_BYTES)


@dataclass(frozen=True)
class Tree:
    """Which leaf of the tree of EMV2000 session keys: counter of 2 bytes, shape, 16 bytes to begin with."""

    atc: bytes
    height: int
    branch: int
    iv: bytes

    def key(self, card: ClearKey) -> ClearKey:
        """The session key of *card*.  Raises InputInvalid for a shape other than 8 by 4 and 16 by 2."""
        return tree_session_key(card, self.atc, self.height, self.branch, self.iv)


def counter_session_key(card: ClearKey, counter_and_number: bytes) -> ClearKey:
    """The session key of 6 bytes: the counter, and the unpredictable number or zeros.

    With zeros it is the common session key, with the number that of M/Chip.  Raises InputInvalid.
    """
    if len(counter_and_number) != RESPONSE_CODE_BYTES + UNPREDICTABLE_BYTES:
        raise InputInvalid
    return common_session_key(card, counter_and_number[:2] + bytes(2) + counter_and_number[2:])


def check_cryptogram(key: ClearKey, data: bytes, given: bytes, *, padded: bool) -> None:
    """Nothing, if *given* is the cryptogram of *data*; else raises VerificationFailed.

    *padded* data are whole blocks (else DataLengthInvalid); others get padding method 2 here.
    """
    if not data or (padded and len(data) % BLOCK_BYTES):
        raise DataLengthInvalid
    made = algorithm_3(key.cipher, data if padded else pad(data, Padding.BIT))
    if not compare_digest(made, given):
        raise VerificationFailed


def response_cryptogram(key: ClearKey, cryptogram: bytes, response_code: bytes) -> bytes:
    """The ARPC, 8 bytes, by method 1 (Book 2 8.2.1).  Raises InputInvalid unless *response_code* has 2 bytes."""
    if len(response_code) != RESPONSE_CODE_BYTES:
        raise InputInvalid
    return arpc_method_1(key.cipher, cryptogram, response_code)


def response_cryptogram_of(key: ClearKey, mixed: bytes) -> bytes:
    """The ARPC, 8 bytes, of the 8 bytes in which the host has mixed cryptogram and response code itself."""
    return key.cipher.encrypt(mixed)


def script_text(key: ClearKey, mode: CipherMode, text: bytes) -> bytes:
    """*text* enciphered for a card: padding method 2, ECB or CBC from zero (Book 2 9.3.1).  Raises DataLengthInvalid."""
    if not text:
        raise DataLengthInvalid
    padded = pad(text, Padding.BIT)
    return key.cipher.encrypt(padded) if mode is CipherMode.ECB else key.cipher.encrypt_cbc(padded, _ZERO)


def script_mac_of(key: ClearKey, script: bytes, offset: int, inserted: bytes) -> bytes:
    """The MAC, 8 bytes, of *script* with *inserted* at *offset* (Book 2 9.2).

    Raises IndexInvalid for an offset behind the end, DataLengthInvalid when there is nothing at all.
    """
    if offset > len(script):
        raise IndexInvalid
    message = script[:offset] + inserted + script[offset:]
    if not message:
        raise DataLengthInvalid
    return script_mac(key.cipher, message)


def card_key_under(
    hsm: Hsm, issuer: ClearKey, row: DomainKeyType, block: bytes, transport: TransportKey
) -> tuple[bytes, bytes]:
    """The card's master key, 16 bytes under *transport* (ECB), and its check value of 3 bytes.

    *row* is the type of the issuer's key, which is taken for the card's too where *transport* is changed by type.
    Raises KeyLengthInvalid (also for a transport key weaker than the key), VariantSchemeInvalid, KeyBlockModeInvalid.
    """
    key = card_key(issuer, block)
    check_strength(hsm, transport.key, key)
    return transport.wrap(key, row, cbc=False), check_value(key)
