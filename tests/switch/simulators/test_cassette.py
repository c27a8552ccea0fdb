"""Banknotes add up."""

from __future__ import annotations

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from switch.simulators.cassette import NOTES_MAX, Cassette, first_notes, notes_for, taken_out, worth

cassettes = st.lists(
    st.builds(Cassette, st.sampled_from((10, 20, 50, 100, 70)), st.integers(0, 5)), min_size=1, max_size=3
)


@given(cassettes, st.integers(0, 700))
def test_notes_make_the_amount_whenever_any_do(stock: list[Cassette], amount: int) -> None:
    found = notes_for(amount, stock)
    possible = any(
        worth(counts, stock) == amount and 0 < sum(counts) <= NOTES_MAX
        for counts in product(*(range(each.count + 1) for each in stock))
    )
    assert (found is not None) is possible
    if found is not None:
        assert worth(found, stock) == amount
        assert all(0 <= count <= each.count for count, each in zip(found, stock, strict=True))
        assert worth(found, stock) + sum(e.note * e.count for e in taken_out(found, stock)) == sum(
            e.note * e.count for e in stock
        )


def test_no_more_notes_than_the_shutter_lets_through() -> None:
    assert notes_for(10 * NOTES_MAX, (Cassette(10, 1000),)) == (NOTES_MAX,)
    assert notes_for(10 * (NOTES_MAX + 1), (Cassette(10, 1000),)) is None


@given(st.lists(st.integers(0, 9), max_size=4), st.integers(0, 40))
def test_a_dispenser_that_stops_gives_the_first_notes(counts: list[int], notes: int) -> None:
    out = first_notes(tuple(counts), notes)
    assert sum(out) == min(notes, sum(counts))
    assert all(given <= told for given, told in zip(out, counts, strict=True))
