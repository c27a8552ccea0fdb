"""The acceptance table: what the product is to do, row by row, and the tests that show it.

    python -m switch.spec.acceptance [--check] [--run] [--rows FILE] [--page FILE]

``tests/acceptance/rows.toml`` names for each row its tests, or says why there are none or they don't show all of it; from
that ``protocol-spec/acceptance.md`` is written.  A test that is named must be there.  ``--check`` writes nothing and ends
with status 1 when the page is stale; ``--run`` runs all tests that are named, none of which may fail or be skipped.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
import tomllib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROWS, PAGE = ROOT / "tests" / "acceptance" / "rows.toml", ROOT / "protocol-spec" / "acceptance.md"
DERIVED = "<!-- Derived from tests/acceptance/rows.toml by `python -m switch.spec.acceptance`; never edited. -->\n"
ID = re.compile("[ABCFPV][0-9]{2}")
NODE = re.compile(r"([a-z0-9_/]+\.py)::([A-Za-z0-9_]+)(?:\[(.+)\])?")
"""A test as pytest calls it, seen from ``tests``."""
CHAPTERS = {
    "A": "A. The cards and services of a bank",
    "B": "B. What a switch must be",
    "C": "C. The technical standard for members",
    "F": "F. Ways in which a transaction can go wrong",
    "V": "V. Value-added services",
    "P": "P. Personalisation of cards",
}


class Standing(Enum):
    """How far a row is."""

    DONE = "done"
    PARTLY = "in part"
    NOT_YET = "not yet"


class RowsRefused(Exception):
    """The file of rows is wrong; *problems* are lines that name the row."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


@dataclass(frozen=True)
class Row:
    """One row: *tests* show it, *why* says what is missing."""

    id: str
    title: str
    tests: tuple[str, ...] = ()
    why: str = ""

    @property
    def standing(self) -> Standing:
        """Done when tests show it and nothing is missing."""
        if not self.tests:
            return Standing.NOT_YET
        return Standing.PARTLY if self.why else Standing.DONE


def read(text: str, tests: Path) -> list[Row]:
    """The rows in *text*; the folder *tests* has what they name.  Raises RowsRefused with all that is wrong."""
    rows, problems = [], []
    for id, told in tomllib.loads(text).items():
        row = Row(id, str(told.pop("title", "")), tuple(told.pop("tests", ())), str(told.pop("why", "")))
        rows.append(row)
        if not ID.fullmatch(id) or not row.title or told:
            problems.append(f"{id}: a letter and two digits, a title, and besides only tests and why, are expected")
        if not row.tests and not row.why:
            problems.append(f"{id}: a test, or why there is none, is expected")
        problems += [f"{id}: {each}: no such test" for each in row.tests if not _is_there(each, tests)]
    if problems:
        raise RowsRefused(problems)
    return rows


def _is_there(node: str, tests: Path) -> bool:
    found = NODE.fullmatch(node)
    return found is not None and found[2] in _names(tests / found[1])


@cache
def _names(path: Path) -> frozenset[str]:
    """What *path* calls its tests: functions, and classes of cases under whatever name."""
    if not path.exists():
        return frozenset()
    found = set()
    for statement in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.FunctionDef | ast.ClassDef):
            found.add(statement.name)
        if isinstance(statement, ast.Assign):
            found |= {target.id for target in statement.targets if isinstance(target, ast.Name)}
    return frozenset(name for name in found if name.lower().startswith("test"))


def page(rows: Iterable[Row]) -> str:
    """The table in Markdown."""
    rows = list(rows)
    counts = Counter(row.standing for row in rows)
    lines = [
        DERIVED,
        "# Acceptance",
        "",
        "What the two documents that this product is modelled on name - a thesis on an interbank network, and a bureau's",
        "way to personalise cards - a row each, in our words. *Done*: the tests that are named show it, and they pass.",
        "",
        ", ".join(f"{counts[each]} {each.value}" for each in Standing) + f"; {len(rows)} rows.",
    ]
    for letter, chapter in CHAPTERS.items():
        own = [row for row in rows if row.id.startswith(letter)]
        if own:
            lines += ["", f"## {chapter}", "", "| row | what | standing | shown by, or why not |", "|---|---|---|---|"]
            lines += map(_line, own)
    return "\n".join(lines) + "\n"


def _line(row: Row) -> str:
    shown = ", ".join(f"[{node.partition('::')[2]}](../tests/{node.partition('::')[0]})" for node in row.tests)
    told = "; ".join(each for each in (shown, row.why) if each)
    return f"| {row.id} | {row.title} | {row.standing.value} | {told} |"


def run(rows: Iterable[Row], tests: Path) -> bool:
    """Do all the tests that *rows* name pass, none skipped?"""
    import pytest

    class Skips:
        """Counts what is skipped."""

        count = 0

        def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
            self.count += report.skipped

    skips = Skips()
    nodes = sorted({f"{tests}/{each}" for row in rows for each in row.tests})
    return pytest.main(["-q", "-p", "no:cacheprovider", *nodes], [skips]) == 0 and not skips.count


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when all is well; 1 when the page is stale, or a row names a test that is not there or does not pass."""
    parser = argparse.ArgumentParser(
        prog="python -m switch.spec.acceptance", description="Derive the acceptance table."
    )
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 when the page is stale")
    parser.add_argument("--run", action="store_true", help="run the tests that are named")
    parser.add_argument("--rows", type=Path, default=ROWS)
    parser.add_argument("--page", type=Path, default=PAGE)
    chosen = parser.parse_args(arguments)
    tests = chosen.rows.parents[1]
    try:
        rows = read(chosen.rows.read_text(encoding="utf-8"), tests)
    except (RowsRefused, tomllib.TOMLDecodeError) as fault:
        print(fault, file=sys.stderr)
        return 1
    text = page(rows)
    stale = not chosen.page.exists() or chosen.page.read_text(encoding="utf-8") != text
    if stale and not chosen.check:
        chosen.page.write_text(text, encoding="utf-8")
    if stale:
        print(f"{'stale' if chosen.check else 'wrote'} {chosen.page}")
    return int((stale and chosen.check) or (chosen.run and not run(rows, tests)))


if __name__ == "__main__":
    sys.exit(main())
