"""The links that this process works on, when several share one store: taken, kept, handed over and lost."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar, cast

from twisted.internet.defer import Deferred
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger

from switch.cluster.config import ClusterConfig
from switch.cluster.watch import Standing
from switch.keys.kept import KINDS
from switch.link.events import Order
from switch.link.profile import Automatic
from switch.link.terms import Line, Ours
from switch.operator.views import ShareView
from switch.server.aside import Apart
from switch.server.exchange import Exchange
from switch.server.forwarding import Forwarding
from switch.server.keydesk import KeyDesk
from switch.server.links import Links
from switch.server.logfile import Tell
from switch.server.recovery import earlier, giving_up
from switch.store.database import StoreError
from switch.store.group import Done, Result
from switch.store.leases import Fenced, Submits, release, renew, take
from switch.store.reading import Reading
from switch.store.rows import Lease, Row, Transaction
from switch.store.view import View, Work

T = TypeVar("T")
DRAIN_SECONDS, CLOSE_SECONDS, LOOK_SECONDS = 5.0, 5.0, 0.05
"""How long, at a hand-over, what is under way and the links may take to come to their end."""
BARRED_LEASES = 5
"""What was handed over by hand we do not take back for so many times a lease."""
KEY_ROWS_MAX = 1_000_000
log = Logger()


class Shares:
    """The leases that are ours now, and for each link the writer that goes by them."""

    def __init__(self, config: ClusterConfig, writer: Submits) -> None:
        self._writer = writer
        self._share = {link: share for share, links in config.shares.items() for link in links}
        self.held: dict[str, Lease] = {}
        """By share."""

    def writer(self, link: str) -> Submits:
        """The writer for what is done for *link*, under the lease of now: one that is taken again later is another."""
        return Fenced(self._writer, self.held.get(self._share.get(link, "")))

    def has(self, link: str) -> bool:
        """Is *link* ours?"""
        return self._share.get(link) in self.held


@dataclass
class Parts:
    """What works on links."""

    exchange: Exchange
    links: Links
    forwarding: Forwarding
    desk: KeyDesk | None


@dataclass
class _Seat:
    """One share: how it *stands*, and what is being done about it."""

    stands: Standing
    links: tuple[str, ...]
    renewing: bool = False
    taking: bool = False
    entered: bool = False
    """Are its links open?"""
    entering: bool = False
    leaving: bool = False
    counts: dict[str, int] = field(default_factory=lambda: {"taken": 0, "lost": 0})


class Cluster:
    """Used on the reactor's thread only."""

    def __init__(
        self, clock: IReactorTime, config: ClusterConfig, shares: Shares, writer: Submits, reading: Reading,
        apart: Apart, parts: Parts, tell: Tell, now_us: Callable[[], int],
    ) -> None:  # fmt: skip
        """*apart* calls on another thread; *writer* is the store's own."""
        self._clock, self._config, self._shares, self._writer = clock, config, shares, writer
        self._reading, self._apart, self._parts, self._tell, self._now_us = reading, apart, parts, tell, now_us
        self._owner = parts.exchange.world.hop.owner
        now = clock.seconds()
        self._seats = {
            share: _Seat(Standing(share, share == config.member, now), links) for share, links in config.shares.items()
        }
        self._looking = False
        self._beating: IDelayedCall | None = None
        self.unseen = 0
        """How often the leases could not be read or written."""

    def start(self) -> None:
        """Look for what is ours to take.  Until then no link is ours."""
        for seat in self._seats.values():
            self._parts.forwarding.leave(seat.links)
        self._beat()

    def standing(self) -> tuple[ShareView, ...]:
        """How each share stands, for operators."""
        return tuple(self._view(seat) for seat in self._seats.values())

    def _view(self, seat: _Seat) -> ShareView:
        stands, row = seat.stands, seat.stands.row
        return ShareView(
            stands.share, seat.links, row.owner if row else "", row.term if row else 0, stands.held is not None,
            seat.entered, self._clock.seconds() - stands.since, seat.counts["taken"], seat.counts["lost"],
        )  # fmt: skip

    # -- beats

    def _beat(self) -> None:
        self._beating = self._clock.callLater(self._config.beat_seconds, self._beat)
        now = self._clock.seconds()
        for seat in self._seats.values():
            if seat.stands.held is None:
                continue
            if now >= seat.stands.sure_until:
                self._lose(seat, "its lease could not be renewed in time")
            else:
                self._renew(seat)
                self._begin(self._enter(seat))
        if not self._looking:
            self._looking = True
            asked = self._apart(lambda: self._reading.every(Lease))
            asked.addCallbacks(self._looked, self._unlooked)

    def _unlooked(self, failure: object) -> None:
        self._looking = False
        self.unseen += 1

    def _looked(self, rows: Iterable[Lease]) -> None:
        self._looking = False
        now = self._clock.seconds()
        found = {row.id: row for row in rows}
        for seat in self._seats.values():
            seat.stands = seat.stands.seen(found.get(seat.stands.id), now)
            if self._beating is not None and seat.stands.wanted(now, self._config.patience_seconds):
                self._take(seat)

    def _until_us(self) -> int:
        return self._now_us() + round(self._config.lease_seconds * 1e6)

    def _take(self, seat: _Seat) -> None:
        if seat.taking:
            return
        stands, until_us = seat.stands, self._until_us()
        sure_until = self._clock.seconds() + self._config.patience_seconds

        def told(result: Result[Lease | None]) -> None:
            seat.taking = False
            lease = result.value if isinstance(result, Done) else None
            if lease is None:
                self.unseen += not isinstance(result, Done)
                return
            self._shares.held[stands.share] = lease
            seat.stands = seat.stands.taken(lease, sure_until).seen(lease, self._clock.seconds())
            seat.counts["taken"] += 1
            self._tell(
                "share-taken", share=stands.share, term=lease.term, before=stands.row.owner if stands.row else ""
            )
            self._begin(self._enter(seat))

        work = Work(lambda view: take(view, stands.id, self._owner, stands.row, until_us), [(Lease, stands.id)])
        seat.taking = self._submit(work, told)

    def _renew(self, seat: _Seat) -> None:
        lease = seat.stands.held
        if lease is None or seat.renewing:
            return
        until_us, sure_until = self._until_us(), self._clock.seconds() + self._config.patience_seconds

        def told(result: Result[bool]) -> None:
            seat.renewing = False
            if not isinstance(result, Done):
                self.unseen += 1
            elif result.value:
                seat.stands = seat.stands.renewed(lease, sure_until)
            elif seat.stands.held == lease:
                self._lose(seat, "another process has taken it")

        work = Work(lambda view: renew(view, lease, until_us), [(Lease, lease.id)])
        seat.renewing = self._submit(work, told)

    def _submit(self, work: Work[T], told: Callable[[Result[T]], None]) -> bool:
        try:
            self._writer.submit(work, told)
        except StoreError:
            self.unseen += 1
            return False
        return True

    def _begin(self, course: Coroutine[Deferred[object], object, None]) -> None:
        broke = Deferred.fromCoroutine(course).addErrback
        broke(lambda failure: log.failure("a share's links are not as they should be", failure))

    # -- ours, and not ours any more

    async def _enter(self, seat: _Seat) -> None:
        """Take up what whoever had the share left, then open its links; what fails is tried again at the next beat."""
        lease = seat.stands.held
        if lease is None or seat.entered or seat.entering or seat.leaving:
            return
        seat.entering = True
        try:
            if self._closed(seat):
                rows, keys = await self._apart(lambda: self._left(seat.links))
                await self._give_up(seat, rows)
                if seat.stands.held is lease and not seat.leaving:
                    self._open(seat, keys)
        except (StoreError, CannotListenError) as fault:
            self._tell("alarm", text=f"share {seat.stands.share}: its links are not open yet: {type(fault).__name__}")
        finally:
            seat.entering = False

    def _left(self, links: tuple[str, ...]) -> tuple[list[Transaction], list[Row]]:
        """What was left half done, and the keys."""
        reading = self._reading
        keys = [] if self._parts.desk is None else [row for kind in KINDS for row in reading.every(kind, KEY_ROWS_MAX)]
        return list(earlier(reading, self._owner, links)), keys

    async def _give_up(self, seat: _Seat, rows: list[Transaction]) -> None:
        """Raises StoreError."""
        world, count = self._parts.exchange.world, 0
        for row in rows:
            ended: Deferred[Result[bool]] = Deferred()
            self._shares.writer(row.link).submit(giving_up(world, row), ended.callback)
            result = await ended
            if not isinstance(result, Done):
                raise result.error
            count += result.value
        if count:
            self._tell("recovery", count=count, share=seat.stands.share)

    def _open(self, seat: _Seat, keys: list[Row]) -> None:
        """Raises CannotListenError, and then nothing is open."""
        parts = self._parts
        if parts.desk is not None:
            parts.desk.take(keys, seat.links)
        parts.forwarding.take(seat.links)
        try:
            parts.links.open(seat.links)
        except CannotListenError:
            self._leave(seat)
            raise
        seat.entered = True
        self._tell("share-open", share=seat.stands.share)
        for link in {link for links in self._config.shares.values() for link in links if self._shares.has(link)}:
            parts.forwarding.wake(link)

    def _leave(self, seat: _Seat) -> None:
        """Nothing here works on its links any more."""
        seat.entered = False
        self._parts.links.shut(seat.links, at_once=True)
        self._parts.forwarding.leave(seat.links)
        if self._parts.desk is not None:
            self._parts.desk.leave(seat.links)

    def _lose(self, seat: _Seat, why: str) -> None:
        """Another has it, or may have it soon."""
        self._shares.held.pop(seat.stands.share, None)
        seat.stands = seat.stands.given_up(self._clock.seconds())
        seat.counts["lost"] += 1
        self._tell("share-lost", share=seat.stands.share, text=why)
        self._leave(seat)

    # -- by hand, and at the end

    def hand_over(self, share: str) -> bool:
        """Begin to let another process have *share*; False when it is not ours.  Raises KeyError for an unknown one."""
        seat = self._seats[share]
        if seat.stands.held is None or seat.leaving:
            return False
        self._begin(self._hand_over(seat))
        return True

    async def _hand_over(self, seat: _Seat) -> None:
        seat.leaving = True
        try:
            await self._close(seat)
            barred_seconds = BARRED_LEASES * self._config.lease_seconds
            await self._release(seat, barred_seconds)
        finally:
            seat.leaving = False

    async def _close(self, seat: _Seat) -> None:
        """Sign off, let what is under way come to its end, close."""
        for link in map(self._parts.links.__getitem__, seat.links):
            if link.state.ours is Ours.ON and link.config.profile.automatic(Automatic.SIGN_OFF):
                link.order(Order.SIGN_OFF)
        await self._until(lambda: not self._parts.exchange.works_for(seat.links), DRAIN_SECONDS)
        self._parts.links.shut(seat.links, at_once=False)
        await self._until(lambda: self._closed(seat), CLOSE_SECONDS)
        self._leave(seat)

    def _closed(self, seat: _Seat) -> bool:
        return all(self._parts.links[name].state.line is Line.CLOSED for name in seat.links)

    async def _release(self, seat: _Seat, barred_seconds: float) -> None:
        """What was submitted before is still done; what comes after is not."""
        lease = self._shares.held.pop(seat.stands.share, None)
        if lease is None:
            return
        seat.stands = seat.stands.given_up(self._clock.seconds(), barred_seconds)
        ended: Deferred[Result[None]] = Deferred()
        if self._submit(Work(partial(_released, lease), [(Lease, lease.id)]), ended.callback):
            await ended
        self._tell("share-released", share=seat.stands.share)

    async def end(self) -> None:
        """Let others have all that is ours; its links are closed already."""
        if self._beating is not None:
            self._beating.cancel()
            self._beating = None
        for seat in self._seats.values():
            await self._release(seat, float("inf"))

    async def _until(self, true: Callable[[], bool], seconds_max: float) -> None:
        ends = self._clock.seconds() + seconds_max
        while not true() and self._clock.seconds() < ends:
            await cast("Deferred[None]", deferLater(self._clock, LOOK_SECONDS, lambda: None))


def _released(lease: Lease, view: View) -> None:
    release(view, lease)
