"""A host connection over TCP or TLS: bytes between a socket and a session, fairly and within limits.

Three things can hold a connection's execution up, each on its own: its turn is over (others come first), a request is
owed to the owner of the state, or the client does not read its replies.  While any of them holds, nothing is read
either, so what a client can make us keep is bounded by one read and the replies of one turn.
"""

from __future__ import annotations

from typing import Protocol as Shape
from typing import cast

from twisted.internet import tcp
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import (
    IAddress,
    IDelayedCall,
    IHalfCloseableProtocol,
    IHandshakeListener,
    IPushProducer,
    ITCPTransport,
)
from twisted.internet.protocol import Protocol, connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from hsm.audit.place import place_of
from hsm.dialects.session import FramingError, HostSession
from hsm.ports import Connection
from hsm.server.hostport import HostPort
from hsm.server.throttle import TokenBucket

READ_BYTES_MAX = 65536

_log = Logger()


class HostTransport(Shape):
    """What a connection uses of TCP's and TLS's transports alike; Twisted's own interfaces spread it over three."""

    def write(self, data: bytes) -> None: ...
    def loseConnection(self) -> None: ...
    def abortConnection(self) -> None: ...
    def pauseProducing(self) -> None: ...
    def resumeProducing(self) -> None: ...
    def registerProducer(self, producer: object, streaming: bool) -> None: ...
    def unregisterProducer(self) -> None: ...
    def getPeer(self) -> IAddress: ...


@implementer(IHalfCloseableProtocol, IHandshakeListener, IPushProducer)
class HostConnection(Protocol):
    """Drives one HostSession.  *port* is the factory that knows limits, clock and the other connections."""

    _session: HostSession
    _peer: str
    _stream: HostTransport

    def __init__(self, port: HostPort) -> None:
        self._port = port
        self._limits = port.limits
        self._direct: tcp.Connection | None = None
        self._bucket: TokenBucket | None = None
        if port.limits.requests_per_second_max > 0:
            self._bucket = TokenBucket(port.limits.requests_per_second_max, port.clock.seconds)
        self._next_turn: IDelayedCall | None = None
        self._awaits_owner = False
        self._unread_since: float | None = None
        self._queueing = False
        self._partial_since: float | None = None
        self._shaking_since: float | None = None
        self._heard = self._since = port.clock.seconds()
        self._address = ("?", 0)
        self._paused = False
        self._ending = False
        self._finishing = False
        self._lost = False

    # -- what the transport tells

    def connectionMade(self) -> None:
        """Take up the conversation, or close at once when the port is full."""
        self._stream = cast(HostTransport, self.transport)
        peer = self._stream.getPeer()
        self._address = getattr(peer, "host", "?"), getattr(peer, "port", 0)
        self._peer = "{}:{}".format(*self._address)
        if not self._port.admit(self):
            self._lost = True
            self._stream.abortConnection()
            return
        if ITCPTransport.providedBy(self.transport):
            self.transport.setTcpNoDelay(True)
            self.transport.setTcpKeepAlive(True)
        if isinstance(self.transport, tcp.Connection):
            self._direct = self.transport
        else:
            self._stream.registerProducer(self, True)
            if self._port.listener.tls is not None:
                self._shaking_since = self._heard
        self._session = self._port.household.session(self._port.listener, self._peer)

    def dataReceived(self, data: bytes) -> None:
        """Feed the session and answer what is complete."""
        if self._lost:
            return
        self._heard = self._port.clock.seconds()
        self._port.traffic.received(len(data))
        self._feed(data)
        if self._next_turn is None:
            self._turn()

    def handshakeCompleted(self) -> None:
        """TLS stands: the handshake's deadline is over."""
        self._shaking_since = None

    def readConnectionLost(self) -> None:
        """The client will send no more; it still gets its replies."""
        self._ending = True
        self._go_on()

    def writeConnectionLost(self) -> None:
        """Only we close the writing side, and then both."""

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Forget everything; a request still with the owner is answered to nobody."""
        if not self._lost:
            self._broke_off()
        self._lost = True
        if self._next_turn is not None:
            self._next_turn.cancel()
            self._next_turn = None
        self._port.dismiss(self)

    def _broke_off(self) -> None:
        if self._awaits_owner:
            self._port.traffic.unanswered()
        elif self._session.partial:
            self._port.traffic.broken()

    def pauseProducing(self) -> None:
        """The transport: the client does not read, replies pile up."""
        self._unread_since = self._port.clock.seconds()
        self._go_on()

    def resumeProducing(self) -> None:
        """The transport: everything is written."""
        if self._queueing:
            return  # a pull producer is asked once while it registers
        self._unread_since = None
        if self._direct is not None:
            self._direct.unregisterProducer()
        if not self._lost and self._next_turn is None:
            self._turn()

    def stopProducing(self) -> None:
        """The transport: the connection broke; connectionLost follows."""

    # -- what the port asks

    def told(self, now: float) -> Connection:
        """This connection, as status commands tell of it."""
        host, port = self._address
        return Connection(self._port.listener.port, host, port, int(now - self._since))

    def finish(self) -> None:
        """Answer what has arrived, then close."""
        self._finishing = True
        if self._shaking_since is not None:
            self.abort()
        elif self._next_turn is None:
            self._turn()

    def abort(self) -> None:
        """Close at once, replies or not."""
        self._lost = True
        self._stream.abortConnection()

    def overdue(self, now: float) -> bool:
        """Has the client used up its time: idle, a slow request or handshake, replies left unread?"""
        limits = self._limits
        if self._unread_since is not None:
            return 0 < limits.stall_seconds <= now - self._unread_since
        if self._awaits_owner or self._next_turn is not None:
            # It is us who are slow: the client's own clocks start afresh.
            self._heard = now
            self._partial_since = None
            return False
        since = self._shaking_since if self._shaking_since is not None else self._partial_since
        if since is not None and 0 < limits.partial_seconds <= now - since:
            return True
        return 0 < limits.idle_seconds <= now - self._heard

    # -- one turn

    def _feed(self, data: bytes) -> None:
        try:
            self._session.feed(data)
        except FramingError:
            self._ending = True  # what came before it is still answered

    def _turn(self) -> None:
        """Execute as much as this turn allows and send the replies in one write."""
        self._next_turn = None
        if self._awaits_owner or self._unread_since is not None:
            return
        session = self._session
        try:
            replies = session.work(self._limits.frames_per_turn_max) if self._bucket is None else self._metered()
            kept = self._port.household.flush()
        except FramingError:
            self._unreadable()
            return
        except Exception as fault:
            # The text of an exception may quote the request, so only its type and place are told.
            _log.critical("a turn failed: {where}", where=place_of(fault))
            self.abort()
            return
        if kept is None:
            self._answer(replies)
            return
        self._awaits_owner = True
        self._go_on()
        kept.addCallbacks(lambda _: self._kept(replies), self._orphaned)

    def _kept(self, replies: bytes) -> None:
        """The audit log has what was executed: answer."""
        self._awaits_owner = False
        if not self._lost:
            self._answer(replies)

    def _answer(self, replies: bytes) -> None:
        """Send the *replies* of a turn, and go on."""
        session = self._session
        if replies:
            self._send(replies)
            self._partial_since = None
        if not session.partial:
            self._partial_since = None
        elif self._partial_since is None:
            self._partial_since = self._heard
        if not self._lost and session.owed is not None:
            self._forward(session.owed)
        self._go_on()

    def _unreadable(self) -> None:
        """The stream can't be followed any further: close, once earlier replies are written."""
        _log.info("unreadable framing on {name}: closed", name=self._port.listener.name)
        self._close()

    def _metered(self) -> bytes:
        """The turn under a rate limit: one token a request."""
        assert self._bucket is not None
        replies = []
        for _ in range(self._limits.frames_per_turn_max):
            if not self._session.busy or not self._bucket.take():
                break
            replies.append(self._session.work(1))
        # A settled reply waits in the session without being a request.
        return b"".join(replies) or self._session.work(0)

    def _send(self, replies: bytes) -> None:
        """Give *replies* to the kernel now if it takes them, and leave the rest to the transport.

        ``transport.write`` waits for the reactor's next round; a host that waits for each reply before it asks again
        feels that wait with every command.
        """
        self._port.traffic.sent(len(replies))
        sent = 0
        if self._direct is not None:
            try:
                sent = self._direct.socket.send(replies)
            except OSError:
                sent = 0  # full, or broken: the transport finds out which
        if sent == len(replies):
            return
        self._stream.write(replies[sent:])
        if self._direct is not None:
            # What the kernel did not take at once holds us up until it has all of it, so the transport's queue is empty
            # whenever we send on the socket ourselves: replies can't overtake each other.
            self._unread_since = self._port.clock.seconds()
            self._queueing = True
            self._direct.registerProducer(self, False)
            self._queueing = False

    def _forward(self, request: bytes) -> None:
        self._awaits_owner = True
        answer: Deferred[bytes] = self._port.owner(self._port.listener, request, self._peer)
        answer.addCallbacks(self._settled, self._orphaned)

    def _settled(self, reply: bytes) -> None:
        self._awaits_owner = False
        if self._lost:
            return
        self._session.settle(reply)
        # An answer that came at once is taken up by the turn that is still running, through _go_on.
        self._next_turn = self._port.clock.callLater(0, self._turn)

    def _orphaned(self, failure: Failure) -> None:
        self._awaits_owner = False
        _log.error("the owner of the state gave no answer: {kind}", kind=failure.type.__name__ if failure.type else "?")
        self.abort()

    def _go_on(self) -> None:
        """Decide what comes next: another turn, more reading, waiting, or the end."""
        if self._lost:
            return
        blocked = self._awaits_owner or self._unread_since is not None
        if not blocked and self._next_turn is None and self._session.busy:
            delay = 0.0 if self._bucket is None else self._bucket.seconds_until_next()
            self._next_turn = self._port.clock.callLater(delay, self._turn)
        waiting = blocked or self._next_turn is not None
        if not waiting and not self._ending and self._finishing:
            waiting = self._last_sip()
        if not waiting and (self._ending or self._finishing):
            self._close()
            return
        self._pause(waiting or self._ending or self._finishing)

    def _last_sip(self) -> bool:
        """While finishing: read what the kernel already holds.  Closing over unread bytes would reset the connection,
        and the client might lose replies that it has not read yet."""
        if self._direct is None:
            return False
        try:
            data = self._direct.socket.recv(READ_BYTES_MAX)
        except OSError:
            return False
        if not data:
            return False
        self._feed(data)
        self._next_turn = self._port.clock.callLater(0, self._turn)
        return True

    def _close(self) -> None:
        """Close when everything is written; nothing is read or executed any more."""
        self._lost = True
        # A client that does not take the rest is held to the same deadline as before.
        self._unread_since = self._port.clock.seconds()
        self._stream.unregisterProducer()
        self._stream.loseConnection()

    def _pause(self, paused: bool) -> None:
        if paused is self._paused:
            return
        self._paused = paused
        if paused:
            self._stream.pauseProducing()
        else:
            self._stream.resumeProducing()
