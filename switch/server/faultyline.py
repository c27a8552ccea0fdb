"""A line between two processes that loses, delays, doubles and breaks off messages: a proxy that knows frames."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from twisted.internet.defer import Deferred, succeed
from twisted.internet.endpoints import TCP4ClientEndpoint
from twisted.internet.interfaces import IListeningPort, IReactorTCP, IReactorTime, ITCPTransport
from twisted.internet.protocol import Factory, Protocol, ServerFactory, connectionDone
from twisted.python.failure import Failure

from switch.codec.framing import Framer, Framing
from switch.scenarios.faults import Fate
from switch.server.reserved import LOOPBACK, ReservedPort

Judge = Callable[[int, bytes], Fate]
"""What becomes of a frame, its length included, of the side 0 (who calls) or 1 (who is called)."""


class _Side(Protocol):
    """One of the two connections."""

    def __init__(self, line: FaultyLine, number: int) -> None:
        self.line, self.number = line, number
        self.other: _Side | None = None
        self.waiting: list[bytes] = []
        self._framer = Framer(line.framing)

    @property
    def wire(self) -> ITCPTransport:
        return cast(ITCPTransport, self.transport)

    def connectionMade(self) -> None:
        self.wire.setTcpNoDelay(True)

    def dataReceived(self, data: bytes) -> None:
        self._framer.feed(data)
        for content in iter(self._framer.next, None):
            self.line.carry(self, self.line.framing.frame(content))

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.line.ended(self)

    def write(self, frame: bytes) -> None:
        if self.transport is not None:
            self.wire.write(frame)


class FaultyLine:
    """Takes calls at *port* and calls *target*, None for nobody.  A second lasts *scale* seconds."""

    def __init__(self, reactor: IReactorTime, framing: Framing, judge: Judge, scale: float) -> None:
        self.framing = framing
        self._reactor, self._judge, self._scale = reactor, judge, scale
        self._target: int | None = None
        self._barred = False
        self._pairs: set[tuple[_Side, _Side]] = set()
        self._reserved = ReservedPort()
        self.port = self._reserved.number
        self._listening: IListeningPort | None = self._listen(self.port)
        self._turn: Deferred[None] = succeed(None)
        self.on_the_way = 0
        """Frames that are late, and will arrive yet."""

    @property
    def target(self) -> int | None:
        """Who is called."""
        return self._target

    @target.setter
    def target(self, port: int | None) -> None:
        self._target = port
        self._turned()

    @property
    def barred(self) -> bool:
        """Are calls refused?"""
        return self._barred

    @barred.setter
    def barred(self, barred: bool) -> None:
        self._barred = barred
        self._turned()

    def _listen(self, port: int) -> IListeningPort:
        return cast(IReactorTCP, self._reactor).listenTCP(port, _Calls(self), interface=LOOPBACK)

    def _turned(self) -> None:
        """Take calls, or refuse them as if nobody were there, one change after the other."""
        self._turn.addCallback(lambda _: self._turn_now())

    def _turn_now(self) -> Deferred[None]:
        takes = self._target is not None and not self._barred
        if takes and self._listening is None:
            self._listening = self._listen(self.port)
        elif not takes and self._listening is not None:
            listening, self._listening = self._listening, None
            return cast("Deferred[None]", listening.stopListening() or succeed(None))
        return succeed(None)

    def close(self) -> None:
        """Take no calls any more, and end what there is."""
        self.target = None
        self.cut()
        self._reserved.close()

    def called(self, side: _Side) -> None:
        """Somebody calls."""
        if self._barred or self._target is None:
            side.wire.abortConnection()
            return
        endpoint = TCP4ClientEndpoint(self._reactor, LOOPBACK, self._target)
        factory = Factory.forProtocol(lambda: _Side(self, 1))
        factory.noisy = False
        calling = endpoint.connect(factory)
        calling.addCallbacks(
            lambda other: self._joined(side, cast(_Side, other)), lambda _: side.wire.abortConnection()
        )

    def _joined(self, side: _Side, other: _Side) -> None:
        side.other, other.other = other, side
        self._pairs.add((side, other))
        waiting, side.waiting = side.waiting, []
        for frame in waiting:
            self.carry(side, frame)

    def carry(self, side: _Side, frame: bytes) -> None:
        """Bring *frame*, of *side*, to the other one, unless it comes to harm."""
        other = side.other
        if other is None:
            side.waiting.append(frame)
            return
        fate = self._judge(side.number, frame)
        for seconds in fate.arrives:
            self._bring(other, self._garbled(frame) if fate.garbled else frame, seconds)
        if fate.halved:
            other.write(frame[: len(frame) // 2])
        if fate.cuts:
            # What was written is to arrive first.
            for each in (side, other):
                each.wire.loseConnection() if fate.arrives or fate.halved else each.wire.abortConnection()

    def _bring(self, other: _Side, frame: bytes, seconds: float) -> None:
        if not seconds:
            other.write(frame)
            return

        def arrive() -> None:
            self.on_the_way -= 1
            other.write(frame)

        self.on_the_way += 1
        self._reactor.callLater(seconds * self._scale, arrive)

    def _garbled(self, frame: bytes) -> bytes:
        """A frame as long that is no message."""
        prefix_bytes = self.framing.prefix_bytes
        return frame[:prefix_bytes] + bytes(len(frame) - prefix_bytes)

    def ended(self, side: _Side) -> None:
        """One connection has ended, so the other does."""
        self._pairs = {pair for pair in self._pairs if side not in pair}
        if side.other is not None and side.other.transport is not None:
            side.other.wire.abortConnection()

    def cut(self) -> None:
        """End what there is."""
        for pair in list(self._pairs):
            for side in pair:
                side.wire.abortConnection()

    def join(self) -> None:
        """Who calls will call again."""


class _Calls(ServerFactory):
    """Makes a side of each call."""

    noisy = False

    def __init__(self, line: FaultyLine) -> None:
        self._line = line

    def buildProtocol(self, addr: object) -> _Side:
        return _Caller(self._line, 0)


class _Caller(_Side):
    """Who has called."""

    def connectionMade(self) -> None:
        super().connectionMade()
        self.line.called(self)
