"""DUKPT with AES (ANSI X9.24-3): initial keys, transaction keys and the working keys made of them.

A key serial number is 12 bytes here: the initial key identifier, 8 bytes, and a counter of 32 bits.
"""

from __future__ import annotations

from enum import Enum

from hsm.crypto.blockcipher import Algorithm, cipher

KSN_BYTES = 12


class AesDukptError(ValueError):
    """A key, identifier or key serial number is of the wrong length."""


class KeyType(Enum):
    """The algorithm indicator and length in bits of a derived key (X9.24-3:2017, table 3)."""

    TDES_2 = (0x0000, 128)
    TDES_3 = (0x0001, 192)
    AES_128 = (0x0002, 128)
    AES_192 = (0x0003, 192)
    AES_256 = (0x0004, 256)


class KeyUsage(Enum):
    """What a derived key is for (X9.24-3:2017, table 2)."""

    KEY_ENCRYPTION = 0x0002
    PIN_ENCRYPTION = 0x1000
    MAC_GENERATION = 0x2000
    MAC_VERIFICATION = 0x2001
    MAC_BOTH = 0x2002
    DATA_ENCRYPTION = 0x3000
    DATA_DECRYPTION = 0x3001
    DATA_BOTH = 0x3002
    KEY_DERIVATION = 0x8000
    INITIAL_KEY = 0x8001


_TYPE_OF_BYTES = {16: KeyType.AES_128, 24: KeyType.AES_192, 32: KeyType.AES_256}


def _type_of(key: bytes) -> KeyType:
    if len(key) not in _TYPE_OF_BYTES:
        raise AesDukptError("derivation key")
    return _TYPE_OF_BYTES[len(key)]


def _derive(key: bytes, usage: KeyUsage, key_type: KeyType, tail: bytes) -> bytes:
    # 6.3: a block each of version 1, block number, usage, algorithm, length in bits, 8 bytes of identification.
    indicator, bits = key_type.value
    fixed = usage.value.to_bytes(2, "big") + indicator.to_bytes(2, "big") + bits.to_bytes(2, "big") + tail
    blocks = b"".join([b"\x01" + bytes([n]) + fixed for n in range(1, -(-bits // 128) + 1)])
    return cipher(key, Algorithm.AES).encrypt(blocks)[: bits // 8]


def initial_key(bdk: bytes, identifier: bytes) -> bytes:
    """The initial key, as long as *bdk* (16, 24 or 32 bytes), of the device with the 8-byte *identifier*.

    >>> initial_key(bytes.fromhex("FEDCBA9876543210F1F1F1F1F1F1F1F1"), bytes.fromhex("1234567890123456")).hex()
    '1273671ea26ac29afa4d1084127652a1'
    """
    if len(identifier) != 8:
        raise AesDukptError("initial key identifier")
    return _derive(bdk, KeyUsage.INITIAL_KEY, _type_of(bdk), identifier)


def _split(ksn: bytes) -> tuple[bytes, int]:
    # Transaction keys are tied to the right half of the identifier alone.
    if len(ksn) != KSN_BYTES:
        raise AesDukptError("key serial number")
    return ksn[4:8], int.from_bytes(ksn[8:], "big")


def transaction_key(initial: bytes, ksn: bytes) -> bytes:
    """The derivation key, as long as *initial*, of the transaction that *ksn* counts.

    6.6: a derivation for every one in the counter, from the left.
    """
    device, counter = _split(ksn)
    key, working, kind = initial, 0, _type_of(initial)
    for place in range(31, -1, -1):
        if counter >> place & 1:
            working |= 1 << place
            key = _derive(key, KeyUsage.KEY_DERIVATION, kind, device + working.to_bytes(4, "big"))
    return key


def working_key(transaction: bytes, ksn: bytes, usage: KeyUsage, key_type: KeyType) -> bytes:
    """The key of *key_type* for *usage*, from the *transaction* key of *ksn*."""
    _type_of(transaction)
    _split(ksn)
    return _derive(transaction, usage, key_type, ksn[4:])


def update_key(initial: bytes, identifier: bytes, key_type: KeyType) -> bytes:
    """The key under which a device's next initial key travels: the one of the counter FFFFFFFF (6.5.4)."""
    ksn = identifier + b"\xff" * 4
    return working_key(transaction_key(initial, ksn), ksn, KeyUsage.KEY_ENCRYPTION, key_type)
