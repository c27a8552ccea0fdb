"""The tables that change while the switch runs."""

from __future__ import annotations

from collections.abc import Sequence

from switch.config.tables import TableRefused, Which
from switch.operator.command import AtOnce, FromRecords, Lines, misused
from switch.operator.ports import CommandRefused, Records, Switchboard
from switch.operator.words import columns
from switch.routing.bins import PREFIX_DIGITS_MOST

SHOWN_MOST = 1_000
FILES = tuple(which.value for which in Which)
USAGE = f"[{'|'.join(FILES)}]"


def reload(records: Records, words: Sequence[str]) -> Lines:
    """Read the files again; one that is wrong leaves the old table in force, and the others are read all the same."""
    if len(words) > 1 or (words and words[0] not in FILES):
        raise misused("reload", USAGE)
    refused: list[str] = []
    told: list[str] = []
    for which in [Which(each) for each in words or FILES]:
        try:
            told.append(f"{which.value}: {records.reload(which)}")
        except TableRefused as fault:
            refused += [f"{which.value}: {problem}" for problem in fault.problems]
    if refused:
        raise CommandRefused("\n".join([*told, *refused, "refused; what was in force there stays"]))
    return told


def bins(board: Switchboard, words: Sequence[str]) -> Lines:
    """The prefixes that a PAN with these first digits could fall under, the one that decides first."""
    if len(words) != 1 or not words[0].isdecimal() or len(words[0]) > PREFIX_DIGITS_MOST:
        raise misused("bins", f"PAN-PREFIX, at most {PREFIX_DIGITS_MOST} digits of it")
    start = words[0]
    today = board.business_date()
    rows = [
        row for row in board.tables().routing.table.rows if row.prefix.startswith(start) or start.startswith(row.prefix)
    ]
    rows.sort(key=lambda row: (-len(row.prefix), row.prefix, row.first))
    return columns(
        ("prefix", "name", "kind", "link", "dialect", "institution", "stand-in", "from", "until", "today"),
        [
            (
                row.prefix, row.name, row.kind.value, row.link or "-", row.dialect or "-", row.institution or "-",
                row.stand_in or "-", row.first, row.last, "yes" if row.first <= today <= row.last else "no",
            )
            for row in rows[:SHOWN_MOST]
        ],
    )  # fmt: skip


COMMANDS = (
    FromRecords("reload", USAGE, "read the tables again without a restart", reload),
    AtOnce("bins", "PAN-PREFIX", "where cards with these first digits go", bins),
)
