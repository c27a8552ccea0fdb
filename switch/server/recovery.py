"""Transactions that nobody works on any more: begun before a crash, or left by a store that was away.

Whatever of them may have reached an issuer is taken back, for who asked has long given up.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from functools import partial
from typing import Protocol as Shape

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from switch.flow import books
from switch.flow.answers import partly
from switch.flow.world import World
from switch.server.exchange import Exchange, WriterOf
from switch.store.database import StoreError
from switch.store.group import Done, Result
from switch.store.leases import Replaced, Submits
from switch.store.rows import Stage, Transaction
from switch.store.view import View, Work

SWEEP_SECONDS = 30.0
PATIENCE = 3
"""A transaction without a course is given up after so many times T2."""
InThread = Callable[[Callable[[], list[Transaction]]], "Deferred[list[Transaction]]"]


class InFlight(Shape):
    """Who can say what was begun and not finished: :class:`switch.store.reading.Reading`."""

    def in_flight(
        self, after: str = "", owner: str | None = None, *, links: Collection[str] | None = None
    ) -> list[Transaction]: ...


class Does(Shape):
    """Who does a work and waits for it: :class:`switch.store.writer.Writer`."""

    def do(self, work: Work[bool]) -> bool: ...


def left_over(
    reading: InFlight, owner: str | None = None, links: Collection[str] | None = None
) -> Iterator[Transaction]:
    """Transactions that wait for an issuer, in the order of their arrival; of one *owner*, or come by one of *links*.

    Raises Unavailable.
    """
    after = ""
    while rows := reading.in_flight(after, owner, links=links):
        yield from (row for row in rows if row.stage == Stage.AWAITING_ISSUER)
        after = rows[-1].position


def giving_up(world: World, row: Transaction) -> Work[bool]:
    """The work that takes back what *row* may have done; its outcome: was that still to do?"""
    body = row.reversal
    codec = world.hop.codecs.get(row.issuer_link)
    moment, position = world.moment(), world.position()
    if body and codec is not None:
        body = codec.encode(partly(codec.decode(body), 0, moment.transmitted, codec.spec.elements))

    def work(view: View) -> bool:
        return books.give_up(view, row.id, body, position, moment.now_us)

    return Work(work, [(Transaction, row.id)])


def owner_of(process: str, era: int) -> str:
    """How rows name the run of *process* that began with *era*."""
    return f"{process}-{era}"


def earlier(reading: InFlight, owner: str, links: Collection[str] | None = None) -> Iterator[Transaction]:
    """What runs before that of *owner* left.  With *links*, of whatever process: whoever had them has them no more.

    Without, of the same process: others may share the store.
    """
    process = owner.rpartition("-")[0]
    for row in left_over(reading, links=links):
        if row.owner != owner and (links is not None or row.owner.rpartition("-")[0] == process):
            yield row


def at_start(world: World, reading: InFlight, writer: Does) -> int:
    """Give up all that earlier runs of this process left; how many they were.  Raises StoreError."""
    return sum(writer.do(giving_up(world, row)) for row in earlier(reading, world.hop.owner))


class Sweep:
    """Looks for transactions of this run that no course works on, and gives them up."""

    def __init__(
        self, clock: IReactorTime, exchange: Exchange, writer: Submits, reading: InFlight, in_thread: InThread,
        writer_of: WriterOf | None = None,
    ) -> None:  # fmt: skip
        """*in_thread* calls what it is given off the reactor's thread; *writer_of* as the exchange's."""
        self._clock, self._exchange = clock, exchange
        self._writer = writer_of or (lambda link: writer)
        self._reading, self._in_thread = reading, in_thread
        self.found = 0

    def start(self) -> None:
        """Sweep again and again."""
        self._clock.callLater(SWEEP_SECONDS, self._look)

    def _look(self) -> None:
        owner = self._exchange.world.hop.owner
        asked = self._in_thread(lambda: list(left_over(self._reading, owner)))
        asked.addCallbacks(self._seen, lambda failure: failure.trap(StoreError))
        asked.addBoth(lambda _: self.start())

    def _seen(self, rows: Iterable[Transaction]) -> None:
        live, now_us = self._exchange.live(), self._exchange.world.moment().now_us
        for row in rows:
            waits_us = PATIENCE * self._exchange.links[row.issuer_link].config.timers.t2_seconds * 1_000_000
            if row.id in live or now_us - row.arrived_us < waits_us:
                continue
            try:
                told = partial(self._done, row.issuer_link)
                self._writer(row.link).submit(giving_up(self._exchange.world, row), told)
            except Replaced:
                continue  # whoever has the link now sees to it
            except StoreError:
                return

    def _done(self, link: str, result: Result[bool]) -> None:
        if not isinstance(result, Done) or not result.value:
            return
        self.found += 1
        if self._exchange.forwarder is not None:
            self._exchange.forwarder.wake(link)
