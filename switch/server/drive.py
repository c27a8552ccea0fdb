"""One link at work: performs what its machine wants done, and knows what is outstanding."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Protocol as Shape

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from switch.codec.codec import codec
from switch.codec.framing import FrameError
from switch.codec.message import Message, MessageError
from switch.link import events as ev
from switch.link.answers import FUNCTIONS_ANSWERED, REPLIES, garbled
from switch.link.config import LinkConfig
from switch.link.machine import step
from switch.link.matching import Admission, Finding, Outstanding, Verdict
from switch.link.state import State
from switch.link.terms import Purpose, Timer

STANS = 999_999
ORDERS_REFUSED = "orders refused"
"""What a link's counter of orders that were not carried out is called."""


class Stream(Shape):
    """The connection of a link."""

    def write(self, frame: bytes) -> None: ...
    def hang_up(self) -> None: ...
    @property
    def full(self) -> bool: ...


class Ways(Shape):
    """How a link comes to a connection."""

    def seek(self, link: DrivenLink) -> None: ...
    def cease(self, link: DrivenLink) -> None: ...


class Above(Shape):
    """What links tell the layer above them; all calls come on the reactor's thread."""

    def asked(self, link: DrivenLink, message: Message, purpose: Purpose | None) -> None:
        """A request, advice or notification came; who wants to answer calls ``link.answer``."""

    def replied(self, link: DrivenLink, message: Message, finding: Finding[object]) -> None:
        """A reply came: to what, and whether in time; *finding* has a masked trace when it is to nothing known."""

    def expired(self, link: DrivenLink, about: object) -> None:
        """T2 has run out for what was asked with *about*."""

    def cut(self, link: DrivenLink, about: object, written: bool) -> None:
        """The connection ended over what was asked with *about*; not *written*: the peer has certainly not seen it."""

    def changed(self, link: DrivenLink, before: State) -> None:
        """The link stands elsewhere than *before*."""

    def noted(self, link: DrivenLink, effect: ev.AskOperator | ev.Refused | ev.PeerRefused) -> None:
        """Something that an operator should see."""


class Sending(Enum):
    """What became of a message that the layer above gave to a link."""

    WRITTEN = "given to the connection"
    QUEUED = "waits until the peer reads"
    NOT_OPEN = "not sent: the link is not open for it"
    FULL = "not sent: as much waits as may"
    KEY_OUTSTANDING = "not sent: a request with the same key is unanswered"
    NOT_OWED = "not sent: no such request is unanswered, or its T1 has run out"
    UNSAYABLE = "not sent: the dialect can't say it"

    @property
    def accepted(self) -> bool:
        """Will it go out, if the connection lasts?"""
        return self in (Sending.WRITTEN, Sending.QUEUED)


@dataclass(slots=True)
class _Asked:
    """What the layer above asked; *written* turns true when it leaves our queue."""

    about: object
    written: bool = False


class _Now:
    """The moment of one step; most steps need nothing of it."""

    __slots__ = ("_link", "_stan")

    def __init__(self, link: DrivenLink) -> None:
        self._link = link
        self._stan = ""

    @property
    def stan(self) -> str:
        self._stan = self._stan or self._link.next_stan()
        return self._stan

    @property
    def transmitted(self) -> str:
        return self._link.transmitted()

    @property
    def jitter(self) -> float:
        return self._link.jitter()


class DrivenLink:
    """A link, its outstanding requests, its queue and its counters; used on the reactor's thread only."""

    def __init__(
        self, config: LinkConfig, above: Above, ways: Ways, clock: IReactorTime,
        jitter: Callable[[], float], transmitted: Callable[[], str],
    ) -> None:  # fmt: skip
        """*jitter* gives 0 to less than 1, *transmitted* the time as DE 7."""
        self.config = config
        self.codec = codec(config.spec)
        self.framing = self.codec.spec.framing
        self.state = State()
        self.counts: Counter[str] = Counter()
        self.stream: Stream | None = None
        self._above, self._ways, self._clock = above, ways, clock
        self.jitter, self.transmitted = jitter, transmitted
        self._stan = 0
        self._heard = clock.seconds()
        self._timers: dict[Timer, IDelayedCall] = {}
        self._expiry: IDelayedCall | None = None
        self._events: deque[ev.Event] = deque()
        self._stepping = False
        self._queue: deque[tuple[bytes, _Asked | None]] = deque()
        self._asked: Outstanding[_Asked] = Outstanding(
            config.key_rule, config.timers.t2_seconds, outstanding_max=config.outstanding_max
        )
        self._owed: Outstanding[None] = Outstanding(
            config.key_rule, config.timers.t1_seconds, outstanding_max=config.owed_max, remembered_max=config.owed_max
        )

    # -- what the layer above wants

    def order(self, order: ev.Order) -> None:
        """Carry *order* out, or note that it is refused."""
        self.happen(ev.Ordered(order))

    def next_stan(self) -> str:
        """A STAN for a request of ours, as long as this dialect's DE 11."""
        self._stan = self._stan % STANS + 1
        return f"{self._stan:0{self.config.profile.stan_digits}d}"

    def ask(self, message: Message, about: object) -> Sending:
        """Send a request or advice; its reply, time-out or loss is told with *about*.

        Network management goes out as soon as the line stands, everything else when sign-on allows it.
        """
        network = message.mti[1] == self.config.profile.network_mti[1]
        if not (self.state.listens if network else self.state.may_send(self.config.profile)):
            return Sending.NOT_OPEN
        asked = _Asked(about)
        admission = self._asked.ask(message, asked, self._clock.seconds())
        if admission is not Admission.TAKEN:
            return Sending.FULL if admission is Admission.FULL else Sending.KEY_OUTSTANDING
        sending = self._send(message, asked)
        if not sending.accepted:
            self._asked.withdraw(message)
        elif self._expiry is None:
            self._expiry = self._clock.callLater(self.config.timers.t2_seconds, self._expire)
        return sending

    def answer(self, message: Message) -> Sending:
        """Send the reply to a request of the peer, once."""
        if not self.state.listens:
            return Sending.NOT_OPEN
        now = self._clock.seconds()
        self._owed.expire(now)
        if self._owed.answer(message, now).verdict is not Verdict.ANSWERS:
            self.counts["answers not owed"] += 1
            return Sending.NOT_OWED
        return self._send(message, None)

    @property
    def outstanding(self) -> int:
        """Requests of ours without an answer."""
        return len(self._asked)

    @property
    def owed(self) -> int:
        """Requests of the peer without an answer."""
        return len(self._owed)

    # -- what the connection tells

    def connected(self, stream: Stream) -> None:
        """The connection stands."""
        self.stream = stream
        self._heard = self._clock.seconds()
        self.counts["connections"] += 1
        self.happen(ev.Connected())

    def disconnected(self) -> None:
        """The connection ended, or a call came to nothing."""
        self.stream = None
        self._queue.clear()
        self._owed.clear(self._clock.seconds())
        lost = self._asked.clear(self._clock.seconds())
        if self._expiry is not None:
            self._expiry.cancel()
            self._expiry = None
        self.happen(ev.Disconnected())
        for asked in lost:
            self._above.cut(self, asked.about, asked.written)

    def frame(self, content: bytes) -> None:
        """One whole frame came; empty ones keep the connection alive."""
        self._heard = self._clock.seconds()
        self.counts["bytes received"] += len(content) + self.framing.prefix_bytes
        if not content:
            return
        self.counts["messages received"] += 1
        try:
            message = self.codec.decode(content)
        except MessageError as fault:
            self.happen(garbled(content, self.codec, fault))
            return
        self.happen(ev.Received(message))

    def writable(self) -> None:
        """The peer reads again: send what waits."""
        while self._queue and self.stream is not None and not self.stream.full:
            frame, asked = self._queue.popleft()
            self._write(frame, asked)

    # -- steps

    def happen(self, event: ev.Event) -> None:
        """Take *event*; one that comes out of another's effects is taken after it."""
        self._events.append(event)
        if self._stepping:
            return
        self._stepping = True
        try:
            while self._events:
                self._step(self._events.popleft())
        finally:
            self._stepping = False

    def _step(self, event: ev.Event) -> None:
        before = self.state
        self.state, effects = step(before, event, self.config.profile, _Now(self))
        for effect in effects:
            self._perform(effect)
        if (before.line, before.ours, before.theirs) != (self.state.line, self.state.ours, self.state.theirs):
            self._above.changed(self, before)

    def _perform(self, effect: ev.Effect) -> None:
        match effect:
            case ev.Deliver(message, purpose):
                self._deliver(message, purpose)
            case ev.Send(message):
                if not self._send(message, None).accepted:
                    self.counts[ev.Counted.DROPPED.value] += 1
            case ev.StartTimer(timer, seconds):
                self._stop(timer)
                self._timers[timer] = self._clock.callLater(seconds, self._elapsed, timer)
            case ev.StopTimer(timer):
                self._stop(timer)
            case ev.Count(what, because):
                self.counts[what.value] += 1
                if because is not None:
                    self.counts[f"{what.value}: {because.value}"] += 1
            case ev.Seek():
                self._ways.seek(self)
            case ev.Cease():
                self._ways.cease(self)
            case ev.HangUp() if self.stream is not None:
                self.stream.hang_up()
            case ev.AskOperator() | ev.Refused() | ev.PeerRefused():
                if isinstance(effect, ev.Refused):
                    self.counts[ORDERS_REFUSED] += 1
                self._above.noted(self, effect)

    def _deliver(self, message: Message, purpose: Purpose | None) -> None:
        now = self._clock.seconds()
        if message.mti[2] in REPLIES:
            self._expire_now(now)
            found = self._asked.answer(message, now)
            self.counts[f"replies {found.verdict.name.lower()}"] += 1
            about = None if found.about is None else found.about.about
            self._above.replied(self, message, Finding(found.verdict, about, found.seconds, found.trace))
            return
        if message.mti[2] in FUNCTIONS_ANSWERED:
            self._owed.expire(now)
            # A repeat of what is unanswered goes up too: the layer above keeps what it answers to repeats.
            if self._owed.ask(message, None, now) is Admission.FULL:
                self.happen(ev.Overloaded(message))
                return
        self._above.asked(self, message, purpose)

    def _send(self, message: Message, asked: _Asked | None) -> Sending:
        if self.stream is None:
            return Sending.NOT_OPEN
        try:
            frame = self.framing.frame(self.codec.encode(message))
        except (MessageError, FrameError):
            self.counts["messages unsayable"] += 1
            return Sending.UNSAYABLE
        if not self._queue and not self.stream.full:
            self._write(frame, asked)
            return Sending.WRITTEN
        if len(self._queue) >= self.config.queue_max:
            self.counts["queue full"] += 1
            return Sending.FULL
        self._queue.append((frame, asked))
        return Sending.QUEUED

    def _write(self, frame: bytes, asked: _Asked | None) -> None:
        assert self.stream is not None
        self.counts["messages sent"] += 1
        self.counts["bytes sent"] += len(frame)
        if asked is not None:
            asked.written = True
        self.stream.write(frame)

    # -- clocks

    def _elapsed(self, timer: Timer) -> None:
        del self._timers[timer]
        self.happen(ev.Elapsed(timer, self._clock.seconds() - self._heard))

    def _stop(self, timer: Timer) -> None:
        running = self._timers.pop(timer, None)
        if running is not None:
            running.cancel()

    def _expire(self) -> None:
        self._expiry = None
        now = self._clock.seconds()
        self._expire_now(now)
        due = self._asked.next_due()
        # A layer above that asks again at once has started the clock already.
        if due is not None and self._expiry is None:
            self._expiry = self._clock.callLater(max(0.0, due - now), self._expire)

    def _expire_now(self, now: float) -> None:
        for asked in self._asked.expire(now):
            self.counts["requests expired"] += 1
            self._above.expired(self, asked.about)
