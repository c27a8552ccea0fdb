"""A connection of a link: bytes to frames, fairly and within limits.

While the peer does not read what we write, nothing of it is read either, so what it can make us keep is bounded by one
read, the transport's own buffer and the link's queue.  A peer that sends much gets a turn of some frames at a time, and
other links come between.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol as Shape
from typing import cast

from twisted.internet.interfaces import (
    IAddress,
    IDelayedCall,
    IHandshakeListener,
    IPushProducer,
    IReactorTime,
    ITCPTransport,
)
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from switch.codec.framing import FrameError, Framer
from switch.server.drive import DrivenLink
from switch.server.tls import certified_names

FRAMES_PER_TURN_MAX = 32
HANDSHAKE_SECONDS = 10.0
FAREWELL_SECONDS = 2.0
"""How long a connection that we close may take to carry what was written."""


class _Transport(Shape):
    """What a link uses of TCP's and TLS's transports alike; Twisted's interfaces spread it over three."""

    def write(self, data: bytes) -> None: ...
    def loseConnection(self) -> None: ...
    def abortConnection(self) -> None: ...
    def pauseProducing(self) -> None: ...
    def resumeProducing(self) -> None: ...
    def registerProducer(self, producer: object, streaming: bool) -> None: ...
    def unregisterProducer(self) -> None: ...
    def getPeer(self) -> IAddress: ...


@implementer(IHandshakeListener, IPushProducer)
class LinkStream(Protocol):
    """One connection.  *whose* says, once it stands, which link it belongs to, or None to close it."""

    def __init__(
        self, clock: IReactorTime, tls: bool, whose: Callable[[LinkStream], DrivenLink | None],
        ended: Callable[[LinkStream], None],
    ) -> None:  # fmt: skip
        """*ended* is told when the connection has ended without ever belonging to a link."""
        self._clock, self._tls, self._whose, self._ended = clock, tls, whose, ended
        self.link: DrivenLink | None = None
        self._framer: Framer | None = None
        self._full = self._closing = False
        self._reads = True
        self._next_turn: IDelayedCall | None = None
        self._deadline: IDelayedCall | None = None

    # -- what the transport tells

    def connectionMade(self) -> None:
        """TCP stands; with TLS the handshake comes first, for which there is a deadline."""
        self._wire = cast(_Transport, self.transport)
        if ITCPTransport.providedBy(self.transport):
            self.transport.setTcpNoDelay(True)
            self.transport.setTcpKeepAlive(True)
        if self._tls:
            self._deadline = self._clock.callLater(HANDSHAKE_SECONDS, self._wire.abortConnection)
        else:
            self._stands()

    def handshakeCompleted(self) -> None:
        """TLS stands, and the peer's certificate has been verified."""
        self._stop_deadline()
        self._stands()

    def _stands(self) -> None:
        link = self._whose(self)
        if link is None:
            self._closing = True
            self._wire.abortConnection()
            return
        self.link = link
        self._framer = Framer(link.framing)
        self._wire.registerProducer(self, True)
        link.connected(self)

    def dataReceived(self, data: bytes) -> None:
        """Take the frames that are whole now."""
        if self._framer is None or self._closing:
            return
        self._framer.feed(data)
        if self._next_turn is None:
            self._turn()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Tell the link."""
        assert reason is not None
        self._closing = True
        self._stop_deadline()
        if self._next_turn is not None:
            self._next_turn.cancel()
            self._next_turn = None
        link, self.link = self.link, None
        if link is not None:
            link.disconnected()
        else:
            self._ended(self)

    def pauseProducing(self) -> None:
        """The transport: the peer does not read."""
        self._full = True
        self._read_on(False)

    def resumeProducing(self) -> None:
        """The transport: everything is written."""
        self._full = False
        if self.link is not None:
            self.link.writable()
        if not self._full and not self._closing and self._next_turn is None:
            self._turn()

    def stopProducing(self) -> None:
        """The transport: the connection broke; connectionLost follows."""

    # -- what the link wants

    @property
    def full(self) -> bool:
        """Does the peer not read?"""
        return self._full

    def peer(self) -> tuple[str, frozenset[str]]:
        """The peer's address, and the DNS names of its certificate."""
        shown = getattr(self.transport, "getPeerCertificate", None)
        return str(getattr(self._wire.getPeer(), "host", "")), certified_names(shown() if shown is not None else None)

    def write(self, frame: bytes) -> None:
        """Write one frame."""
        if not self._closing:
            self._wire.write(frame)

    def hang_up(self) -> None:
        """Close, after what is written; a peer that doesn't take it is cut off."""
        if self._closing:
            return
        self._closing = True
        if self._full:
            self._wire.abortConnection()
            return
        self._deadline = self._clock.callLater(FAREWELL_SECONDS, self._wire.abortConnection)
        self._wire.unregisterProducer()
        self._wire.loseConnection()

    # -- turns

    def _turn(self) -> None:
        self._next_turn = None
        assert self._framer is not None
        try:
            for _ in range(FRAMES_PER_TURN_MAX):
                frame = None if self._full or self._closing else self._framer.next()
                if frame is None:
                    self._read_on(not self._full)
                    return
                if self.link is not None:
                    self.link.frame(frame)
        except FrameError:
            # The stream can't be followed any further, and an answer could not be understood either.
            if self.link is not None:
                self.link.counts["streams unreadable"] += 1
            self._closing = True
            self._wire.abortConnection()
            return
        if not self._closing:
            self._read_on(False)
            self._next_turn = self._clock.callLater(0, self._turn)

    def _read_on(self, reads: bool) -> None:
        if reads is self._reads or self._closing:
            return
        self._reads = reads
        if reads:
            self._wire.resumeProducing()
        else:
            self._wire.pauseProducing()

    def _stop_deadline(self) -> None:
        if self._deadline is not None and self._deadline.active():
            self._deadline.cancel()
        self._deadline = None
