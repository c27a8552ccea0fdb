"""The table of prefixes as a file: comma-separated values under a line of column names, ``#`` before a comment.

    prefix,name,kind,link,dialect,institution,stand_in,from,until
    970405,First member,member,bank-a,banknet,970405,basic,2024-01-01,

Empty dates are open ends; ``institution`` and ``stand_in`` may be empty or left out.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from datetime import date

from switch.codec.specfile import names
from switch.routing.bins import PREFIX_DIGITS_LEAST, PREFIX_DIGITS_MOST, BinRow, BinTable, Kind
from switch.tablefile import PROBLEMS_MAX, TableFileError, records

NEEDED = ("prefix", "name", "kind", "link", "dialect")
OPTIONAL = ("institution", "stand_in", "from", "until")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}")


class BinFileError(TableFileError):
    """The table of prefixes is refused."""


def read(name: str, text: str, links: Collection[str] | None = None) -> BinTable:
    """The table in *text*, the content of the file *name*; of *links*, if given, are all those it names.

    Raises BinFileError with everything that is wrong.
    """
    dialects = names()
    problems: list[str] = []
    rows: list[BinRow] = []
    for line, cells in records(name, text, NEEDED, OPTIONAL, BinFileError):
        found = _Row(cells, links, dialects)
        if found.problems:
            problems += (f"{name}:{line}: {each}" for each in found.problems)
        else:
            rows.append(found.row(line))
        if len(problems) >= PROBLEMS_MAX:
            break
    problems += (f"{name}:{each}" for each in _overlaps(rows))
    if not rows and not problems:
        problems.append(f"{name}:1: prefix: at least one row is expected")
    if problems:
        raise BinFileError(problems[:PROBLEMS_MAX])
    return BinTable(rows)


class _Row:
    """One row's cells, checked."""

    def __init__(self, cells: dict[str, str], links: Collection[str] | None, dialects: Collection[str]) -> None:
        self._cells = cells
        self.problems: list[str] = []
        blocked = cells["kind"] == Kind.BLOCKED.value
        digits = f"[0-9]{{{PREFIX_DIGITS_LEAST},{PREFIX_DIGITS_MOST}}}"
        self._want("prefix", digits, f"{PREFIX_DIGITS_LEAST} to {PREFIX_DIGITS_MOST} digits")
        self._want("name", r"[^\x00-\x1f\x7f]{1,40}", "1 to 40 characters")
        self._want("kind", "|".join(kind.value for kind in Kind), ", ".join(kind.value for kind in Kind))
        self._want("institution", r"[0-9]{0,11}", "at most 11 digits")
        self._want("stand_in", f"({NAME.pattern})?", "the name of a stand-in policy, or nothing")
        if blocked:
            self._want("link", "", "nothing, for a blocked prefix")
        elif not NAME.fullmatch(cells["link"]) or (links is not None and cells["link"] not in links):
            self.problems.append("link: the name of a link of the configuration is expected")
        if cells["dialect"] not in dialects and not (blocked and not cells["dialect"]):
            self.problems.append(f"dialect: one of {', '.join(dialects)} is expected")
        self._first, self._last = self._date("from", date.min), self._date("until", date.max)
        if self._last < self._first:
            self.problems.append("until: a date not before the first is expected")

    def _want(self, column: str, pattern: str, expected: str) -> None:
        if not re.fullmatch(pattern, self._cells.get(column, "")):
            self.problems.append(f"{column}: {expected} expected")

    def _date(self, column: str, default: date) -> date:
        written = self._cells.get(column, "")
        try:
            return date.fromisoformat(written) if written else default
        except ValueError:
            self.problems.append(f"{column}: a date like 2026-01-31 is expected")
            return default

    def row(self, line: int) -> BinRow:
        """The row, if there are no problems."""
        cells = self._cells
        return BinRow(
            cells["prefix"], cells["name"], Kind(cells["kind"]), cells["link"], cells["dialect"],
            cells.get("institution", ""), cells.get("stand_in", ""), self._first, self._last, line,
        )  # fmt: skip


def _overlaps(rows: Iterable[BinRow]) -> Iterator[str]:
    """Rows of one prefix that are both in effect on some day.  (A longer prefix inside a shorter one is no overlap.)"""
    reaching: dict[str, BinRow] = {}
    for row in sorted(rows, key=lambda row: (row.prefix, row.first, row.line)):
        before = reaching.setdefault(row.prefix, row)
        if before is not row and before.last >= row.first:
            yield f"{row.line}: prefix: {row.prefix} is in effect on the same days in line {before.line}"
        if row.last > before.last:
            reaching[row.prefix] = row
