"""One host of a simulated network: the program itself, upon a store that outlives it, which can be killed and started."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from twisted.internet.defer import maybeDeferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.task import Clock
from zope.interface import implementer

from switch.asking import Cause, Holder, NoAnswer
from switch.config.switchfile import SwitchConfig
from switch.flow.hop import Hop
from switch.flow.ports import Use, WorkingKey
from switch.flow.world import World
from switch.issuer.authoriser import Issuer
from switch.issuer.loading import load_works, read_books
from switch.link.events import Order
from switch.saf.events import End
from switch.saf.watch import Alarm
from switch.scenarios.judged import Held, held
from switch.scenarios.network import OPENED_WITH
from switch.server.days import Days
from switch.server.exchange import Exchange, OpenLinks
from switch.server.forwarding import Forwarding
from switch.server.owing import around
from switch.server.recovery import Sweep, at_start
from switch.server.simulated import Memory, MemoryReading, SimulatedHsm, SimulatedLinks, SimulatedWriter, Wire
from switch.store.numbers import Numbers, begin_era
from switch.store.rows import Account, Irregular, Owed, Transaction

BEGAN = 1_795_348_800
"""2026-11-22 12:00 GMT: when the clock of a simulation stands at 0."""


@implementer(IReactorTime)
class ProcessClock:
    """The clock of one process: what it has put off dies with it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._calls: list[IDelayedCall] = []
        self._looked_at = 64

    def seconds(self) -> float:
        """Since the simulation began."""
        return float(self._clock.seconds())

    def callLater(self, delay: float, callable: Callable[..., Any], *args: object, **kwargs: object) -> IDelayedCall:
        """As every clock."""
        call = self._clock.callLater(max(0.0, delay), callable, *args, **kwargs)
        self._calls.append(call)
        if len(self._calls) > self._looked_at:
            self._calls = [each for each in self._calls if each.active()]
            self._looked_at = 2 * len(self._calls) + 64
        return call

    def getDelayedCalls(self) -> Sequence[IDelayedCall]:
        """What is still to come."""
        return [each for each in self._calls if each.active()]

    def end(self) -> None:
        """Nothing comes any more."""
        for each in self.getDelayedCalls():
            each.cancel()


class EveryKey:
    """The working keys of a simulated host: one for each use, under which everything is right."""

    def incoming(self, link: str, use: Use, terminal: str = "") -> Sequence[WorkingKey]:
        """The key."""
        return (WorkingKey(link, use, Holder.ZONE, 1, "U" + "1" * 32, terminal),)

    def outgoing(self, link: str, use: Use) -> WorkingKey | None:
        """The key."""
        return WorkingKey(link, use, Holder.ZONE, 1, "U" + "1" * 32)

    def proved(self, key: WorkingKey) -> None:
        """It always is."""

    def failed(self, link: str, use: Use, terminal: str = "") -> None:
        """It never does."""


class SimulatedHost:
    """``switch serve`` as *config* has it; *wires* by the name of each of its links, with the side on which it is."""

    def __init__(self, clock: Clock, config: SwitchConfig, wires: Mapping[str, tuple[Wire, int]]) -> None:
        self.config, self.memory, self.hsm = config, Memory(), SimulatedHsm()
        self.alarms: list[str] = []
        self._clock, self._wires = clock, wires
        self._ahead_us = 0
        self._era = 0
        self.exchange: Exchange
        self.start()

    # -- its life

    def start(self) -> None:
        """Start it upon what is in the store."""
        self._own_clock = clock = ProcessClock(self._clock)
        self.writer = writer = SimulatedWriter(clock, self.memory)
        self._era = writer.do(begin_era())
        reading, hsm = MemoryReading(self.memory), self.hsm
        self.exchange = exchange = self._exchange()
        self.links = links = SimulatedLinks(clock, exchange)
        surroundings = around(exchange, hsm, clock, maybeDeferred, self)
        self.forwarding = Forwarding(writer, reading, self.config.forwarding, surroundings)
        for config in self.config.links:
            link = links.add(config, lambda: exchange.world.moment().transmitted)
            wire, side = self._wires[config.name]
            links.wires[config.name] = wire
            wire.links[side] = link
        exchange.join(links, self.forwarding)
        at_start(exchange.world, reading, writer)
        self.forwarding.start()
        links.start()
        Sweep(clock, exchange, writer, reading, maybeDeferred).start()

    def _exchange(self) -> Exchange:
        config, tables = self.config, self.config.files.read()
        hop = Hop(
            config.institution, config.partners, {link.name: link for link in config.links}, tables.routing,
            tables.services, tables.responses, f"{config.name}-{self._era}",
        )  # fmt: skip
        days = Days(self._now_us, timedelta(minutes=config.cutover_minutes))
        world = World(hop, EveryKey(), self._issuer(hop), days.moment, Numbers(self._era).next)
        exchange = Exchange(self._own_clock, world, self.writer, self.hsm, self._told)
        exchange.world = replace(world, open_links=OpenLinks(exchange), connected=exchange.is_connected)
        return exchange

    def _issuer(self, hop: Hop) -> Issuer | None:
        if self.config.issuer is None:
            return None
        books = read_books(self.config.issuer, self.config.folder)
        for work in load_works(books):
            self.writer.do(work)
        return Issuer(self.config.issuer, books.pan_key, {name: codec.spec for name, codec in hop.codecs.items()})

    def kill(self) -> None:
        """It ends at once: nothing more is committed, told or sent."""
        self.writer.killed = True
        self._own_clock.end()
        for wire, side in self._wires.values():
            wire.links[side] = None
            wire.cut()

    def is_open(self, link: str) -> bool:
        """Does *link* take transactions?"""
        return self.exchange.is_open(link)

    # -- what can befall it

    def loses_hsm(self, away: bool) -> None:
        """Its HSM doesn't answer any more, or does again."""
        self.hsm.away = NoAnswer(Cause.NOT_ASKED) if away else None

    def loses_store(self, away: bool) -> None:
        """Its database can't be reached any more, or can again."""
        self.memory.away = away

    def signs(self, order: Order) -> None:
        """Order sign-on or sign-off on all its links to other hosts."""
        for link in self.links:
            if self.config.partners[link.config.name].mac:
                link.order(order)

    def sets_clock(self, seconds: float) -> None:
        """Its time of day is *seconds* ahead."""
        self._ahead_us = round(seconds * 1_000_000)

    def changes_keys(self) -> None:
        """Nothing: a simulated host's keys are always right."""

    def held(self) -> Held:
        """What it holds."""
        every = self.memory.every
        opened = OPENED_WITH if self.config.issuer else 0
        return held(every(Transaction), every(Owed), every(Irregular), every(Account), opened)

    # -- what its parts tell

    def _now_us(self) -> int:
        return BEGAN * 1_000_000 + round(self._clock.seconds() * 1_000_000) + self._ahead_us

    def _told(self, link: str, text: str) -> None:
        if not link:
            self.alarms.append(text)

    def ended(self, row: Owed, end: End) -> None:
        """The rows tell."""

    def drained(self, link: str) -> None:
        """Nothing to do."""

    def alarmed(self, link: str, alarm: Alarm, raised: bool) -> None:
        """Operators would be told."""
        if raised:
            self.alarms.append(f"{link}: {alarm.value}")
