"""A host port over UDP: one framed request a datagram, one framed reply back to where it came from."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.internet.protocol import DatagramProtocol
from twisted.logger import Logger
from twisted.python.failure import Failure

from hsm.audit.place import place_of
from hsm.dialects.session import FramingError, HostSession
from hsm.server.hostport import Owner
from hsm.server.ports import Household, Listener

PEERS_KEPT_MAX = 256
OWED_MAX = 64

_log = Logger()


class HostDatagrams(DatagramProtocol):
    """Answers datagrams.  A source address keeps its session until *PEERS_KEPT_MAX* others came after it."""

    noisy = False

    def __init__(self, listener: Listener, household: Household, owner: Owner) -> None:
        self._listener = listener
        self._household = household
        self._owner = owner
        self._traffic = household.traffic
        self._sessions: dict[tuple[str, int], HostSession] = {}
        self._owed_count = 0
        self._idle: list[Deferred[None]] = []

    def datagramReceived(self, datagram: bytes, addr: tuple[str, int]) -> None:
        """Answer one datagram; what can't be read gets nothing, as a lost one would."""
        self._traffic.received(len(datagram))
        session = self._session(addr)
        try:
            reply = session.datagram(datagram)
            kept = self._household.flush()
        except FramingError:
            self._sessions.pop(addr, None)
            return
        except Exception as fault:
            _log.critical("a datagram's session failed: {where}", where=place_of(fault))
            self._sessions.pop(addr, None)
            return
        if session.owed is not None:
            self._forward(session, session.owed, addr)
        elif kept is not None:
            self._send_when(kept, reply, addr)
        elif reply:
            self._send(reply, addr)
        else:
            self._traffic.unreadable()

    def drain(self) -> Deferred[None]:
        """Fires when no reply is awaited from the owner any more."""
        done: Deferred[None] = Deferred()
        if self._owed_count:
            self._idle.append(done)
        else:
            done.callback(None)
        return done

    def _session(self, addr: tuple[str, int]) -> HostSession:
        session = self._sessions.get(addr)
        if session is None:
            if len(self._sessions) >= PEERS_KEPT_MAX:
                del self._sessions[next(iter(self._sessions))]
            session = self._household.session(self._listener, f"{addr[0]}:{addr[1]}")
            self._sessions[addr] = session
        return session

    def _send_when(self, kept: Deferred[None], reply: bytes, addr: tuple[str, int]) -> None:
        """Send *reply* once the audit log has its entry; never, when it does not get it."""
        self._owed_count += 1
        kept.addCallback(lambda _: self._send(reply, addr)).addErrback(self._unanswered).addCallback(self._over)

    def _forward(self, session: HostSession, request: bytes, addr: tuple[str, int]) -> None:
        # The session is busy with this request alone; the address's next datagram gets a fresh one.
        self._sessions.pop(addr, None)
        if self._owed_count >= OWED_MAX:
            self._traffic.turned_away()
            return
        self._owed_count += 1

        def settled(reply: bytes) -> None:
            session.settle(reply)
            self._send(session.work(1), addr)

        answer = self._owner(self._listener, request, f"{addr[0]}:{addr[1]}")
        answer.addCallback(settled).addErrback(self._unanswered).addCallback(self._over)

    def _unanswered(self, failure: Failure) -> None:
        _log.error("a datagram got no answer: {kind}", kind=failure.type.__name__ if failure.type else "?")

    def _over(self, _: None) -> None:
        self._owed_count -= 1
        if not self._owed_count:
            waiting, self._idle = self._idle, []
            for each in waiting:
                each.callback(None)

    def _send(self, reply: bytes, addr: tuple[str, int]) -> None:
        if self.transport is not None:
            try:
                self.transport.write(reply, addr)
                self._traffic.sent(len(reply))
            except OSError as fault:
                self._traffic.unsent()
                # Too long for a datagram, or the peer is gone: UDP promises nothing.
                _log.info("a datagram was not sent: {where}", where=place_of(fault))
