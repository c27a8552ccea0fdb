"""Message authentication: ISO 9797-1 algorithms 1 and 3 with their paddings, CMAC, HMAC.

The chained functions take and give a *running value* of one block, so that a message may come in parts: every part but
the last goes through ``chain`` (or ``retail_chain``), the last through the algorithm itself.  A fresh message starts
from a zero block.
"""

from __future__ import annotations

import hmac as _hmac
from enum import Enum

from hsm.crypto.blockcipher import Cipher


class Padding(Enum):
    """ISO 9797-1:2011 clause 6.3."""

    ZEROS = 1
    """Method 1: zeros to a whole block; an empty message becomes a zero block."""
    BIT = 2
    """Method 2: X'80', then zeros."""
    LENGTH = 3
    """Method 3: the length in bits as a block in front, then method 1."""


def pad(data: bytes, method: Padding, block_bytes: int = 8) -> bytes:
    """*data* padded to whole blocks of *block_bytes* by *method*.

    >>> pad(b"abc", Padding.BIT).hex(), pad(b"", Padding.ZEROS).hex()
    ('6162638000000000', '0000000000000000')
    """
    front = b""
    if method is Padding.BIT:
        data += b"\x80"
    elif method is Padding.LENGTH:
        front = (len(data) * 8).to_bytes(block_bytes, "big")
    return front + data + bytes(-len(data) % block_bytes if data else block_bytes)


_ECB_BLOCKS_MAX = 4
"""Up to here, chaining by hand through the ready ECB context is quicker than making a CBC context (measured)."""


def chain(cipher: Cipher, data: bytes, running: bytes | None = None) -> bytes:
    """The last block of the CBC encipherment of *data* (whole blocks) from *running*: one block.

    Raises ValueError when *data* is not whole blocks.  Without data the running value is unchanged.
    """
    size = cipher.block_bytes
    if len(data) % size:
        raise ValueError("not whole blocks")
    if running is None:
        running = bytes(size)
    if len(data) > _ECB_BLOCKS_MAX * size:
        return cipher.encrypt_cbc(data, running)[-size:]
    encrypt, value = cipher.encrypt, running
    for at in range(0, len(data), size):
        mixed = int.from_bytes(value, "big") ^ int.from_bytes(data[at : at + size], "big")
        value = encrypt(mixed.to_bytes(size, "big"))
    return value


def algorithm_1(cipher: Cipher, padded: bytes, running: bytes | None = None) -> bytes:
    """ISO 9797-1 MAC algorithm 1 of a *padded* message, one whole block: X9.9 with DES, CBC-MAC with the full cipher.

    >>> from hsm.crypto.blockcipher import cipher
    >>> key = cipher(bytes.fromhex("0123456789ABCDEF"))
    >>> algorithm_1(key, pad(b"7654321 Now is the time for ", Padding.ZEROS)).hex()
    'f1d30f6849312ca4'
    """
    return chain(cipher, padded, running)


def retail_chain(cipher: Cipher, data: bytes, running: bytes | None = None) -> bytes:
    """The running value of algorithm 3 over whole blocks that are not the last: CBC under the key's first part."""
    return chain(cipher.parts[0], data, running)


def algorithm_3(cipher: Cipher, padded: bytes, running: bytes | None = None) -> bytes:
    """ISO 9797-1 MAC algorithm 3 (ANSI X9.19, "retail MAC") of a *padded* message: 8 bytes.

    *cipher* is of a double-length key; of a triple-length one, the last part does the last encipherment; of a single
    one this is algorithm 1.
    """
    parts = cipher.parts
    value = chain(parts[0], padded, running)
    if len(parts) == 1:
        return value
    return parts[2 if len(parts) == 3 else 0].encrypt(parts[1].decrypt(value))


def cmac(cipher: Cipher, data: bytes, running: bytes | None = None) -> bytes:
    """CMAC (NIST SP 800-38B, ISO 9797-1 algorithm 5): a whole block, which callers cut on the left.

    With *running*, *data* is the last part of a longer message, whose earlier parts went through ``chain``; it must
    then not be empty, since the message's own last block is needed here.
    """
    size = cipher.block_bytes
    if running is not None and not data:
        raise ValueError("the last part of a CMAC message is empty")
    subkey = _doubled(cipher.encrypt(bytes(size)))
    if not data or len(data) % size:
        subkey = _doubled(subkey)
        data = pad(data, Padding.BIT, size)
    last = int.from_bytes(data[-size:], "big") ^ int.from_bytes(subkey, "big")
    return chain(cipher, data[:-size] + last.to_bytes(size, "big"), running)


def _doubled(block: bytes) -> bytes:
    # Multiplication by x in GF(2^64) or GF(2^128), SP 800-38B 6.1.
    size = len(block)
    value = int.from_bytes(block, "big") << 1
    if value >> (8 * size):
        value ^= 1 << (8 * size) | (0x87 if size == 16 else 0x1B)
    return value.to_bytes(size, "big")


class HmacHash(Enum):
    """Hashes for HMAC, by the names of ``hashlib``."""

    SHA1 = "sha1"
    SHA224 = "sha224"
    SHA256 = "sha256"
    SHA384 = "sha384"
    SHA512 = "sha512"


def hmac(key: bytes, data: bytes, algorithm: HmacHash) -> bytes:
    """HMAC (RFC 2104, ISO 9797-2 algorithm 2) in full length."""
    return _hmac.digest(key, data, algorithm.value)


def verifies(given: bytes, full: bytes) -> bool:
    """Whether *given* is the left end of the MAC *full*, in constant time; never for an empty or over-long one."""
    return 0 < len(given) <= len(full) and _hmac.compare_digest(given, full[: len(given)])
