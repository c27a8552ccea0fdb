"""A line that is slower than the network beneath it: bits take their time to go out, and to arrive.

It stands between a terminal and its host as a leased line does (64 kbit/s and some milliseconds, say): what is given to it
is carried to the other end, each way by itself, in order.  It knows nothing of what it carries.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Protocol as Shape
from typing import cast

from twisted.internet.endpoints import HostnameEndpoint
from twisted.internet.interfaces import IAddress, IListeningPort, IReactorTCP, IReactorTime
from twisted.internet.protocol import Factory, Protocol, ServerFactory, connectionDone
from twisted.python.failure import Failure

from switch.simulators.config import Wire

UNDER_WAY_BYTES_MAX = 65_536
"""Bytes that one direction holds before no more are taken in."""
BITS = 8


class Direction:
    """One way of a line; what was given to ``carry`` is delivered whole, in order."""

    def __init__(self, clock: IReactorTime, wire: Wire, deliver: Callable[[bytes], None]) -> None:
        self._clock, self._wire, self._deliver = clock, wire, deliver
        self._free_at = 0.0
        self._under_way: deque[bytes] = deque()
        self.bytes_count = 0
        self.emptied: Callable[[], None] | None = None

    def carry(self, piece: bytes) -> None:
        """Send *piece* off: it leaves when what was before it has left, and arrives a latency later."""
        now = self._clock.seconds()
        rate = self._wire.bits_per_second
        self._free_at = max(now, self._free_at) + (len(piece) * BITS / rate if rate else 0.0)
        self._under_way.append(piece)
        self.bytes_count += len(piece)
        self._clock.callLater(self._free_at + self._wire.latency_seconds - now, self._arrived)

    @property
    def full(self) -> bool:
        """Is as much under way as may be?"""
        return self.bytes_count >= UNDER_WAY_BYTES_MAX

    def _arrived(self) -> None:
        piece = self._under_way.popleft()
        self.bytes_count -= len(piece)
        self._deliver(piece)
        if self.emptied is not None and not self._under_way:
            self.emptied()


class _Transport(Shape):
    """What is used of a TCP connection; Twisted's interfaces spread it over two."""

    def write(self, data: bytes) -> None: ...
    def loseConnection(self) -> None: ...
    def pauseProducing(self) -> None: ...
    def resumeProducing(self) -> None: ...


class LineEnd(Protocol):
    """One end of a connection over the line; *other* is told what comes and when it ends."""

    def __init__(self, clock: IReactorTime, wire: Wire) -> None:
        self.other: LineEnd | None = None
        self.lost = self.closing = False
        self.outward = Direction(clock, wire, self._write)
        self.outward.emptied = self._emptied
        self._early: list[bytes] = []

    @property
    def _wire(self) -> _Transport:
        return cast(_Transport, self.transport)

    def joined(self, other: LineEnd) -> None:
        """The other end stands: what came before that is on its way now."""
        self.other = other
        early, self._early = self._early, []
        for piece in early:
            self.dataReceived(piece)
        self._wire.resumeProducing()

    def dataReceived(self, data: bytes) -> None:
        """Carry *data* to the other end."""
        if self.other is None:
            # One read at most comes before the pause takes effect.
            self._early.append(data)
            self._wire.pauseProducing()
            return
        self.other.outward.carry(data)
        if self.other.outward.full:
            self._wire.pauseProducing()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The other end closes behind what is still under way to it."""
        assert reason is not None
        self.lost = True
        if self.other is not None:
            self.other.close()

    def close(self) -> None:
        """Close when nothing is under way to this end any more."""
        self.closing = True
        if not self.outward.bytes_count:
            self._wire.loseConnection()

    def _write(self, piece: bytes) -> None:
        if not self.lost:
            self._wire.write(piece)

    def _emptied(self) -> None:
        if self.closing:
            self._wire.loseConnection()
        elif self.other is not None and not self.other.lost:
            self.other._wire.resumeProducing()


class LeasedLine(ServerFactory):
    """Takes calls on a loopback port and carries each to *host*, *port* over *wire*."""

    noisy = False

    def __init__(self, reactor: IReactorTime, host: str, port: int, wire: Wire) -> None:
        self._reactor, self._wire = reactor, wire
        self._far = HostnameEndpoint(reactor, host, port)
        self._listening: IListeningPort | None = None

    def open(self) -> int:
        """Take calls from now on; the port."""
        self._listening = cast(IReactorTCP, self._reactor).listenTCP(0, self, interface="127.0.0.1")
        return int(getattr(self._listening.getHost(), "port", 0))

    def close(self) -> None:
        """Take no calls any more."""
        if self._listening is not None:
            self._listening.stopListening()

    def buildProtocol(self, addr: IAddress | None) -> LineEnd:
        """The near end; its far end is called at once."""
        near = LineEnd(self._reactor, self._wire)
        factory = Factory.forProtocol(lambda: LineEnd(self._reactor, self._wire))
        factory.noisy = False

        def reached(far: LineEnd) -> None:
            far.joined(near)
            near.joined(far)
            if near.lost:
                far.close()

        def failed(_: Failure) -> None:
            near.close()

        self._far.connect(factory).addCallbacks(reached, failed)
        return near
