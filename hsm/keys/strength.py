"""How strong a key is, so that no key travels under a weaker one (PCI PIN Security annex C, NIST SP 800-57 part 1)."""

from __future__ import annotations

from hmac import compare_digest
from typing import Protocol

from hsm.crypto.blockcipher import Algorithm
from hsm.crypto.parity import is_weak
from hsm.keys.secret import ClearKey

_DES_BITS = {8: 56, 16: 80, 24: 112}


class Measured(Protocol):
    """Anything with an algorithm and a length: a clear key or an LMK."""

    @property
    def algorithm(self) -> Algorithm | None: ...
    @property
    def key_bytes(self) -> int: ...


def strength_bits(key: Measured) -> int:
    """Effective strength: DES 56, double length 80, triple 112, AES 128 to 256, HMAC its length, 256 at most.

    >>> strength_bits(ClearKey(bytes(16))), strength_bits(ClearKey(bytes(16), Algorithm.AES))
    (80, 128)
    """
    if key.algorithm in (Algorithm.DES, Algorithm.TDES):
        return _DES_BITS[key.key_bytes]
    return min(8 * key.key_bytes, 256)


def stronger_or_equal(wrapping: Measured, wrapped: Measured) -> bool:
    """May *wrapped* travel under *wrapping*?"""
    return strength_bits(wrapping) >= strength_bits(wrapped)


def is_weak_key(key: ClearKey) -> bool:
    """Is *key* all zero, or any part of a DES key weak (NIST SP 800-67, 3.3.2)?

    >>> is_weak_key(ClearKey(bytes.fromhex("0123456789ABCDEF0101010101010101")))
    True
    """
    content = key.reveal()
    if compare_digest(content, bytes(len(content))):
        return True
    if key.algorithm not in (Algorithm.DES, Algorithm.TDES):
        return False
    return any(is_weak(content[at : at + 8]) for at in range(0, len(content), 8))
