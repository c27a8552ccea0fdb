"""One connection to a host port, made again with growing pauses whenever it is lost.

It sends requests as it is told, up to *outstanding_max* unanswered ones, and says whose reply came.  It has no queue and
no deadlines: those are the pool's.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar
from typing import Protocol as Port

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint, wrapClientTLS
from twisted.internet.interfaces import IDelayedCall, IProtocol, IReactorTCP, IReactorTime, IStreamClientEndpoint
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure

from hsm.client.codec import HostWire
from hsm.client.matching import Stray, Window
from hsm.wire.framing import FrameUnreadable

T = TypeVar("T")

CONNECT_SECONDS_MAX = 5.0
WHY_CHARS_MAX = 200


class Owner(Port[T]):
    """Whom a line tells what happens on it."""

    def opened(self) -> None:
        """A connection stands; nothing was sent on it."""

    def came(self, asked: T | None, content: bytes) -> None:
        """The reply to *asked* came, or, when None, one that was given up."""

    def closed(self, lost: list[T], why: str) -> None:
        """There is no connection (any more), and no reply will come to *lost*."""


class HostLine(Generic[T]):
    """One connection to a host port; every method runs on the reactor thread."""

    def __init__(
        self,
        reactor: IReactorTime,
        endpoint: IStreamClientEndpoint,
        wire: HostWire,
        owner: Owner[T],
        outstanding_max: int,
        pause_seconds: Callable[[int], float],
    ) -> None:
        """*pause_seconds* says how long to wait after so many failures in a row.

        Raises ValueError when the header is too short to number *outstanding_max* requests.
        """
        self._reactor = reactor
        self._endpoint = endpoint
        self._wire = wire
        self._owner = owner
        self._pause_seconds = pause_seconds
        self.window: Window[T] = Window(wire.tags_count, wire.tag, outstanding_max)
        self.failures = 0
        """Connections in a row that failed or that nobody called ``good``."""
        self.opened_count = 0
        self._wanted = False
        self._attempt: Deferred[IProtocol] | None = None
        self._again: IDelayedCall | None = None
        self._port: _HostPort | None = None

    @property
    def idle(self) -> bool:
        """Is there no connection, none being made and none planned?"""
        return self._attempt is None and self._again is None and self._port is None

    @property
    def live(self) -> bool:
        """Does a connection stand, and is it not being ended?"""
        return self._port is not None and not self._port.ended

    def start(self) -> None:
        """Connect, and keep connected."""
        self._wanted = True
        if self.idle:
            self._connect()

    def stop(self, *, abruptly: bool = True) -> None:
        """Disconnect, and stay so.  Not *abruptly*, what was written is still sent."""
        self._wanted = False
        if self._again is not None:
            self._again.cancel()
            self._again = None
        if self._attempt is not None:
            self._attempt.cancel()
        if self._port is not None:
            self._port.end(abruptly)

    def good(self) -> None:
        """This connection does: the next pause is a short one again."""
        self.failures = 0

    def drop(self) -> None:
        """End this connection at once, and make another."""
        if self._port is not None:
            self._port.end(True)

    def send(self, asked: T, content: bytes) -> bytes:
        """Send *content*, which asks for *asked*; the tag of its reply.  Only while connected and the window has room."""
        assert self._port is not None
        tag = self.window.put(asked)
        self._port.send(self._wire.tagged(content, tag))
        return tag

    # --- what the connection tells --------------------------------------------------------------------------------
    def connected(self, port: _HostPort) -> None:
        self._port = port
        self.opened_count += 1
        self._owner.opened()

    def received(self, port: _HostPort, tag: bytes, content: bytes) -> None:
        """Raises Stray."""
        if port is self._port:
            self._owner.came(self.window.take(tag), content)

    def disconnected(self, port: _HostPort, reason: Failure) -> None:
        if port is self._port:
            self._port = None
            self._ended(reason)

    # --- inside ---------------------------------------------------------------------------------------------------
    def _connect(self) -> None:
        self._again = None
        factory = Factory.forProtocol(lambda: _HostPort(self, self._wire))
        self._attempt = attempt = self._endpoint.connect(factory)
        attempt.addCallbacks(self._attempted, self._attempt_failed)

    def _attempted(self, port: IProtocol) -> None:
        self._attempt = None

    def _attempt_failed(self, reason: Failure) -> None:
        self._attempt = None
        self._ended(reason)

    def _ended(self, reason: Failure) -> None:
        self.failures += 1
        lost = self.window.clear()
        if self._wanted:
            self._again = self._reactor.callLater(self._pause_seconds(self.failures), self._connect)
        self._owner.closed(lost, f"{type(reason.value).__name__}: {reason.value}"[:WHY_CHARS_MAX])


class _HostPort(Protocol):
    """Frames on one connection."""

    def __init__(self, line: HostLine[T], wire: HostWire) -> None:
        self._line = line
        self._cutter = wire.cutter()
        self.ended = False

    def connectionMade(self) -> None:
        assert self.transport is not None
        if hasattr(self.transport, "setTcpNoDelay"):  # not every transport is TCP
            self.transport.setTcpNoDelay(True)
        self._line.connected(self)

    def dataReceived(self, data: bytes) -> None:
        if self.ended:
            return
        try:
            for tag, content in self._cutter.cut(data):
                self._line.received(self, tag, content)
        except (FrameUnreadable, Stray):
            self.end(True)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.ended = True
        self._line.disconnected(self, reason)

    def send(self, frame: bytes) -> None:
        assert self.transport is not None
        self.transport.write(frame)

    def end(self, abruptly: bool) -> None:
        assert self.transport is not None
        self.ended = True
        if abruptly:
            self.transport.abortConnection()  # type: ignore[attr-defined]  # TCP and TLS transports have it; ITransport does not say so
        else:
            self.transport.loseConnection()


def tcp_endpoint(reactor: IReactorTCP, host: str, port: int) -> IStreamClientEndpoint:
    """A host port in the clear."""
    endpoint: IStreamClientEndpoint = TCP4ClientEndpoint(reactor, host, port, timeout=CONNECT_SECONDS_MAX)
    return endpoint


def tls_endpoint(
    reactor: IReactorTCP,
    host: str,
    port: int,
    authority: Path,
    certificate: Path | None = None,
    key: Path | None = None,
) -> IStreamClientEndpoint:
    """A host port by TLS, whose certificate *authority* (PEM) must have issued for *host*.

    Versions are those that Twisted allows: 1.2 and later.
    We show *certificate* (PEM) with its *key*, if given.  Raises OSError and OpenSSL's errors for files that are none.
    """
    # Not every client speaks TLS.
    from twisted.internet.ssl import Certificate, PrivateCertificate, optionsForClientTLS

    ours = None
    if certificate is not None and key is not None:
        ours = PrivateCertificate.loadPEM(certificate.read_bytes() + key.read_bytes())
    options = optionsForClientTLS(
        host,
        trustRoot=Certificate.loadPEM(authority.read_bytes()),
        clientCertificate=ours,
    )
    endpoint: IStreamClientEndpoint = wrapClientTLS(options, tcp_endpoint(reactor, host, port))
    return endpoint
