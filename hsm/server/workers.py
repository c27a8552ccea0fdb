"""Worker processes from the owner's side: start them, tell them every change, replace the dead.

The owner holds the state, executes what changes it, and serves no hosts itself.  A request that makes a change is
answered only when every serving worker has made the change too; a worker that does not do so in time is ended, because
it would go on answering by the old state.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Sequence
from typing import cast

from twisted.internet.defer import Deferred, FirstError, gatherResults, succeed
from twisted.internet.error import ProcessExitedAlready
from twisted.internet.interfaces import IReactorProcess
from twisted.internet.protocol import ProcessProtocol
from twisted.logger import Logger
from twisted.python.failure import Failure

from hsm.audit.place import place_of
from hsm.server.config import Config
from hsm.server.counters import Counters, shared_file
from hsm.server.interprocess import (
    COUNTERS_DESCRIPTOR,
    LINK_DESCRIPTOR,
    Audited,
    AuditNotKept,
    Begin,
    Change,
    Execute,
    ExecutionFailed,
    Joiner,
    Link,
    State,
    chunks,
    ports_told,
)
from hsm.server.listening import Reactor, reserved
from hsm.server.ports import Household, Limits, Listener
from hsm.server.serving import (
    CANNOT_START,
    announce,
    founding_module,
    opened_console,
    running_reactor,
    settle_down,
    settle_each_second,
    zeroise_on_signal,
)
from hsm.server.tls import server_context

RESTARTS_MAX = 20
RESTART_WINDOW_SECONDS = 60.0
STOP_SECONDS_EXTRA = 1.0

_log = Logger()


class ProcessReactor(Reactor, IReactorProcess):
    """The reactor's sides that the owner needs."""


class WorkerProcess(ProcessProtocol):
    """One worker process and the link to it."""

    def __init__(self, staff: Staff, row: int) -> None:
        self.staff = staff
        self.row = row
        self.link = WorkerLink(staff)
        self.serving = False
        self.ended: Deferred[None] = Deferred()

    def processEnded(self, reason: Failure) -> None:
        """It is gone, for whatever reason."""
        self.serving = False
        self.staff.lost(self)
        self.ended.callback(None)

    def signal(self, name: str) -> None:
        """Send it the signal *name* (``TERM``, ``KILL``)."""
        if self.transport is not None:
            try:
                self.transport.signalProcess(name)
            except ProcessExitedAlready:
                return


class WorkerLink(Link):
    """The owner's end of the link to one worker."""

    def __init__(self, staff: Staff) -> None:
        super().__init__()
        self._staff = staff
        self._audit = Joiner()

    @Execute.responder
    def execute(self, listener: str, request: bytes, peer: str) -> Deferred[dict[str, bytes]]:
        """Execute for the worker; the answer waits until every worker knows what changed."""
        return self._staff.executed(listener, request, peer).addCallback(lambda reply: {"reply": reply})

    @Audited.responder
    def audited(self, chunk: bytes, last: bool) -> dict[str, object]:
        """Keep what the worker's audit log would have."""
        whole = self._audit.joined(chunk, last)
        if whole is not None:
            self._staff.audited(whole)
        return {}


class Staff:
    """All workers of one owner."""

    def __init__(
        self,
        reactor: ProcessReactor,
        household: Household,
        listeners: Sequence[Listener],
        limits: Limits,
        command: Sequence[str],
        counters_descriptor: int,
    ) -> None:
        """*command* starts a worker, with its row of counters put in place of the word ``ROW``."""
        self._reactor = reactor
        self._household = household
        self._listeners = {each.name: each for each in listeners}
        self._told = ports_told(listeners, limits)
        self._limits = limits
        self._command = command
        self._counters_descriptor = counters_descriptor
        self._workers: dict[int, WorkerProcess] = {}
        self._unacknowledged: set[Deferred[None]] = set()
        self._restarts: list[float] = []
        self._stopping = False
        self.exit_code = 0
        household.on_change(self.tell)

    def hire(self, row: int) -> Deferred[None]:
        """Start the worker of *row*; fires when it listens, fails with ListeningFailed when it can't."""
        worker = WorkerProcess(self, row)
        self._workers[row] = worker
        ours, theirs = socket.socketpair()
        with ours, theirs:
            descriptors = {0: 0, 1: 1, 2: 2, LINK_DESCRIPTOR: theirs.fileno()}
            descriptors[COUNTERS_DESCRIPTOR] = self._counters_descriptor
            command = [str(row) if word == "ROW" else word for word in self._command]
            self._reactor.spawnProcess(worker, command[0], command, env=None, childFDs=descriptors)
            worker.link.adopted(self._reactor, ours)
        restored = [
            worker.link.ask(State, chunk=chunk, last=last) for chunk, last in chunks(self._household.snapshot())
        ]

        def listen(_: object) -> Deferred[dict[str, bytes]]:
            # From here on changes wait for this worker: those made earlier reach it before it listens.
            worker.serving = True
            return worker.link.ask(Begin, ports=self._told)

        return gatherResults(restored, consumeErrors=True).addCallback(listen).addCallback(lambda _: None)

    def executed(self, listener_name: str, request: bytes, peer: str) -> Deferred[bytes]:
        """The reply to *request* of *peer*, once every serving worker has what it changed.  Fails with ExecutionFailed."""
        try:
            reply = self._household.execute(self._listeners[listener_name], request, peer)
            self._household.flush()
        except Exception as fault:
            _log.critical("an owed request failed: {where}", where=place_of(fault))
            raise ExecutionFailed from None
        return self.settled().addCallback(lambda _: reply)

    def committed(self) -> Deferred[None]:
        """Fires when the audit log has what was done here, and every serving worker what was changed."""
        self._household.flush()
        return self.settled()

    def settled(self) -> Deferred[None]:
        """Fires when every serving worker has made the changes told so far."""
        if not self._unacknowledged:
            return succeed(None)
        return gatherResults([_follow(each) for each in self._unacknowledged]).addCallback(lambda _: None)

    def audited(self, told: bytes) -> None:
        """Keep in the audit log what a worker *told*.  Raises AuditNotKept."""
        try:
            self._household.relayed_audit(told)
        except Exception as fault:
            _log.critical("the audit log can't be written: {where}", where=place_of(fault))
            raise AuditNotKept from None

    def tell(self, change: bytes) -> None:
        """Send *change* to every worker."""
        for worker in tuple(self._workers.values()):
            sent = [worker.link.ask(Change, chunk=chunk, last=last) for chunk, last in chunks(change)]
            if worker.serving:
                self._await(worker, sent[-1])
            for each in sent:
                each.addErrback(lambda _: None)

    def _await(self, worker: WorkerProcess, asked: Deferred[dict[str, bytes]]) -> None:
        acknowledged: Deferred[None] = Deferred()
        self._unacknowledged.add(acknowledged)
        patience = self._limits.change_seconds
        late = self._reactor.callLater(patience, self._dismiss, worker) if patience > 0 else None

        def settled(_: object) -> None:
            if late is not None and late.active():
                late.cancel()
            self._unacknowledged.discard(acknowledged)
            acknowledged.callback(None)

        # A worker that is lost meanwhile fails the call, which is as good: nobody is served by the old state.
        asked.addBoth(settled)

    def _dismiss(self, worker: WorkerProcess) -> None:
        _log.critical("worker {row} does not take a change: ended", row=worker.row)
        worker.signal("KILL")

    def lost(self, worker: WorkerProcess) -> None:
        """Replace *worker*, unless we are stopping or workers die too often."""
        if self._workers.get(worker.row) is worker:
            del self._workers[worker.row]
        # Its link ends by itself, once everything is read that the worker had said.
        if self._stopping:
            return
        now = self._reactor.seconds()
        self._restarts = [each for each in self._restarts if now - each < RESTART_WINDOW_SECONDS] + [now]
        if len(self._restarts) > RESTARTS_MAX:
            self.give_up("workers end as soon as they are started")
            return
        _log.error("worker {row} ended: replaced", row=worker.row)
        self._household.befell("WORKER")
        self.hire(worker.row).addCallbacks(
            lambda _: _log.info("worker {row} serves again", row=worker.row), self._not_hired
        )

    def _not_hired(self, failure: Failure) -> None:
        # A worker that ended before it listened is replaced by ``lost``.
        if failure.check(ConnectionError) is None and not self._stopping:
            _log.error("a worker can't serve: {kind}", kind=failure.type.__name__ if failure.type else "?")

    def give_up(self, why: str) -> None:
        """Stop the server with an exit code that says so."""
        if self._stopping:
            return
        _log.critical("{why}: stopping", why=why)
        self._stopping = True
        self.exit_code = CANNOT_START
        self._reactor.stop()

    def drain(self) -> Deferred[None]:
        """Have every worker finish and end; fires when all are gone, or killed after the time for it."""
        self._stopping = True
        workers = tuple(self._workers.values())
        for worker in workers:
            worker.signal("TERM")

        def kill() -> None:
            for worker in workers:
                worker.signal("KILL")

        deadline = self._reactor.callLater(self._limits.drain_seconds + STOP_SECONDS_EXTRA, kill)

        def over(_: object) -> None:
            if deadline.active():
                deadline.cancel()

        return gatherResults([each.ended for each in workers]).addBoth(over)


def _follow(source: Deferred[None]) -> Deferred[None]:
    """A Deferred of its own that fires when *source* does."""
    follower: Deferred[None] = Deferred()

    def passed_on(_: None) -> None:
        follower.callback(None)

    source.addCallback(passed_on)
    return follower


def _worker_command(config: Config, founding_name: str, rows: int) -> tuple[str, ...]:
    """What starts a worker; its row of counters goes in place of ROW."""
    seed = () if config.seed is None else (str(config.seed),)
    spoken = ",".join(config.dialects)
    return sys.executable, "-m", "hsm.server.worker", founding_name, "ROW", str(rows), spoken, *seed


def serve_with_workers(config: Config, founding_name: str) -> int:
    """Serve with ``config.workers`` processes until told to stop; gives the exit code.

    Raises ConfigError, PortUnavailable or TlsFilesUnusable.
    """
    founding = founding_module(founding_name)
    rows = config.workers + 1
    names = founding.names_counted(config.dialects)
    descriptor = shared_file(rows, names)
    household = founding.found(config, Counters(rows, names, row=0, descriptor=descriptor))
    reservations = []
    listeners = []
    try:
        for each in household.listeners(config.listeners):
            if each.tls is not None:
                server_context(each.tls)
            fixed, reservation = reserved(each)
            listeners.append(fixed)
            reservations.append(reservation)
        reactor = cast(ProcessReactor, running_reactor())
        command = _worker_command(config, founding_name, rows)
        staff = Staff(reactor, household, listeners, config.limits, command, descriptor)
        reactor.addSystemEventTrigger("before", "shutdown", staff.drain)
        console = opened_console(reactor, household, config, staff.committed)
        zeroise_on_signal(reactor, household, staff.settled)
        settle_each_second(reactor, household)

        def start() -> None:
            hired = [staff.hire(row) for row in range(1, rows)]
            gatherResults(hired, consumeErrors=True).addCallback(ready).addErrback(failed)

        def ready(_: object) -> None:
            settle_down()
            household.listening(listeners)
            announce(config, listeners, console)

        def failed(failure: Failure) -> None:
            told = failure.value.subFailure if isinstance(failure.value, FirstError) else failure
            print(f"hsm serve: can't start: {told.getErrorMessage()}", file=sys.stderr, flush=True)
            staff.give_up("not ready")

        reactor.callLater(0, start)
        reactor.run()
        return staff.exit_code
    finally:
        for reservation in reservations:
            reservation.close()
        os.close(descriptor)
        household.close()
