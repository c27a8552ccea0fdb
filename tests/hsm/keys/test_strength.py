"""The five strengths in order (NIST SP 800-57 part 1, table 2)."""

from __future__ import annotations

import pytest

from hsm.crypto.blockcipher import Algorithm
from hsm.keys.secret import ClearKey
from hsm.keys.strength import strength_bits, stronger_or_equal

LADDER = [
    ClearKey(bytes(8)),
    ClearKey(bytes(16)),
    ClearKey(bytes(24)),
    ClearKey(bytes(16), Algorithm.AES),
    ClearKey(bytes(24), Algorithm.AES),
    ClearKey(bytes(32), Algorithm.AES),
]


@pytest.mark.parametrize("wrapping", range(6))
@pytest.mark.parametrize("wrapped", range(6))
def test_no_key_is_thought_safe_under_a_weaker_one(wrapping: int, wrapped: int) -> None:
    assert stronger_or_equal(LADDER[wrapping], LADDER[wrapped]) == (wrapping >= wrapped)


def test_an_hmac_key_counts_by_its_length() -> None:
    assert [strength_bits(ClearKey(bytes(length), None)) for length in (16, 20, 64)] == [128, 160, 256]
