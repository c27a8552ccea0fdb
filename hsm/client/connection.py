"""The Twisted client of one host port.

Requests go out as they come, up to *outstanding_max* unanswered ones; replies are matched by the header, which counts
upwards, so a late reply to a request that was given up is never taken for another's.  What cannot be sent yet waits in a
queue of *waiting_max*.  A lost connection is made again with growing pauses.  What was sent and not answered then fails
with ``OutcomeUnknown``: the HSM may have done it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Protocol as Port

from twisted.application.internet import ClientService, backoffPolicy
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IDelayedCall, IReactorTime, IStreamClientEndpoint
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure

from hsm.client.codec import Reply, ReplyError, Wire
from hsm.wire.framing import FrameTooLong, LengthPrefixed
from hsm.wire.message import Message

FRAME_BYTES_MAX = 0xFFFF
TIMEOUTS_MAX = 3
"""After so many requests in a row without a reply the connection is taken for dead and made again."""
PAUSE_SECONDS_FIRST, PAUSE_SECONDS_MAX = 0.1, 10.0


class NotSent(Exception):
    """The request was never sent: the queue is full, the time ran out before a connection, or the client stopped."""


class OutcomeUnknown(Exception):
    """The request was sent and no reply came in time or before the connection ended."""


@dataclass(eq=False)
class _Request:
    """A request between ``call`` and its reply; it changes as it goes through those stations."""

    code: str
    frame: bytes
    answered: Deferred[Reply]
    deadline: IDelayedCall | None = None
    sent: bool = False
    settled: bool = False


class _Line(Port):
    def send(self, frame: bytes) -> None: ...
    def drop(self) -> None: ...


class HsmClient:
    """A host's view of one HSM port; every method runs on the reactor thread."""

    def __init__(
        self,
        reactor: IReactorTime,
        endpoint: IStreamClientEndpoint,
        wire: Wire | None = None,
        *,
        outstanding_max: int = 64,
        waiting_max: int = 1_024,
        timeout_seconds: float = 5.0,
    ) -> None:
        """*endpoint* may be TLS.  Raises ValueError when the header is too short to number *outstanding_max* requests."""
        self.wire = wire or Wire()
        if self.wire.header_chars and 10**self.wire.header_chars <= 2 * outstanding_max:
            raise ValueError(f"a header of {self.wire.header_chars} digits can't number {outstanding_max} requests")
        self._reactor = reactor
        self._outstanding_max = outstanding_max if self.wire.header_chars else 1
        self._waiting_max = waiting_max
        self._timeout_seconds = timeout_seconds
        self._counter = 0
        self._waiting: deque[_Request] = deque()
        self._outstanding: dict[bytes, _Request] = {}
        self._line: _Line | None = None
        self._timeouts = 0
        self._stopped = False
        pauses = backoffPolicy(PAUSE_SECONDS_FIRST, PAUSE_SECONDS_MAX)
        self._service = ClientService(endpoint, Factory.forProtocol(lambda: _HostPort(self)), pauses, reactor)

    def start(self) -> None:
        """Connect, and keep connected."""
        self._service.startService()

    def stop(self) -> Deferred[None]:
        """Give up everything under way and disconnect; fires when that is done."""
        self._stopped = True
        for request in [*self._waiting, *self._outstanding.values()]:
            self._fail(request)
        self._waiting.clear()
        self._outstanding.clear()
        done: Deferred[None] = self._service.stopService()
        return done

    def call(self, code: str, request: Message, *, lmk: str | None = None, trailer: str = "") -> Deferred[Reply]:
        """The reply to *request*.  Fails with NotSent, OutcomeUnknown or ReplyError; ValueError is raised at once."""
        header = self._next_header()
        asked = _Request(code, self.wire.ask(code, request, header, lmk, trailer), Deferred())
        if self._stopped or len(self._waiting) >= self._waiting_max:
            self._fail(asked)
            return asked.answered
        asked.deadline = self._reactor.callLater(self._timeout_seconds, self._too_late, asked)
        self._waiting.append(asked)
        self._send_waiting()
        return asked.answered

    # --- what the line tells --------------------------------------------------------------------------------------
    def connected(self, line: _Line) -> None:
        """A connection stands: send what waits."""
        self._line = line
        self._timeouts = 0
        self._send_waiting()

    def disconnected(self) -> None:
        """What was sent on it has no known outcome now."""
        self._line = None
        lost, self._outstanding = self._outstanding, {}
        for request in lost.values():
            self._fail(request)

    def received(self, frame: bytes) -> None:
        """One whole frame came."""
        request = self._outstanding.pop(frame[: self.wire.header_chars], None)
        self._timeouts = 0
        if request is not None and not request.settled:
            try:
                reply = self.wire.read_answer(request.code, frame)
            except ReplyError:
                self._settle(request, Failure())
            else:
                self._settle(request, reply)
        self._send_waiting()

    # --- inside ---------------------------------------------------------------------------------------------------
    def _next_header(self) -> bytes:
        chars = self.wire.header_chars
        if not chars:
            return b""
        while True:
            self._counter = (self._counter + 1) % 10**chars
            header = b"%0*d" % (chars, self._counter)
            if header not in self._outstanding:
                return header

    def _send_waiting(self) -> None:
        while self._line is not None and self._waiting and len(self._outstanding) < self._outstanding_max:
            request = self._waiting.popleft()
            self._outstanding[request.frame[: self.wire.header_chars]] = request
            request.sent = True
            self._line.send(request.frame)

    def _too_late(self, request: _Request) -> None:
        request.deadline = None
        if not request.sent:
            self._waiting.remove(request)
            self._fail(request)
            return
        self._fail(request)
        self._timeouts += 1
        # Without headers the next reply could be this one's, so the connection can't be used any further.
        if self._line is not None and (self._timeouts >= TIMEOUTS_MAX or not self.wire.header_chars):
            self._line.drop()
        elif self.wire.header_chars:
            self._outstanding.pop(request.frame[: self.wire.header_chars], None)
            self._send_waiting()

    def _fail(self, request: _Request) -> None:
        self._settle(request, Failure(OutcomeUnknown(request.code) if request.sent else NotSent(request.code)))

    def _settle(self, request: _Request, outcome: Reply | Failure) -> None:
        if request.settled:
            return
        request.settled = True
        if request.deadline is not None:
            request.deadline.cancel()
            request.deadline = None
        if isinstance(outcome, Reply):
            request.answered.callback(outcome)
        else:
            request.answered.errback(outcome)


class _HostPort(Protocol):
    """Frames on one connection."""

    def __init__(self, client: HsmClient) -> None:
        self._client = client
        self._frames = LengthPrefixed(FRAME_BYTES_MAX)

    def connectionMade(self) -> None:
        self._client.connected(self)

    def dataReceived(self, data: bytes) -> None:
        self._frames.feed(data)
        try:
            while (frame := self._frames.next()) is not None:
                self._client.received(frame)
        except FrameTooLong:
            self.drop()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        assert reason.check(Exception) or isinstance(reason.value, ConnectionDone)
        self._client.disconnected()

    def send(self, frame: bytes) -> None:
        assert self.transport is not None
        self.transport.write(len(frame).to_bytes(2, "big") + frame)

    def drop(self) -> None:
        assert self.transport is not None
        self.transport.abortConnection()  # type: ignore[attr-defined]  # TCP and TLS transports have it; ITransport does not say so
