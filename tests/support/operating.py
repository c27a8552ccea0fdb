"""A switch that operators' commands can be tried on: what it shows is given, what it is told is written down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from hsm.client.figures import LATENCY_BOUNDS_SECONDS, PoolFigures, SiteFigures
from switch.config.tables import TableRefused, Tables, Which
from switch.keys.effects import KeyType
from switch.keys.status import LineStatus, TerminalStatus
from switch.link.events import Order
from switch.operator.figures import Figures
from switch.operator.ports import CommandRefused
from switch.operator.views import Kept, LinkView, Running, ShareView, StoreView
from switch.routing import binfile
from switch.routing.route import Routing
from switch.services.responses import packaged as responses
from switch.services.servicefile import packaged as services
from switch.store.reading import Queue
from switch.store.rows import Card, Irregular, Noted, Transaction

NOW_US = 1_795_348_800_000_000
"""2026-11-22 12:00 GMT."""
PAN = "9704110000000007"
BINS = """prefix,name,kind,link,dialect,institution,stand_in,from,until
970411,Bank I,member,bank-i,banknet,970411,basic,,
97041188,Bank I prepaid,member,bank-i,banknet,,,2027-01-01,
602907,Ours,on-us,issuer,banknet,,,,
970499,Withdrawn,blocked,,,,,,
"""
LINKS = frozenset({"bank-a", "bank-i", "issuer"})


def link_view(name: str, **other: object) -> LinkView:
    made: dict[str, object] = {
        "name": name, "role": "server", "line": "CONNECTED", "ours": "ON", "theirs": "ON", "echo": "HEARD",
        "sends": True, "takes": True, "outstanding": 3, "owed": 1, "waiting": "",
        "counts": {"messages sent": 7, "bytes sent": 700},
    }  # fmt: skip
    return LinkView(**(made | other))  # type: ignore[arg-type]  # of the right types by name


def pool() -> PoolFigures:
    site = SiteFigures("a", 2, 1, 3, False, None)
    latencies = tuple([5, 4] + [0] * (len(LATENCY_BOUNDS_SECONDS) - 1))
    return PoolFigures(1, 0, 0, 9, 1, 0, 0, 2, 0, 0, latencies, (site,))


@dataclass
class Told:
    """A switchboard."""

    name: str = "switch"
    view: list[LinkView] = field(default_factory=lambda: [link_view("bank-a"), link_view("bank-i", line="SOUGHT")])
    held: list[LineStatus] = field(
        default_factory=lambda: [LineStatus("bank-a", "ZPK", "both", 4, "08D7B4", "in force", 7_210.0, 12, 5, "A1B2C3")]
    )
    terminals: list[TerminalStatus] = field(
        default_factory=lambda: [
            TerminalStatus("ATM00001", "bank-a", "daily", 2, "0D1E2F", "given"),
            TerminalStatus("POS 1", "", "sign-on", 0, "", "none"),
        ]
    )
    orders: list[tuple[str, Order]] = field(default_factory=list)
    changed: list[tuple[str, KeyType | None]] = field(default_factory=list)
    forwarded: dict[tuple[str, str], int] = field(default_factory=lambda: {("bank-i", "sent"): 8})
    used: list[tuple[str, bool]] = field(default_factory=list)
    renewed: list[str] = field(default_factory=list)
    counted: Figures = field(default_factory=Figures)
    has_hsm: bool = True
    stops: int = 0
    shared: list[ShareView] = field(
        default_factory=lambda: [ShareView("a", ("bank-a", "bank-i"), "switch/a-7", 3, True, True, 0.25, 2, 1)]
    )
    handed_over: list[str] = field(default_factory=list)

    def now_us(self) -> int:
        return NOW_US

    def business_date(self) -> date:
        return date(2026, 11, 22)

    def links(self) -> Sequence[LinkView]:
        return self.view

    def order(self, link: str, order: Order) -> None:
        if link not in [view.name for view in self.view]:
            raise CommandRefused("there is no link of that name; see links")
        self.orders.append((link, order))

    def working_keys(self) -> Sequence[LineStatus]:
        return self.held

    def terminal_keys(self) -> Sequence[TerminalStatus]:
        return self.terminals

    def change_keys(self, link: str, kind: KeyType | None) -> None:
        self.changed.append((link, kind))

    def renew_key(self, terminal: str) -> None:
        self.renewed.append(terminal)

    def tables(self) -> Tables:
        return Tables(Routing(binfile.read("bins.csv", BINS, LINKS), LINKS), services(), responses())

    def figures(self) -> Figures:
        return self.counted

    def store(self) -> StoreView:
        return StoreView(5, 10_000, 0)

    def hsm(self) -> PoolFigures | None:
        return pool() if self.has_hsm else None

    def use_hsm(self, name: str, used: bool) -> None:
        if name != "a":
            raise CommandRefused("there is no HSM of that name; see hsm")
        self.used.append((name, used))

    def shares(self) -> Sequence[ShareView]:
        return self.shared

    def hand_over(self, share: str) -> None:
        if share != "a":
            raise CommandRefused("there is no share of that name; see cluster")
        self.handed_over.append(share)

    def alarms(self) -> Sequence[tuple[str, str]]:
        return [("bank-i", "more messages are owed than the threshold")]

    def stop(self) -> None:
        self.stops += 1

    def running(self) -> Running:
        keys, terminals = tuple(self.held), tuple(self.terminals)
        store, alarms = self.store(), tuple(self.alarms())
        return Running(
            NOW_US,
            tuple(self.view),
            keys,
            terminals,
            self.counted,
            store,
            self.hsm(),
            2,
            4,
            self.forwarded,
            alarms,
            0,
            tuple(self.shared),
        )


@dataclass
class Kepts:
    """Records."""

    transactions: list[Transaction] = field(default_factory=list)
    noted: list[Noted] = field(default_factory=list)
    owed: list[Queue] = field(default_factory=lambda: [Queue("bank-i", 2, NOW_US - 90_000_000, 4)])
    exceptions: list[Irregular] = field(default_factory=list)
    searches: list[tuple[int, str, str, str]] = field(default_factory=list)
    refused: frozenset[Which] = frozenset()
    cards: dict[str, Card] = field(default_factory=dict)

    def now_us(self) -> int:
        return NOW_US

    def latest(self, count: int, pan_last: str = "", stan: str = "", terminal: str = "") -> Sequence[Transaction]:
        self.searches.append((count, pan_last, stan, terminal))
        return self.transactions[:count]

    def transaction(self, id: str) -> Transaction | None:
        return next((row for row in self.transactions if row.id == id), None)

    def journal(self, id: str) -> Sequence[Noted]:
        return [row for row in self.noted if row.transaction_id == id]

    def queues(self) -> Sequence[Queue]:
        return self.owed

    def irregular(self) -> Sequence[Irregular]:
        return self.exceptions

    def close_irregular(self, id: str) -> bool:
        before = len(self.exceptions)
        self.exceptions = [row for row in self.exceptions if row.id != id]
        return len(self.exceptions) < before

    def card(self, pan: str) -> Card | None:
        return self.cards.get(pan)

    def set_card_status(self, pan: str, status: str) -> bool:
        return self._card(pan, status=status)

    def give_card_tries(self, pan: str, tries: int) -> bool:
        return self._card(pan, tries_left=tries)

    def _card(self, pan: str, **changes: Any) -> bool:
        if pan in self.cards:
            self.cards[pan] = replace(self.cards[pan], **changes)
        return pan in self.cards

    def reload(self, which: Which) -> str:
        if which in self.refused:
            raise TableRefused((f"{which.value}.csv:3: prefix: 6 to 11 digits expected",))
        return "1 added, 0 removed, 0 changed"

    def kept(self) -> Kept:
        return Kept(tuple(self.owed), len(self.exceptions))
