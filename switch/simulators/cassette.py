"""Banknotes: what lies in the cassettes, which of them make an amount, and how many came out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

NOTES_MAX = 40
"""Notes that one presentation holds: what passes through the shutter.  Four cassettes make the choice a small one."""
CASSETTES_MAX = 4


@dataclass(frozen=True)
class Cassette:
    """*count* notes of *note*, in minor units of the ATM's currency."""

    note: int
    count: int


Counts = tuple[int, ...]
"""Notes by cassette."""


def notes_for(amount: int, cassettes: Sequence[Cassette]) -> Counts | None:
    """Notes that make *amount*, the largest first; None when these cassettes can't make it with NOTES_MAX.

    >>> notes_for(600, (Cassette(500, 9), Cassette(200, 9)))
    (0, 3)
    """
    order = sorted(range(len(cassettes)), key=lambda each: -cassettes[each].note)
    found = _from(amount, [cassettes[each] for each in order], NOTES_MAX) if amount > 0 else None
    if found is None:
        return None
    counts = dict(zip(order, found, strict=True))
    return tuple(counts[each] for each in range(len(cassettes)))


def _from(amount: int, cassettes: Sequence[Cassette], notes_left: int) -> Counts | None:
    if not cassettes:
        return () if amount == 0 else None
    first, rest = cassettes[0], cassettes[1:]
    if amount > first.note * notes_left:
        return None
    for count in range(min(amount // first.note, first.count), -1, -1):
        left = _from(amount - count * first.note, rest, notes_left - count)
        if left is not None:
            return (count, *left)
    return None


def worth(counts: Counts, cassettes: Sequence[Cassette]) -> int:
    """What *counts* are worth, in minor units."""
    return sum(count * cassette.note for count, cassette in zip(counts, cassettes, strict=True))


def taken_out(counts: Counts, cassettes: Sequence[Cassette]) -> tuple[Cassette, ...]:
    """The cassettes without *counts*."""
    return tuple(replace(each, count=each.count - count) for count, each in zip(counts, cassettes, strict=True))


def first_notes(counts: Counts, notes: int) -> Counts:
    """What comes out when the dispenser stops after so many *notes*."""
    out = []
    for count in counts:
        out.append(min(count, notes))
        notes -= out[-1]
    return tuple(out)
