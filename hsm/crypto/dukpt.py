"""DUKPT with triple DES (ANSI X9.24-1): one key a transaction, from a base derivation key and the key serial number.

The key serial number is 10 bytes, of which the last 21 bits count transactions.  Shorter ones (8 or 9 bytes) are filled
with X'FF' in front, as terminals that leave the filling out mean it.
"""

from __future__ import annotations

from enum import Enum

from hsm.crypto.blockcipher import Algorithm, cipher
from hsm.crypto.parity import xor

KSN_BYTES = 10
_COUNTER_BITS = 21
_COUNTER_MASK = (1 << _COUNTER_BITS) - 1
_HALF_MASK = bytes.fromhex("C0C0C0C000000000C0C0C0C000000000")


class DukptError(ValueError):
    """A base key, initial key or key serial number is of the wrong length."""


class Variant(Enum):
    """What a transaction's key is used for; the value goes over both halves (X9.24-1:2009, A.4.1)."""

    PIN = bytes.fromhex("00000000000000FF")
    MAC_REQUEST = bytes.fromhex("000000000000FF00")
    MAC_RESPONSE = bytes.fromhex("00000000FF000000")
    DATA_REQUEST = bytes.fromhex("0000000000FF0000")
    DATA_RESPONSE = bytes.fromhex("000000FF00000000")


_ONE_WAY = frozenset({Variant.DATA_REQUEST, Variant.DATA_RESPONSE})


def _whole(ksn: bytes) -> int:
    if not 8 <= len(ksn) <= KSN_BYTES:
        raise DukptError("key serial number")
    return int.from_bytes(ksn.rjust(KSN_BYTES, b"\xff"), "big")


def initial_key(bdk: bytes, ksn: bytes) -> bytes:
    """The 16-byte initial key (IK, IPEK) of the device whose serial number is in *ksn*; *bdk* is 16 bytes (A.6).

    >>> initial_key(bytes.fromhex("0123456789ABCDEFFEDCBA9876543210"), bytes.fromhex("FFFF9876543210E00001")).hex()
    '6ac292faa1315b4d858ab3a3d7d5933a'
    """
    if len(bdk) != 16:
        raise DukptError("base derivation key")
    serial = ((_whole(ksn) & ~_COUNTER_MASK) >> 16).to_bytes(8, "big")
    return cipher(bdk).encrypt(serial) + cipher(xor(bdk, _HALF_MASK)).encrypt(serial)


def _half(key: bytes, register: bytes) -> bytes:
    return xor(cipher(key[:8], Algorithm.DES).encrypt(xor(register, key[8:])), key[8:])


def transaction_key(initial: bytes, ksn: bytes) -> bytes:
    """The 16-byte key of the transaction that *ksn* counts, before any variant; *initial* is the initial key.

    A.2, A.3: a step of the one-way function for every one in the counter, from the left.
    """
    if len(initial) != 16:
        raise DukptError("initial key")
    serial = _whole(ksn)
    register, key = serial & ~_COUNTER_MASK & (1 << 64) - 1, initial
    for place in range(_COUNTER_BITS - 1, -1, -1):
        if serial >> place & 1:
            register |= 1 << place
            block = register.to_bytes(8, "big")
            key = _half(xor(key, _HALF_MASK), block) + _half(key, block)
    return key


def working_key(transaction: bytes, variant: Variant) -> bytes:
    """The 16-byte key for one use of the *transaction* key.

    Data keys go through one more encipherment under themselves (A.4.1, Figure A-2).
    """
    key = xor(transaction, variant.value * 2)
    return cipher(key).encrypt(key) if variant in _ONE_WAY else key
