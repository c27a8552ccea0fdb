"""Account numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.routing.pan import Pan, PanError, check_digit

# Published test numbers of card schemes (Stripe's and PayPal's lists for developers), 13 to 19 digits.
PUBLISHED = [
    "4222222222222", "378282246310005", "371449635398431", "30569309025904", "6011111111111117", "5555555555554444",
    "4242424242424242", "6304000000000000", "6205500000000000004", "3530111333300000",
]  # fmt: skip


@pytest.mark.parametrize("digits", PUBLISHED)
def test_published_numbers_are_pans(digits: str) -> None:
    assert Pan(digits).digits == digits


def test_the_standards_example() -> None:
    """ISO/IEC 7812-1 annex B computes 3 for 7992739871; the seed's PAN 400000123456 has 2."""
    assert check_digit("7992739871") == "3"
    assert check_digit("400000123456") == "2"


@pytest.mark.parametrize("text", ["", "4" * 12, "4" * 20, "424242424242424x", "٤٢٤٢٤٢٤٢٤٢٤٢٤٢٤٢", "4242424242424243"])
def test_what_is_no_pan(text: str) -> None:
    with pytest.raises(PanError) as told:
        Pan(text)
    assert not text or text not in str(told.value)


@given(st.text("0123456789", min_size=13, max_size=19), st.integers(0, 18), st.integers(1, 9))
def test_any_single_wrong_digit_is_noticed(body: str, at: int, by: int) -> None:
    digits = body[:-1] + check_digit(body[:-1])
    at %= len(digits)
    with pytest.raises(PanError):
        Pan(digits[:at] + str((int(digits[at]) + by) % 10) + digits[at + 1 :])


def test_a_pan_is_masked() -> None:
    assert f"{Pan('4242424242424242')!r} {Pan('4242424242424242')}" == "424242******4242 424242******4242"


def test_its_structure() -> None:
    """Prefix, serial, check digit; together they are the whole."""
    assert Pan("4242424242424242").split(8) == ("42424242", "4242424", "2")
