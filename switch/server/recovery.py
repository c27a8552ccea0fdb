"""Transactions that nobody works on any more: begun before a crash, or left by a store that was away.

Whatever of them may have reached an issuer is taken back, for who asked has long given up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Protocol as Shape
from typing import TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from switch.flow import books
from switch.flow.answers import partly
from switch.flow.world import World
from switch.server.exchange import Exchange, Submits
from switch.store.database import StoreError
from switch.store.group import Done, Result
from switch.store.rows import Stage, Transaction
from switch.store.view import View, Work

SWEEP_SECONDS = 30.0
PATIENCE = 3
"""A transaction without a course is given up after so many times T2."""
InThread = Callable[[Callable[[], list[Transaction]]], "Deferred[list[Transaction]]"]
T = TypeVar("T")


class Finds(Shape):
    """What is asked of the store; see :class:`switch.store.reading.Reading`."""

    def in_flight(self, after: str = "", owner: str | None = None) -> list[Transaction]: ...


class Does(Shape):
    """What works are given to at a start; see :class:`switch.store.writer.Writer`."""

    def do(self, work: Work[T]) -> T: ...


def left_over(reading: Finds, owner: str | None = None) -> Iterator[Transaction]:
    """Transactions that wait for an issuer, in the order of their arrival.  Raises Unavailable."""
    after = ""
    while rows := reading.in_flight(after, owner):
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


def at_start(world: World, reading: Finds, writer: Does) -> int:
    """Give up all that an earlier run of this process left; how many they were.  Raises StoreError."""
    return sum(writer.do(giving_up(world, row)) for row in left_over(reading))


class Sweep:
    """Looks for transactions of this run that no course works on, and gives them up."""

    def __init__(
        self, clock: IReactorTime, exchange: Exchange, writer: Submits, reading: Finds, in_thread: InThread
    ) -> None:
        """*in_thread* calls what it is given off the reactor's thread."""
        self._clock, self._exchange, self._writer = clock, exchange, writer
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
                self._writer.submit(giving_up(self._exchange.world, row), partial(self._done, row.issuer_link))
            except StoreError:
                return

    def _done(self, link: str, result: Result[bool]) -> None:
        if not isinstance(result, Done) or not result.value:
            return
        self.found += 1
        if self._exchange.forwarder is not None:
            self._exchange.forwarder.wake(link)
