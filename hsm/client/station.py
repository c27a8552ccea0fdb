"""A pool's view of one connection: greeted before it is used, checked when it is quiet, dropped when it is ill."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol as Port

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime, IStreamClientEndpoint

from hsm.client.agreement import Agreement, Probe
from hsm.client.codec import HostWire, Reply, ReplyError
from hsm.client.connection import HostLine


@dataclass(frozen=True)
class Site:
    """An appliance of a pool.  Those of the lowest *priority* that can be reached share the load; others stand by."""

    name: str
    endpoint: IStreamClientEndpoint
    priority: int = 0


@dataclass(frozen=True)
class Bounds:
    """The limits of a pool.

    *connections* and *outstanding_max* (on each) bound what an appliance has to do at once; *waiting_max* requests and
    *waiting_bytes_max* of their contents what waits for it.  A request has *timeout_seconds* in all; one that may be
    repeated waits *attempt_seconds* for one appliance and is sent *attempts_max* times.  A connection is probed after
    *check_seconds* without a reply, and dropped after *strikes_max* requests in a row without a good one.  Pauses between
    connections double from the first to the longest; half to one and a half of it is waited, by jitter.
    """

    connections: int = 2
    outstanding_max: int = 32
    waiting_max: int = 1_024
    waiting_bytes_max: int = 1 << 20
    timeout_seconds: float = 5.0
    attempt_seconds: float = 2.0
    attempts_max: int = 3
    check_seconds: float = 10.0
    strikes_max: int = 3
    pause_seconds_first: float = 0.1
    pause_seconds_max: float = 10.0

    def pause_seconds(self, failures: int, jitter: float) -> float:
        """How long to wait after so many failures in a row; *jitter* is 0 to 1."""
        doubled = self.pause_seconds_first * 2.0 ** min(failures - 1, 30)
        return min(doubled, self.pause_seconds_max) * (0.5 + jitter)


@dataclass(eq=False)
class Asked:
    """A request between ``call`` and its outcome; it changes as it goes through those stations."""

    code: str
    content: bytes
    repeatable: bool
    began: float
    ends: float
    answered: Deferred[Reply]
    timer: IDelayedCall | None = None
    station: Station | None = None
    tag: bytes = b""
    sends: int = 0
    avoid: Site | None = None
    probe: Probe | None = None


class Pool(Port):
    """What a station tells its pool."""

    def station_opened(self, station: Station) -> None:
        """The station can take requests."""

    def station_closed(self, station: Station, lost: list[Asked]) -> None:
        """The connection is gone; *lost* was sent on it."""

    def reply_came(self, station: Station, asked: Asked | None, content: bytes) -> None:
        """The reply to *asked*, or, when None, to a request that was given up."""


class Station:
    """One connection of a pool."""

    def __init__(
        self,
        reactor: IReactorTime,
        site: Site,
        wire: HostWire,
        bounds: Bounds,
        jitter: Callable[[], float],
        agreement: Agreement,
        probes: tuple[Probe, ...],
        pool: Pool,
    ) -> None:
        self.site = site
        self.admitted = False
        self.draining = False
        self.complaint: str | None = None
        self._reactor = reactor
        self._wire = wire
        self._bounds = bounds
        self._agreement = agreement
        self._probes = probes
        self._pool = pool
        self._strikes = 0
        self._heard = 0.0
        self._told: list[tuple[Probe, Reply]] = []
        self._probing: Asked | None = None
        self._check: IDelayedCall | None = None
        self.line: HostLine[Asked] = HostLine(
            reactor, site.endpoint, wire, self, bounds.outstanding_max, lambda n: bounds.pause_seconds(n, jitter())
        )

    @property
    def load(self) -> int:
        """How many requests are under way here."""
        return len(self.line.window)

    @property
    def serves(self) -> bool:
        """Is it admitted, and may requests be sent as soon as there is room?"""
        return self.admitted and not self.draining and self.line.live

    @property
    def has_room(self) -> bool:
        return self.line.window.has_room

    def send(self, asked: Asked) -> None:
        """Only while it serves and has room."""
        asked.station = self
        asked.sends += 1
        asked.tag = self.line.send(asked, asked.content)

    def give_up(self, asked: Asked) -> None:
        """*asked* took too long."""
        asked.station = None
        self.line.window.give_up(asked.tag)
        self.strike(dropping=self.line.window.spent)
        self.rest()

    def strike(self, *, dropping: bool = False) -> None:
        """A request had no good reply."""
        self._strikes += 1
        if dropping or self._strikes >= self._bounds.strikes_max:
            self.line.drop()

    def heard(self) -> None:
        """A good reply came."""
        self._strikes = 0
        self._heard = self._reactor.seconds()

    def doubt(self) -> None:
        """Something is odd: probe the appliance now, in the middle of its work."""
        if self.serves and self._probing is None and self.has_room:
            self._greet()

    def drain(self) -> None:
        """Take nothing more, and disconnect when what is under way is done."""
        self.draining = True
        self.rest()

    def rest(self) -> None:
        """Disconnect if this station drains and nothing is under way."""
        if self.draining and not self.load:
            self.line.stop(abruptly=False)

    def restore(self) -> None:
        """Serve again."""
        self.draining = False
        self.line.start()

    # --- what the line tells --------------------------------------------------------------------------------------
    def opened(self) -> None:
        """Greet the appliance: nothing else is sent before it has answered all probes."""
        self._strikes = 0
        self._greet()

    def came(self, asked: Asked | None, content: bytes) -> None:
        if asked is None or asked.probe is None:
            self._pool.reply_came(self, asked, content)
        else:
            self._probed(asked, content)
        self.rest()

    def closed(self, lost: list[Asked], why: str) -> None:
        if not self.admitted and self.complaint is None:
            self.complaint = why
        self.admitted = False
        self._forget_probe()
        if self._check is not None:
            self._check.cancel()
            self._check = None
        self._pool.station_closed(self, [each for each in lost if each.probe is None])

    # --- probes ---------------------------------------------------------------------------------------------------
    def _greet(self) -> None:
        self._told = []
        if self._probes:
            self._ask_probe(0)
        elif not self.admitted:
            self._admit()

    def _ask_probe(self, number: int) -> None:
        probe = self._probes[number]
        header = b"0" * self._wire.header_chars or None
        content = self._wire.ask(probe.code, probe.request, header, probe.lmk)
        now = self._reactor.seconds()
        ends = now + self._bounds.attempt_seconds
        self._probing = Asked(probe.code, content, False, now, ends, Deferred(), probe=probe)
        self._probing.timer = self._reactor.callLater(self._bounds.attempt_seconds, self._probe_late)
        self.send(self._probing)

    def _probe_late(self) -> None:
        late, self._probing = self._probing, None
        assert late is not None
        late.timer = None
        if not self.admitted:
            self.complaint = f"{late.code} was not answered in {self._bounds.attempt_seconds:g} s"
            self.line.drop()
            return
        self.give_up(late)

    def _probed(self, asked: Asked, content: bytes) -> None:
        self._forget_probe()
        assert asked.probe is not None
        try:
            reply = self._wire.read_answer(asked.code, content)
        except ReplyError as e:
            self._reject(str(e))
            return
        complaint = self._agreement.complaint(asked.probe, reply)
        if complaint is not None:
            self._reject(complaint)
            return
        self.heard()
        self._told.append((asked.probe, reply))
        if len(self._told) < len(self._probes):
            self._ask_probe(len(self._told))
        elif not self.admitted:
            self._admit()

    def _admit(self) -> None:
        for probe, reply in self._told:
            # Another appliance may have been admitted since this one answered.
            complaint = self._agreement.complaint(probe, reply)
            if complaint is not None:
                self._reject(complaint)
                return
        for probe, reply in self._told:
            self._agreement.settle(probe, reply)
        self.complaint = None
        self.admitted = True
        self.line.good()
        self._check_later()
        self._pool.station_opened(self)

    def _reject(self, complaint: str) -> None:
        self.complaint = complaint
        # What is under way here has its outcome when the connection is gone; nothing more is sent on it.
        self.admitted = False
        self.line.drop()

    def _forget_probe(self) -> None:
        if self._probing is not None and self._probing.timer is not None:
            self._probing.timer.cancel()
        self._probing = None

    def _check_later(self) -> None:
        if self._check is None:
            self._check = self._reactor.callLater(self._bounds.check_seconds, self._check_now)

    def _check_now(self) -> None:
        self._check = None
        if not self.admitted:
            return
        if self._reactor.seconds() - self._heard >= self._bounds.check_seconds / 2:
            self.doubt()
        self._check_later()
