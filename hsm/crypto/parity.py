"""Key bytes before a cipher is made of them: parity, weak keys, equal parts, components; and check values after.

Parity bits are the lowest bit of every byte of a DES or triple DES key (FIPS 46-3); AES keys have none.
"""

from __future__ import annotations

from collections.abc import Sequence
from hmac import compare_digest
from itertools import combinations, product

from hsm.crypto.blockcipher import Algorithm, Cipher
from hsm.crypto.mac import cmac

_ODD_BYTES = bytes(b for b in range(256) if b.bit_count() % 2)
_MADE_ODD = bytes(b if b.bit_count() % 2 else b ^ 1 for b in range(256))
_BARE = bytes(b & 0xFE for b in range(256))


def is_odd(key: bytes) -> bool:
    """Whether every byte of *key* has odd parity.

    >>> is_odd(bytes.fromhex("0123456789ABCDEF")), is_odd(bytes(8))
    (True, False)
    """
    return not key.translate(None, _ODD_BYTES)


def with_odd(key: bytes) -> bytes:
    """*key* with the parity bits set for odd parity.

    >>> with_odd(bytes(8)).hex()
    '0101010101010101'
    """
    return key.translate(_MADE_ODD)


def _low_period_keys() -> frozenset[bytes]:
    # PC-1 fills register C from bits 1-3 of all bytes and bit 4 of bytes 5-8, each from byte 8 down to 1; D takes the
    # others likewise.  A key is weak in one of the three degrees of SP 800-67 when both registers repeat with a period
    # of 1, 2 or 4 in which the second half of the period equals or complements the first: 8 x 8 keys.
    patterns = [(a, b, a ^ flip, b ^ flip) for a, b, flip in product((0, 1), repeat=3)]
    return frozenset(
        bytes(
            0xE0 * p[-byte % 4] | 0x0E * q[-byte % 4] | 0x10 * (p if byte >= 5 else q)[-byte % 4]
            for byte in range(1, 9)
        )
        for p, q in product(patterns, patterns)
    )


_WEAK = _low_period_keys()


def is_weak(part: bytes) -> bool:
    """Whether the 8-byte DES key *part* is one of the 4 weak, 12 semi-weak or 48 possibly weak keys, parity apart.

    Source: NIST SP 800-67 Rev. 1, 3.3.2.

    >>> is_weak(bytes.fromhex("0101010101010101")), is_weak(bytes.fromhex("0123456789ABCDEF"))
    (True, False)
    """
    return part.translate(_BARE) in _WEAK


def masquerades(key: bytes) -> bool:
    """Whether a 16- or 24-byte DES *key* has two equal 8-byte parts, parity apart: a shorter key in disguise.

    >>> masquerades(bytes.fromhex("0123456789ABCDEF0022446688AACCEE"))
    True
    """
    bare = key.translate(_BARE)
    parts = [bare[i : i + 8] for i in range(0, len(bare), 8)]
    return any(compare_digest(a, b) for a, b in combinations(parts, 2))


def xor(a: bytes, b: bytes) -> bytes:
    """Exclusive or of two strings of the same length; ValueError otherwise."""
    if len(a) != len(b):
        raise ValueError(f"xor of {len(a)} and {len(b)} bytes")
    return (int.from_bytes(a, "big") ^ int.from_bytes(b, "big")).to_bytes(len(a), "big")


def combine(components: Sequence[bytes]) -> bytes:
    """The key whose *components*, one or more of one length, were shared out: their exclusive or.

    Raises ValueError when there is none or the lengths differ.  Parity is left as it comes out.
    """
    if not components:
        raise ValueError("no component")
    key = components[0]
    for component in components[1:]:
        key = xor(key, component)
    return key


def check_value(cipher: Cipher) -> bytes:
    """The whole check value, which callers cut to 3 bytes or whatever their field holds.

    DES and triple DES: a zero block enciphered, 8 bytes (ANSI X9.24-1 Annex A).  AES: the CMAC of a zero block, 16
    bytes (ANSI X9.24-1:2017 Annex A; payShield 10K shows its left 6 hex digits).
    """
    if cipher.algorithm is Algorithm.AES:
        return cmac(cipher, bytes(16))
    return cipher.encrypt(bytes(8))
