"""Digests of messages that come in parts, whose chaining value is kept outside (FIPS 180-4; MD5: RFC 1321).

The library keeps chaining values to itself, so that the compression functions are here.  They are for parts alone: whole
messages go through ``digest``, which is a hundred times as fast.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from hsm.crypto.digest import Digest

Words = tuple[int, ...]


def _primes(count: int) -> list[int]:
    found: list[int] = []
    candidate = 2
    while len(found) < count:
        if all(candidate % prime for prime in found):
            found.append(candidate)
        candidate += 1
    return found


def _root_fraction(prime: int, degree: int, bits: int) -> int:
    """The first *bits* bits after the point of the root of *prime* of *degree* 2 or 3."""
    value = prime << (degree * bits)
    root = math.isqrt(value)
    if degree == 3:
        root = 1 << (value.bit_length() + 2) // 3
        while (nearer := (2 * root + value // root**2) // 3) < root:
            root = nearer
    return root & (1 << bits) - 1


@dataclass(frozen=True)
class _Family:
    """Functions with one compression function: word and block length in bytes, byte order."""

    word_bytes: int
    block_bytes: int
    order: Literal["big", "little"]
    compress: Callable[[Words, Sequence[int]], Words]


def _md5(state: Words, words: Sequence[int]) -> Words:
    a, b, c, d = state
    for step, (shift, constant, place) in enumerate(_md5_steps()):
        if step < 16:
            mixed = b & c | ~b & d
        elif step < 32:
            mixed = d & b | ~d & c
        elif step < 48:
            mixed = b ^ c ^ d
        else:
            mixed = c ^ (b | ~d & 0xFFFFFFFF)
        total = (a + mixed + constant + words[place]) & 0xFFFFFFFF
        a, d, c, b = d, c, b, (b + (total << shift | total >> 32 - shift)) & 0xFFFFFFFF
    return _added(state, (a, b, c, d), 0xFFFFFFFF)


@cache
def _md5_steps() -> tuple[tuple[int, int, int], ...]:
    """Rotation, constant and place of the word of each step (RFC 1321 clause 3.4)."""
    shifts = ((7, 12, 17, 22), (5, 9, 14, 20), (4, 11, 16, 23), (6, 10, 15, 21))
    places = ((1, 0), (5, 1), (3, 5), (7, 0))
    return tuple(
        (
            shifts[step // 16][step % 4],
            int(abs(math.sin(step + 1)) * 2**32),
            (places[step // 16][0] * step + places[step // 16][1]) % 16,
        )
        for step in range(64)
    )


_SHA_1_CONSTANTS = (0x5A827999, 0x6ED9EBA1, 0x8F1BBCDC, 0xCA62C1D6)


def _sha_1(state: Words, words: Sequence[int]) -> Words:
    schedule = list(words)
    for at in range(16, 80):
        word = schedule[at - 3] ^ schedule[at - 8] ^ schedule[at - 14] ^ schedule[at - 16]
        schedule.append((word << 1 | word >> 31) & 0xFFFFFFFF)
    a, b, c, d, e = state
    for step, word in enumerate(schedule):
        if step < 20:
            mixed = b & c | ~b & d
        elif 40 <= step < 60:
            mixed = b & c | b & d | c & d
        else:
            mixed = b ^ c ^ d
        total = (a << 5 | a >> 27) + mixed + e + _SHA_1_CONSTANTS[step // 20] + word
        a, b, c, d, e = total & 0xFFFFFFFF, a, (b << 30 | b >> 2) & 0xFFFFFFFF, c, d
    return _added(state, (a, b, c, d, e), 0xFFFFFFFF)


@dataclass(frozen=True)
class _Turns:
    """What tells SHA-256 from SHA-512 (FIPS 180-4 clauses 4.1.2, 4.1.3): rotations, and last in each small one a shift."""

    bits: int
    rounds: int
    big_0: tuple[int, int, int]
    big_1: tuple[int, int, int]
    small_0: tuple[int, int, int]
    small_1: tuple[int, int, int]


_TURNS_256 = _Turns(32, 64, (2, 13, 22), (6, 11, 25), (7, 18, 3), (17, 19, 10))
_TURNS_512 = _Turns(64, 80, (28, 34, 39), (14, 18, 41), (1, 8, 7), (19, 61, 6))


@cache
def _sha_2_constants(bits: int, rounds: int) -> Words:
    return tuple(_root_fraction(prime, 3, bits) for prime in _primes(rounds))


def _sha_2(turns: _Turns) -> Callable[[Words, Sequence[int]], Words]:
    bits, mask = turns.bits, (1 << turns.bits) - 1

    def spread(word: int, by: tuple[int, int, int], last_shifts: bool) -> int:
        # Doubled, a word is rotated by one shift.
        doubled = word << bits | word
        last = word >> by[2] if last_shifts else doubled >> by[2]
        return (doubled >> by[0] ^ doubled >> by[1] ^ last) & mask

    def compress(state: Words, words: Sequence[int]) -> Words:
        schedule = list(words)
        for at in range(16, turns.rounds):
            first, second = (
                spread(schedule[at - 15], turns.small_0, True),
                spread(schedule[at - 2], turns.small_1, True),
            )
            schedule.append((schedule[at - 16] + first + schedule[at - 7] + second) & mask)
        a, b, c, d, e, f, g, h = state
        for constant, word in zip(_sha_2_constants(bits, turns.rounds), schedule, strict=True):
            one = h + spread(e, turns.big_1, False) + (e & f ^ ~e & g) + constant + word
            two = spread(a, turns.big_0, False) + (a & b ^ a & c ^ b & c)
            a, b, c, d, e, f, g, h = (one + two) & mask, a, b, c, (d + one) & mask, e, f, g
        return _added(state, (a, b, c, d, e, f, g, h), mask)

    return compress


def _added(state: Words, change: Words, mask: int) -> Words:
    return tuple((a + b) & mask for a, b in zip(state, change, strict=True))


_MD5 = _Family(4, 64, "little", _md5)
_SHA_1 = _Family(4, 64, "big", _sha_1)
_SHA_256 = _Family(4, 64, "big", _sha_2(_TURNS_256))
_SHA_512 = _Family(8, 128, "big", _sha_2(_TURNS_512))
_FAMILIES = {
    Digest.MD5: (_MD5, 16), Digest.SHA_1: (_SHA_1, 20), Digest.SHA_224: (_SHA_256, 28),
    Digest.SHA_256: (_SHA_256, 32), Digest.SHA_384: (_SHA_512, 48), Digest.SHA_512: (_SHA_512, 64),
}  # fmt: skip
"""Family, and length of the digest."""


@cache
def initial_value(algorithm: Digest) -> bytes:
    """The chaining value that a message begins with (FIPS 180-4 clause 5.3, RFC 1321 clause 3.3)."""
    if algorithm in (Digest.MD5, Digest.SHA_1):
        begin = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
        if algorithm is Digest.MD5:
            return begin
        turned = b"".join(begin[at : at + 4][::-1] for at in range(0, 16, 4))
        return turned + bytes.fromhex("C3D2E1F0")
    primes = _primes(16)
    if algorithm in (Digest.SHA_256, Digest.SHA_512):
        size = _FAMILIES[algorithm][0].word_bytes
        return b"".join(_root_fraction(prime, 2, 8 * size).to_bytes(size, "big") for prime in primes[:8])
    fractions = [_root_fraction(prime, 2, 64).to_bytes(8, "big") for prime in primes[8:]]
    return b"".join(each if algorithm is Digest.SHA_384 else each[4:] for each in fractions)


def block_bytes(algorithm: Digest) -> int:
    """How long the blocks are of which every part but the last is made: 64 or 128."""
    return _FAMILIES[algorithm][0].block_bytes


def chaining_bytes(algorithm: Digest) -> int:
    """How long the chaining value is: 16, 20, 32 or 64."""
    return len(initial_value(algorithm))


def advance(algorithm: Digest, chaining: bytes, data: bytes) -> bytes:
    """The chaining value after *data*, whole blocks; *chaining* is that before them.  Raises ValueError."""
    family, _ = _FAMILIES[algorithm]
    if len(chaining) != chaining_bytes(algorithm) or len(data) % family.block_bytes:
        raise ValueError("chaining value or data of the wrong length")
    state = _words(chaining, family)
    for at in range(0, len(data), family.block_bytes):
        state = family.compress(state, _words(data[at : at + family.block_bytes], family))
    return b"".join(word.to_bytes(family.word_bytes, family.order) for word in state)


def finish(algorithm: Digest, chaining: bytes, tail: bytes, message_bits: int) -> bytes:
    """The digest of a message of *message_bits* in all, below 2^64, of which *tail* is what *chaining* has not taken in."""
    family, digest_bytes = _FAMILIES[algorithm]
    count_bytes = 2 * family.word_bytes
    filled = tail + b"\x80"
    filled += bytes(-(len(filled) + count_bytes) % family.block_bytes)
    return advance(algorithm, chaining, filled + message_bits.to_bytes(count_bytes, family.order))[:digest_bytes]


def _words(data: bytes, family: _Family) -> Words:
    size = family.word_bytes
    return tuple(int.from_bytes(data[at : at + size], family.order) for at in range(0, len(data), size))
