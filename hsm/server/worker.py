"""A worker process: serves hosts on the shared ports; the owner of the state tells it everything it knows.

Started by ``hsm.server.workers`` as ``python -m hsm.server.worker FOUNDING ROW ROWS DIALECTS [SEED]``, with the link to
the owner and the shared counters as inherited descriptors.  It ends when the link does.
"""

from __future__ import annotations

import signal
import socket
import sys

from twisted.internet.defer import Deferred, succeed
from twisted.internet.protocol import connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure

from hsm.server.counters import Counters
from hsm.server.interprocess import (
    COUNTERS_DESCRIPTOR,
    LINK_DESCRIPTOR,
    Audited,
    AuditNotKept,
    Begin,
    Change,
    Execute,
    Joiner,
    Link,
    ListeningFailed,
    State,
    chunks,
    ports_heard,
)
from hsm.server.journal import begin_journal
from hsm.server.listening import Ports, PortUnavailable, Reactor
from hsm.server.ports import Household, Listener
from hsm.server.serving import founding_module, keep_memory_private, running_reactor, settle_down
from hsm.server.tls import TlsFilesUnusable

AUDIT_BYTES_MAX = 8 * 1_048_576
"""Sent to the owner and not yet kept."""

_log = Logger()


class OwnerLink(Link):
    """The worker's end of the link."""

    def __init__(self, reactor: Reactor, household: Household) -> None:
        super().__init__()
        self._reactor = reactor
        self._household = household
        self._state = Joiner()
        self._change = Joiner()
        self._ports: Ports | None = None
        self._untold_bytes = 0
        self._told: Deferred[None] = succeed(None)
        household.relay_audit(self.tell_audit)

    @State.responder
    def take_state(self, chunk: bytes, last: bool) -> dict[str, object]:
        """Take a piece of the state."""
        whole = self._state.joined(chunk, last)
        if whole is not None:
            self._household.restore(whole)
        return {}

    @Change.responder
    def take_change(self, chunk: bytes, last: bool) -> dict[str, object]:
        """Take a piece of a change; answered when it is in force."""
        whole = self._change.joined(chunk, last)
        if whole is not None:
            self._household.apply(whole)
        return {}

    @Begin.responder
    def begin(self, ports: str) -> dict[str, object]:
        """Listen."""
        listeners, limits = ports_heard(ports)
        self._ports = Ports(self._reactor, self._household, limits, self.executed_by_owner)
        try:
            self._ports.open(listeners, shared=True)
        except (PortUnavailable, TlsFilesUnusable) as fault:
            raise ListeningFailed(str(fault)) from None
        settle_down()
        return {}

    def executed_by_owner(self, listener: Listener, request: bytes, peer: str) -> Deferred[bytes]:
        """The owner's reply to *request* of *peer*."""
        return self.ask(Execute, listener=listener.name, request=request, peer=peer).addCallback(
            lambda answered: answered["reply"]
        )

    def tell_audit(self, entries: bytes) -> Deferred[None]:
        """Send the owner what the audit log must keep; fires when it is kept, fails with AuditNotKept when it is not.

        Raises AuditNotKept when too much waits already.
        """
        if self._untold_bytes + len(entries) > AUDIT_BYTES_MAX:
            raise AuditNotKept
        self._untold_bytes += len(entries)

        told: Deferred[None] = Deferred()

        def kept(_: object) -> None:
            self._untold_bytes -= len(entries)
            told.callback(None)

        def not_kept(_: Failure) -> None:
            # The owner has said where.
            self._untold_bytes -= len(entries)
            told.errback(AuditNotKept())

        *others, last = [self.ask(Audited, chunk=chunk, last=final) for chunk, final in chunks(entries)]
        for each in others:
            each.addErrback(lambda _: None)  # the last one fails too
        self._told = last.addCallbacks(kept, not_kept)
        return told

    def drain(self) -> Deferred[None] | None:
        """Finish what hosts have begun."""
        if self._ports is None or self.transport is None:
            return None
        # The owner answers in order, so with its last answer it has taken every entry.
        return self._ports.drain().addCallback(lambda _: self._told)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The owner is gone, and with it the state's truth: stop at once."""
        super().connectionLost(reason)  # type: ignore[no-untyped-call]  # AMP has no annotations
        self.transport = None
        if self._reactor.running:
            self._reactor.stop()


def main(arguments: list[str]) -> int:
    """Work until the owner says stop (SIGTERM) or ends."""
    name, row, rows, dialects = arguments[0], int(arguments[1]), int(arguments[2]), arguments[3].split(",")
    # Ctrl-C reaches every process of the terminal; when to stop is for the owner to say.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # A tamper event is the owner's too; it tells.
    signal.signal(signal.SIGUSR2, signal.SIG_IGN)
    keep_memory_private()
    begin_journal()
    founding = founding_module(name)
    counters = Counters(rows, founding.names_counted(dialects), row=row, descriptor=COUNTERS_DESCRIPTOR)
    household = founding.adopt(counters, int(arguments[4]) if len(arguments) > 4 else None)
    reactor = running_reactor()
    link = OwnerLink(reactor, household)
    with socket.socket(fileno=LINK_DESCRIPTOR) as inherited:
        link.adopted(reactor, inherited)
    reactor.addSystemEventTrigger("before", "shutdown", link.drain)
    reactor.run()
    household.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
