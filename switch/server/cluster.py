"""Which shares of the links are this process's, when several share one store: taken, kept, handed over and lost."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from switch.cluster.config import ClusterConfig
from switch.cluster.watch import Standing
from switch.operator.views import ShareView
from switch.server.logfile import Tell
from switch.server.takeover import Takeover
from switch.store.database import StoreError
from switch.store.group import Done, Result
from switch.store.leases import Submits, release, renew, take
from switch.store.rows import Lease
from switch.store.view import Work

T = TypeVar("T")
BARRED_LEASES = 5
"""What was handed over by hand and nobody has we do not take back for so many times a lease."""
log = Logger()


@dataclass
class _Seat:
    """One share: how it *stands*, and what is being done about it.  *entered*: are its links open?"""

    stands: Standing
    links: tuple[str, ...]
    taking: bool = False
    renewing: bool = False
    entering: bool = False
    entered: bool = False
    leaving: bool = False
    taken: int = 0
    lost: int = 0


class Cluster:
    """Used on the reactor's thread only."""

    def __init__(
        self, config: ClusterConfig, takeover: Takeover, writer: Submits, tell: Tell, now: Callable[[], float],
        now_us: Callable[[], int],
    ) -> None:  # fmt: skip
        """*writer* is the store's own; *now* gives seconds by a clock that is never set, *now_us* the time."""
        self._config, self._takeover, self._writer, self._tell = config, takeover, writer, tell
        self._now, self._now_us = now, now_us
        self._exchange, self._held = takeover.parts.exchange, takeover.shares.held
        self._owner = self._exchange.world.hop.owner
        began = now()
        self._seats = {
            share: _Seat(Standing(share, share == config.member, began), links)
            for share, links in config.shares.items()
        }
        self._looking = False
        self._beating: IDelayedCall | None = None
        self.unsaid = 0
        """How often the leases could not be read or written."""

    def start(self) -> None:
        """Look for what is ours to take.  Until then no link is ours."""
        for seat in self._seats.values():
            self._takeover.parts.forwarding.leave(seat.links)
        self._beat()

    def standing(self) -> tuple[ShareView, ...]:
        """How each share stands, for operators."""
        return tuple(map(self._view, self._seats.values()))

    def _view(self, seat: _Seat) -> ShareView:
        stands, row = seat.stands, seat.stands.row
        return ShareView(
            stands.share, seat.links, row.owner if row else "", row.term if row else 0, stands.held is not None,
            seat.entered, self._now() - stands.since, seat.taken, seat.lost,
        )  # fmt: skip

    # -- beats

    def _beat(self) -> None:
        self._beating = self._takeover.clock.callLater(self._config.beat_seconds, self._beat)
        for seat in self._seats.values():
            if seat.stands.held is None:
                continue
            if self._now() >= seat.stands.sure_until:
                self._lose(seat, "its lease could not be renewed in time")
            else:
                self._renew(seat)
                self._begin(self._enter(seat))
        if not self._looking:
            self._looking = True
            self._takeover.apart(lambda: self._takeover.reading.every(Lease)).addCallbacks(self._looked, self._unlooked)

    def _unlooked(self, failure: Failure) -> None:
        self._looking = False
        failure.trap(StoreError)
        self.unsaid += 1

    def _looked(self, rows: Iterable[Lease]) -> None:
        self._looking = False
        found = {row.id: row for row in rows}
        for seat in self._seats.values():
            seat.stands = seat.stands.seen(found.get(seat.stands.id), self._now())
            ends = self._beating is None or self._exchange.leaving
            if not ends and not seat.taking and seat.stands.wanted(self._now(), self._config.patience_seconds):
                self._take(seat)

    def _word(self) -> tuple[int, float]:
        """What a word that is said now tells others, and until when it is certainly heard."""
        until_us = self._now_us() + round(self._config.lease_seconds * 1_000_000)
        return until_us, self._now() + self._config.patience_seconds

    def _take(self, seat: _Seat) -> None:
        stands = seat.stands
        until_us, sure_until = self._word()

        def told(result: Result[Lease | None]) -> None:
            seat.taking = False
            lease = result.value if isinstance(result, Done) else None
            self.unsaid += not isinstance(result, Done)
            if lease is None:
                return
            self._held[stands.share] = lease
            seat.stands = seat.stands.taken(lease, sure_until).seen(lease, self._now())
            seat.taken += 1
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
        until_us, sure_until = self._word()

        def told(result: Result[bool]) -> None:
            seat.renewing = False
            if not isinstance(result, Done):
                self.unsaid += 1
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
            self.unsaid += 1
            return False
        return True

    def _begin(self, course: Coroutine[Deferred[object], object, None]) -> None:
        begun = Deferred.fromCoroutine(course)
        begun.addErrback(lambda failure: log.failure("a share's links are not as they should be", failure))

    # -- ours, and not ours any more

    async def _enter(self, seat: _Seat) -> None:
        """Open its links when what was left is seen to; what fails is tried again at the next beat."""
        lease, names = seat.stands.held, seat.links

        def is_ours() -> bool:
            return seat.stands.held is lease and not (seat.leaving or self._exchange.leaving)

        if lease is None or seat.entered or seat.entering or not is_ours() or not self._takeover.closed(names):
            return
        seat.entering = True
        try:
            count = await self._takeover.take(names, is_ours)
            seat.entered = is_ours()
            if count:
                self._tell("recovery", count=count, share=seat.stands.share)
            if seat.entered:
                self._tell("share-open", share=seat.stands.share)
        except (StoreError, CannotListenError) as fault:
            self._tell("alarm", text=f"share {seat.stands.share}: its links are not open yet: {type(fault).__name__}")
        finally:
            seat.entering = False

    def _lose(self, seat: _Seat, why: str) -> None:
        """Another has it, or may have it soon."""
        self._held.pop(seat.stands.share, None)
        seat.stands = seat.stands.given_up(self._now())
        seat.lost += 1
        self._tell("share-lost", share=seat.stands.share, text=why)
        seat.entered = False
        self._takeover.leave(seat.links)

    # -- by hand, and at the end

    def hand_over(self, share: str) -> bool:
        """Begin to let another process have *share*; False when it is not ours.  Raises KeyError for an unknown one."""
        seat = self._seats[share]
        if seat.stands.held is None or seat.leaving:
            return False
        seat.leaving = True
        self._begin(self._hand_over(seat))
        return True

    async def _hand_over(self, seat: _Seat) -> None:
        try:
            await self._takeover.close(seat.links)
            seat.entered = False
            await self._release(seat, BARRED_LEASES * self._config.lease_seconds)
        finally:
            seat.leaving = False

    async def _release(self, seat: _Seat, barred_seconds: float) -> None:
        """What was submitted before is still done; what comes after is not."""
        lease = self._held.pop(seat.stands.share, None)
        if lease is None:
            return
        seat.stands = seat.stands.given_up(self._now(), barred_seconds)
        ended: Deferred[Result[None]] = Deferred()
        if self._submit(Work(partial(release, lease=lease), [(Lease, lease.id)]), ended.callback):
            await ended
        self._tell("share-released", share=seat.stands.share)

    async def end(self) -> None:
        """Let others have all that is ours; its links are closed already."""
        if self._beating is not None:
            self._beating.cancel()
            self._beating = None
        for seat in self._seats.values():
            await self._release(seat, float("inf"))
