"""A pool of connections to one or several appliances, ours or devices, all alike.

    pool = HsmPool(reactor, [Site("a", tcp_endpoint(reactor, "10.0.0.1", 1500)), Site("b", ...)], Wire())
    pool.start()
    translated = await pool.ask(request, PinTranslated)

A request goes to the least busy connection among the appliances of the lowest priority that serve.  When none has room it
waits; when too much waits it fails at once with ``QueueFull``, which is the caller's sign to slow down.  A request that was
sent and whose reply did not come is sent again, to another appliance if there is one, when its command is repeatable; any
other fails with ``OutcomeUnknown``, for the HSM may have done it.  No request is sent twice unless it is repeatable.
"""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Callable, Sequence
from typing import TypeVar

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from hsm.client.agreement import Agreement, Probe, probes_of
from hsm.client.answers import answer_of, command_for, repeatable, unwell
from hsm.client.codec import HostWire, Reply, ReplyError
from hsm.client.figures import Counts, PoolFigures, SiteFigures
from hsm.client.station import Asked, Bounds, Site, Station
from hsm.wire.message import Message

A = TypeVar("A", bound=Message)

JITTER_STEPS = 1_000


class NotSent(Exception):
    """The request was never sent: no appliance served or had room in time, or the pool stopped."""


class QueueFull(NotSent):
    """The request was never sent: too much is waiting already."""


class OutcomeUnknown(Exception):
    """The request was sent, and no reply that can be read came: the HSM may have done it."""


class HsmPool:
    """A host's view of its appliances; every method runs on the reactor thread."""

    def __init__(
        self,
        reactor: IReactorTime,
        sites: Sequence[Site],
        wire: HostWire,
        bounds: Bounds | None = None,
        *,
        probes: Sequence[Probe] | None = None,
        jitter: Callable[[], float] | None = None,
    ) -> None:
        """*jitter* gives 0 to 1; see Bounds.  *probes* are in place of those of the dialect.

        Raises ValueError for two sites of one name, or a header too short to number *outstanding_max* requests.
        """
        if len({site.name for site in sites}) != len(sites):
            raise ValueError("each appliance of a pool has a name of its own")
        self.wire = wire
        self._reactor = reactor
        self._sites = tuple(sites)
        self._bounds = bounds = bounds or Bounds()
        self._counts = Counts()
        self._waiting: deque[Asked] = deque()
        self._waiting_bytes = 0
        self._stopped = False
        self._resting: list[tuple[tuple[Station, ...], Deferred[None]]] = []
        agreement = Agreement()
        asked = probes_of(wire.dialect) if probes is None else tuple(probes)
        jitter = jitter or (lambda: secrets.randbelow(JITTER_STEPS) / JITTER_STEPS)
        self._stations = [
            Station(reactor, site, wire, bounds, jitter, agreement, asked, self)
            for _ in range(bounds.connections)
            for site in sorted(sites, key=lambda site: site.priority)
        ]

    # --- what the caller does -------------------------------------------------------------------------------------
    def start(self) -> None:
        """Connect to all appliances, and keep connected."""
        for station in self._stations:
            station.restore()

    def stop(self) -> Deferred[None]:
        """Give up everything under way and disconnect; fires when that is done."""
        self._stopped = True
        waiting, self._waiting, self._waiting_bytes = self._waiting, deque(), 0
        for asked in waiting:
            self._lose(asked)
        return self._rest(self._stations, lambda station: station.line.stop())

    def drain(self, name: str) -> Deferred[None]:
        """Send the appliance *name* nothing more, and disconnect when all it was sent is done; fires then.

        Raises LookupError.
        """
        return self._rest(self._named(name), Station.drain)

    def restore(self, name: str) -> None:
        """Use the appliance *name* again.  Raises LookupError."""
        for station in self._named(name):
            station.restore()

    def ask(
        self,
        request: Message,
        answers: type[A],
        *,
        code: str | None = None,
        lmk: str | None = None,
        repeat: bool | None = None,
        timeout_seconds: float | None = None,
    ) -> Deferred[A]:
        """The answer to *request*, which is of the class *answers*; given with an advice, it is an answer.

        *code* is needed where several commands have such a request and such an answer.  For *repeat* see ``call``.
        Fails with Refused, NotSent, OutcomeUnknown; LookupError and ValueError are raised at once.
        """
        command = command_for(self.wire.dialect, type(request), answers, code)
        replied = self.call(command.code, request, lmk=lmk, repeat=repeat, timeout_seconds=timeout_seconds)
        return replied.addCallback(lambda reply: answer_of(command, self.wire.dialect, reply, answers))

    def call(
        self,
        code: str,
        request: Message,
        *,
        lmk: str | None = None,
        repeat: bool | None = None,
        timeout_seconds: float | None = None,
    ) -> Deferred[Reply]:
        """The reply to *request* for command *code*, whatever code it bears.

        *repeat* overrules whether the command may be sent again (``answers.REPEATABLE``).  Fails with NotSent,
        OutcomeUnknown; LookupError and ValueError for what can't be written are raised at once.
        """
        content = self.wire.ask(code, request, None, lmk)
        may_repeat = repeatable(self.wire.dialect, code) if repeat is None else repeat
        began = self._reactor.seconds()
        seconds = self._bounds.timeout_seconds if timeout_seconds is None else timeout_seconds
        asked = Asked(code, content, may_repeat, began, began + seconds, Deferred())
        station = None if self._waiting or self._stopped else self._choose(None)
        if station is not None:
            self._send(asked, station)
        elif self._stopped or self._is_full(content):
            self._counts.not_sent += 1
            return fail(NotSent(f"{code}: the pool is stopped") if self._stopped else QueueFull(code))
        else:
            asked.timer = self._reactor.callLater(seconds, self._late, asked)
            self._queue(asked)
        return asked.answered

    def figures(self) -> PoolFigures:
        """How things stand."""
        counts = self._counts
        return PoolFigures(
            in_flight=sum(station.load for station in self._stations),
            queued=len(self._waiting),
            queued_bytes=self._waiting_bytes,
            answered=counts.answered,
            refused=counts.refused,
            not_sent=counts.not_sent,
            unknown=counts.unknown,
            repeated=counts.repeated,
            late=counts.late,
            garbled=counts.garbled,
            latencies=tuple(counts.latencies),
            sites=tuple(self._site_figures(site) for site in self._sites),
        )

    # --- what stations tell ---------------------------------------------------------------------------------------
    def station_opened(self, station: Station) -> None:
        self._pump()

    def station_closed(self, station: Station, lost: list[Asked]) -> None:
        for asked in reversed(lost):
            asked.station = None
            self._again_or_lose(asked, station.site)
        for stations, done in [*self._resting]:
            if all(each.line.idle for each in stations):
                self._resting.remove((stations, done))
                done.callback(None)
        self._pump()

    def reply_came(self, station: Station, asked: Asked | None, content: bytes) -> None:
        if asked is None:
            self._counts.late += 1
        else:
            asked.station = None
            try:
                reply = self.wire.read_answer(asked.code, content)
            except ReplyError as e:
                self._counts.garbled += 1
                station.strike()
                self._again_or_lose(asked, station.site, str(e))
            else:
                station.heard()
                if reply.answer is None and unwell(self.wire.dialect, reply.code):
                    station.doubt()
                self._answer(asked, reply)
        self._pump()

    # --- inside ---------------------------------------------------------------------------------------------------
    def _choose(self, avoid: Site | None) -> Station | None:
        """The least busy connection of the first appliances that serve; of *avoid* only if there is no other."""
        best: Station | None = None
        rank: tuple[bool, int, int] | None = None
        for station in self._stations:
            if station.serves:
                # An appliance that stands by does not help one that is merely busy.
                this = (station.site is avoid, station.site.priority, station.load)
                if rank is None or this < rank:
                    best, rank = station, this
        return best if best is not None and best.has_room else None

    def _send(self, asked: Asked, station: Station) -> None:
        now = self._reactor.seconds()
        left = max(0.0, asked.ends - now)
        if asked.repeatable:
            left = min(left, self._bounds.attempt_seconds)
        if asked.timer is not None:
            asked.timer.reset(left)
        else:
            asked.timer = self._reactor.callLater(left, self._late, asked)
        if asked.sends:
            self._counts.repeated += 1
        station.send(asked)

    def _pump(self) -> None:
        """Send what waits, as far as there is room."""
        while self._waiting:
            station = self._choose(self._waiting[0].avoid)
            if station is None:
                return
            asked = self._waiting.popleft()
            self._waiting_bytes -= len(asked.content)
            if asked.ends > self._reactor.seconds():
                self._send(asked, station)
            else:
                # Its time ran out in this very turn: sent now, its outcome would be unknown for nothing.
                self._lose(asked)

    def _is_full(self, content: bytes) -> bool:
        bounds = self._bounds
        return len(self._waiting) >= bounds.waiting_max or self._waiting_bytes + len(content) > bounds.waiting_bytes_max

    def _queue(self, asked: Asked, *, first: bool = False) -> None:
        (self._waiting.appendleft if first else self._waiting.append)(asked)
        self._waiting_bytes += len(asked.content)

    def _late(self, asked: Asked) -> None:
        """The time of an attempt, or all of it, ran out."""
        asked.timer = None
        station = asked.station
        if station is None:
            self._waiting.remove(asked)
            self._waiting_bytes -= len(asked.content)
            self._lose(asked)
            return
        station.give_up(asked)
        self._again_or_lose(asked, station.site)
        self._pump()

    def _again_or_lose(self, asked: Asked, site: Site, wrong: str = "") -> None:
        """There will be no good reply from *site*: put a repeatable request first in the queue, or fail it."""
        left = asked.ends - self._reactor.seconds()
        if not asked.repeatable or asked.sends >= self._bounds.attempts_max or left <= 0 or self._stopped:
            self._lose(asked, wrong)
            return
        asked.avoid = site
        if asked.timer is not None:
            asked.timer.reset(left)
        else:
            asked.timer = self._reactor.callLater(left, self._late, asked)
        # It was let in once; what is sent again is bounded by what can be under way.
        self._queue(asked, first=True)

    def _answer(self, asked: Asked, reply: Reply) -> None:
        self._forget_timer(asked)
        self._counts.answered += 1
        self._counts.refused += reply.answer is None
        self._counts.took(self._reactor.seconds() - asked.began)
        asked.answered.callback(reply)

    def _lose(self, asked: Asked, wrong: str = "") -> None:
        self._forget_timer(asked)
        why: Exception
        if asked.sends:
            self._counts.unknown += 1
            why = OutcomeUnknown(f"{asked.code}: {wrong or 'no reply'}")
        else:
            self._counts.not_sent += 1
            why = NotSent(f"{asked.code}: no appliance took it")
        asked.answered.errback(Failure(why))

    def _forget_timer(self, asked: Asked) -> None:
        if asked.timer is not None:
            asked.timer.cancel()
            asked.timer = None

    def _named(self, name: str) -> list[Station]:
        found = [station for station in self._stations if station.site.name == name]
        if not found:
            raise LookupError(f"no appliance {name[:40]!r} in this pool")
        return found

    def _rest(self, stations: Sequence[Station], end: Callable[[Station], None]) -> Deferred[None]:
        for station in stations:
            end(station)
        if all(station.line.idle for station in stations):
            return succeed(None)
        done: Deferred[None] = Deferred()
        self._resting.append((tuple(stations), done))
        return done

    def _site_figures(self, site: Site) -> SiteFigures:
        stations = self._named(site.name)
        serving = [station for station in stations if station.admitted]
        return SiteFigures(
            name=site.name,
            connections=len(serving),
            in_flight=sum(station.load for station in stations),
            connections_made=sum(station.line.opened_count for station in stations),
            draining=all(station.draining for station in stations),
            complaint=next((each.complaint for each in stations if each.complaint is not None), None),
        )
