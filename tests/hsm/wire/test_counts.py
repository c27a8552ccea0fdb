"""Variable-length counts, by the encodings of a public client (status verified; the form 8082 is in device traces too)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsm.wire.counts import MOST, count_at, count_text

WITNESSED = {
    0: "00",
    127: "7F",
    128: "8080",
    130: "8082",
    255: "80FF",
    256: "8100",
    16_383: "BFFF",
    2_097_151: "DFFFFF",
    2_097_152: "E0200000",
    268_435_455: "EFFFFFFF",
}


@pytest.mark.parametrize(("count", "encoded"), WITNESSED.items())
def test_witnessed(count: int, encoded: str) -> None:
    text = bytes.fromhex(encoded).decode("latin-1")
    assert count_text(count) == text
    assert count_at("?" + text + "?", 1) == (count, 1 + len(text))


@given(st.integers(0, MOST))
def test_round_trip_and_every_cut(count: int) -> None:
    text = count_text(count)
    assert count_at(text, 0) == (count, len(text))
    assert [count_at(text[:cut], 0) for cut in range(len(text))] == [None] * len(text)


@pytest.mark.parametrize("first", range(0xF0, 0x100))
def test_no_such_form(first: int) -> None:
    assert count_at(chr(first) + "\0" * 8, 0) is None


def test_too_large() -> None:
    with pytest.raises(ValueError, match="at most"):
        count_text(MOST + 1)
