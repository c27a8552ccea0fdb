"""Which link a transaction goes to, or why to none."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import Enum

from switch.routing import binfile
from switch.routing.bins import BinRow, BinTable, Kind
from switch.routing.pan import Pan, PanError


class NoRoute(Enum):
    """Why a transaction goes nowhere."""

    INVALID_PAN = "no PAN"
    NO_ISSUER = "no issuer has this prefix"
    BLOCKED = "the prefix is blocked"
    SIGNED_OFF = "the issuer's link is not signed on"
    LOOP = "it would go back on the link it came from"
    NO_LINK = "the table names a link that the configuration no longer has"

    @property
    def response(self) -> str:
        """DE 39 of the answer, in ISO 8583:1987's codes.

        Not one of 15, 91 and 92 where the standard has a code that says more: 14 for no PAN, 62 for a blocked prefix.
        """
        return RESPONSES[self]


RESPONSES = {
    NoRoute.INVALID_PAN: "14",
    NoRoute.NO_ISSUER: "15",
    NoRoute.BLOCKED: "62",
    NoRoute.SIGNED_OFF: "91",
    NoRoute.LOOP: "92",
    NoRoute.NO_LINK: "92",
}


@dataclass(frozen=True)
class Route:
    """To *row*'s link; or, with *failure*, to none, and *row* then says under which stand-in policy, if one matched."""

    row: BinRow | None
    failure: NoRoute | None = None


@dataclass(frozen=True)
class Changes:
    """What a new table changed, by prefix."""

    added: int
    removed: int
    changed: int


@dataclass(frozen=True)
class Routing:
    """The *table* in force, with the *links* that the configuration has.

    *parallel*: a link → the one that it stands beside.  They lead to one partner: the table names the one, and any of them
    that takes transactions is used.
    """

    table: BinTable
    links: frozenset[str]
    parallel: Mapping[str, str] = field(default_factory=dict)

    def route(self, pan: str, entry: str, on: date, signed_on: Collection[str]) -> Route:
        """Where the transaction of card *pan*, which came by the link *entry*, goes *on* that business date.

        *signed_on* are the links that take transactions now; the switch's own issuer is one of them.
        """
        try:
            Pan(pan)
        except PanError:
            return Route(None, NoRoute.INVALID_PAN)
        row = self.table.find(pan, on)
        if row is None:
            return Route(None, NoRoute.NO_ISSUER)
        if row.kind is Kind.BLOCKED:
            return Route(row, NoRoute.BLOCKED)
        if row.link not in self.links:
            return Route(row, NoRoute.NO_LINK)
        if row.link == self.parallel.get(entry, entry) and row.kind is not Kind.ON_US:
            return Route(row, NoRoute.LOOP)
        if row.link in signed_on:
            return Route(row)
        beside = (link for link, first in self.parallel.items() if first == row.link and link in signed_on)
        link = next(beside, None)
        return Route(row, NoRoute.SIGNED_OFF) if link is None else Route(replace(row, link=link))

    def reloaded(self, name: str, text: str) -> tuple[Routing, Changes]:
        """With the table of the file *name* whose content is *text*, and what that changes.

        Raises BinFileError, and this routing stays as it is.
        """
        table = binfile.read(name, text, self.links)
        before, after = _by_prefix(self.table), _by_prefix(table)
        kept = before.keys() & after.keys()
        changes = Changes(
            len(after.keys() - kept), len(before.keys() - kept), sum(before[each] != after[each] for each in kept)
        )
        return replace(self, table=table), changes


def _by_prefix(table: BinTable) -> dict[str, set[BinRow]]:
    """The rows of each prefix, wherever they stand in the file."""
    found: dict[str, set[BinRow]] = {}
    for row in table.rows:
        found.setdefault(row.prefix, set()).add(replace(row, line=0))
    return found
