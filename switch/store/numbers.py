"""Ids that rise and never come twice, though no database is asked for each."""

from __future__ import annotations

from switch.store.rows import Era
from switch.store.view import View, Work

NUMBERS = "numbers"


class Numbers:
    """Ids of 20 hexadecimal digits: the era's 8, which is the database's, and 12 that are counted here.

    A process begins an era of its own when it starts, so ids rise within a process and from each to one started later,
    and a count that was lost with a process does no harm.

    >>> numbers = Numbers(3)
    >>> numbers.next(), numbers.next()
    ('00000003000000000001', '00000003000000000002')
    """

    __slots__ = ("_counted", "_era")

    def __init__(self, era: int) -> None:
        self._era = f"{era:08x}"
        self._counted = 0

    def next(self) -> str:
        """The next id."""
        self._counted += 1
        return f"{self._era}{self._counted:012x}"


def _begin(view: View) -> int:
    last = view.get(Era, NUMBERS)
    number = 1 if last is None else last.number + 1
    view.put(Era(NUMBERS, number))
    return number


def begin_era() -> Work[int]:
    """The work that begins an era and gives its number."""
    return Work(_begin, [(Era, NUMBERS)])
