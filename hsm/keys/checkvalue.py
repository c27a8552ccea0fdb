"""Check values of keys in every length that hosts ask for.

A DES key's is a zero block enciphered (ANSI X9.24-1 annex A), an AES key's the CMAC of a zero block, of which never
more than 6 digits are shown (payShield 10K captures).  Digits are upper-case hexadecimal.
"""

from __future__ import annotations

from enum import Enum

from hsm.crypto.blockcipher import Algorithm
from hsm.crypto.parity import check_value as whole
from hsm.keys.secret import ClearKey
from hsm.refusal import KeyBlockAlgorithmInvalid, KeyLengthInvalid

SIGNIFICANT_DIGITS = 6
"""What "restrict key check values" leaves of any of them."""


class CheckValue(Enum):
    """The digits in the field of the answer."""

    FULL = 16
    BDK = 8
    SHORT = 6


def check_value(key: ClearKey, kind: CheckValue = CheckValue.SHORT, restricted: bool = False) -> str:
    """The check value of *key* in 16H, 8H or 6H; *restricted* leaves 6 digits and zeros after them.

    Raises KeyBlockAlgorithmInvalid for an HMAC key, which enciphers nothing.

    >>> key = ClearKey(bytes.fromhex("0123456789ABCDEF"))
    >>> check_value(key, CheckValue.FULL), check_value(key, CheckValue.FULL, restricted=True)
    ('D5D44FF720683D0D', 'D5D44F0000000000')
    """
    if key.algorithm is None:
        raise KeyBlockAlgorithmInvalid
    digits = whole(key.cipher).hex().upper()
    shown = SIGNIFICANT_DIGITS if restricted or key.algorithm is Algorithm.AES else kind.value
    return digits[:shown].ljust(kind.value, "0")[: kind.value]


def pair_check_values(key: ClearKey) -> str:
    """12H for a CVK or PVK pair, KCV type 0: 6 digits of each half of a double-length key.

    Raises KeyLengthInvalid for a key of another length or algorithm.
    """
    if key.algorithm is not Algorithm.TDES or key.key_bytes != 16:
        raise KeyLengthInvalid
    return "".join(whole(part).hex().upper()[:SIGNIFICANT_DIGITS] for part in key.cipher.parts)
