"""DUKPT initial keys: what a terminal is loaded with, derived from the acquirer's base derivation key.

The key is used as it is derived: its parity bits are data to later steps of the derivation, so they are left alone.
"""

from __future__ import annotations

from types import MappingProxyType

from hsm.crypto.blockcipher import Algorithm, cipher
from hsm.crypto.parity import xor
from hsm.keys.secret import BlockAttributes, ClearKey
from hsm.refusal import InputInvalid, KeyBlockAlgorithmInvalid, KeyLengthInvalid

_VARIANT = bytes.fromhex("C0C0C0C000000000") * 2
_COUNTER_BITS = 5
"""Of the 21-bit transaction counter, those that stand in the first 8 bytes of the key serial number."""
_AES_CODES = MappingProxyType({16: "0002", 24: "0003", 32: "0004"})


def initial_key(bdk: ClearKey, serial: str, key_bytes: int, attributes: BlockAttributes | None = None) -> ClearKey:
    """The initial key of the terminal *serial* under *bdk*.

    *serial*: for a TDES key the 15 or 16 left hex digits of its key serial number, of which the counter's bits are
    ignored (ANSI X9.24-1:2009 annex A.6); for AES the 16 digits of the initial key identifier (X9.24-3:2017, 6.3.1).
    *key_bytes*: 16 for TDES, at most the BDK's length for AES.  Raises InputInvalid, KeyLengthInvalid and
    KeyBlockAlgorithmInvalid.

    >>> bdk = ClearKey(bytes.fromhex("0123456789ABCDEFFEDCBA9876543210"))
    >>> initial_key(bdk, "FFFF9876543210E", 16).reveal().hex().upper()
    '6AC292FAA1315B4D858AB3A3D7D5933A'
    """
    if bdk.algorithm is Algorithm.AES:
        return ClearKey(_aes(bdk, serial, key_bytes), Algorithm.AES, attributes)
    if bdk.algorithm is not Algorithm.TDES:
        raise KeyBlockAlgorithmInvalid
    if (bdk.key_bytes, key_bytes) != (16, 16):
        raise KeyLengthInvalid
    if len(serial) not in (15, 16):
        raise InputInvalid
    block = (int(serial.ljust(16, "0"), 16) >> _COUNTER_BITS << _COUNTER_BITS).to_bytes(8, "big")
    right = cipher(xor(bdk.reveal(), _VARIANT))
    return ClearKey(bdk.cipher.encrypt(block) + right.encrypt(block), Algorithm.TDES, attributes)


def _aes(bdk: ClearKey, serial: str, key_bytes: int) -> bytes:
    """Derivation data: version 01, block counter, usage 8001 (initial key), algorithm, length in bits, identifier."""
    if len(serial) != 16:
        raise InputInvalid
    if key_bytes not in _AES_CODES or key_bytes > bdk.key_bytes:
        raise KeyLengthInvalid
    fixed = "8001" + _AES_CODES[key_bytes] + f"{8 * key_bytes:04X}" + serial
    blocks = b"".join(bytes.fromhex(f"01{count:02X}{fixed}") for count in range(1, 1 + -(-key_bytes // 16)))
    return bdk.cipher.encrypt(blocks)[:key_bytes]
