"""Digests in parts against the library's digests of the whole, and the published beginnings."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsm.crypto.digest import Digest
from hsm.crypto.digestparts import advance, block_bytes, chaining_bytes, finish, initial_value


@pytest.mark.parametrize(
    ("algorithm", "begins", "ends"),
    [
        (Digest.MD5, "0123456789abcdef", "76543210"),
        (Digest.SHA_1, "67452301efcdab89", "c3d2e1f0"),
        (Digest.SHA_224, "c1059ed8367cd507", "befa4fa4"),
        (Digest.SHA_256, "6a09e667bb67ae85", "5be0cd19"),
        (Digest.SHA_384, "cbbb9d5dc1059ed8629a292a367cd507", "47b5481dbefa4fa4"),
        (Digest.SHA_512, "6a09e667f3bcc908bb67ae8584caa73b", "5be0cd19137e2179"),
    ],
)
def test_fips_180_4_clause_5_3(algorithm: Digest, begins: str, ends: str) -> None:
    value = initial_value(algorithm).hex()
    assert value.startswith(begins)
    assert value.endswith(ends)
    assert len(value) == 2 * chaining_bytes(algorithm)


@pytest.mark.parametrize("algorithm", Digest)
@given(st.binary(max_size=600), st.integers(0, 4), st.integers(0, 4))
def test_parts_make_the_whole(algorithm: Digest, message: bytes, first: int, second: int) -> None:
    size = block_bytes(algorithm)
    one, two = sorted((min(first, len(message) // size), min(second, len(message) // size)))
    chaining = advance(algorithm, initial_value(algorithm), message[: one * size])
    chaining = advance(algorithm, chaining, message[one * size : two * size])
    whole = hashlib.new(algorithm.value, message).digest()
    assert finish(algorithm, chaining, message[two * size :], 8 * len(message)) == whole


def test_lengths_that_are_wrong() -> None:
    with pytest.raises(ValueError, match="length"):
        advance(Digest.MD5, bytes(16), bytes(63))
    with pytest.raises(ValueError, match="length"):
        advance(Digest.SHA_384, bytes(48), bytes(128))
