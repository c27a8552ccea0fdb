"""The table of issuers' prefixes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import Enum

PREFIX_DIGITS_LEAST, PREFIX_DIGITS_MOST = 6, 11


class Kind(Enum):
    """Whose card it is."""

    ON_US = "on-us"
    MEMBER = "member"
    INTERNATIONAL = "international"
    BLOCKED = "blocked"


@dataclass(frozen=True)
class BinRow:
    """One prefix: who issues it, and where it is answered.

    *prefix* 6 to 11 digits; *link* is empty for a blocked prefix alone; *dialect* a network's name in ``switch/specs``;
    *institution* the issuer's id as in DE 100 (at most 11 digits, may be empty); *stand_in* the name of the policy under
    which the switch may answer itself, empty for none; in effect from *first* to *last*, both included.  *line* is the
    row's line in its file.
    """

    prefix: str
    name: str
    kind: Kind
    link: str
    dialect: str
    institution: str = ""
    stand_in: str = ""
    first: date = date.min
    last: date = date.max
    line: int = 0


class BinTable:
    """The rows by prefix; made once, never changed."""

    __slots__ = ("_by_prefix", "_lengths", "rows")

    def __init__(self, rows: Iterable[BinRow]) -> None:
        """*rows* no two of which have one prefix on one day: the reader of the file sees to that."""
        self.rows = tuple(rows)
        self._by_prefix: dict[str, tuple[BinRow, ...]] = {}
        for row in self.rows:
            self._by_prefix[row.prefix] = (*self._by_prefix.get(row.prefix, ()), row)
        self._lengths = tuple(sorted({len(prefix) for prefix in self._by_prefix}, reverse=True))

    def find(self, pan: str, on: date) -> BinRow | None:
        """The row of the longest prefix of *pan* in effect *on* that business date."""
        by_prefix = self._by_prefix
        for length in self._lengths:
            for row in by_prefix.get(pan[:length], ()):
                if row.first <= on <= row.last:
                    return row
        return None
