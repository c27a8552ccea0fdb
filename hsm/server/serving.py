"""Runs a configured server until it is told to stop."""

from __future__ import annotations

import gc
import resource
import signal
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, cast

from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from hsm.audit.place import place_of
from hsm.audit.record import AuditUnwritable
from hsm.client.monotonic import without_time_of_day
from hsm.client.readyfile import write_ready_file
from hsm.server.config import Config, ConfigError
from hsm.server.counters import Counters
from hsm.server.hostport import Owner
from hsm.server.journal import begin_journal
from hsm.server.listening import Ports, PortUnavailable, Reactor
from hsm.server.ports import Founding, Household, Listener
from hsm.server.tls import TlsFilesUnusable
from hsm.storage.database import StorageError

if TYPE_CHECKING:
    from hsm.server.consoleport import ConsolePorts
    from hsm.server.localsocket import LocalReactor
    from hsm.server.terminal import Committed

FOUNDING = "hsm.server.founding"
"""The module that makes the household; worker processes are told its name too."""

CANNOT_START = 1
SETTLE_SECONDS = 1.0

_log = Logger()


def founding_module(name: str) -> Founding:
    """The module *name* as what makes households."""
    return cast(Founding, import_module(name))


def running_reactor() -> Reactor:
    """The process's reactor; imported late, because importing it installs it."""
    from twisted.internet import reactor

    without_time_of_day(cast(Reactor, reactor))
    return cast(Reactor, reactor)


def executed_here(household: Household) -> Owner:
    """The owner of the state, when that is this process."""

    def owner(listener: Listener, request: bytes, peer: str) -> Deferred[bytes]:
        reply = household.execute(listener, request, peer)
        household.flush()
        return succeed(reply)

    return owner


def committed_here(household: Household) -> Committed:
    """What an operator must wait for, when this process is the only one."""

    def committed() -> Deferred[None]:
        return household.flush() or succeed(None)

    return committed


def opened_console(reactor: Reactor, household: Household, config: Config, committed: Committed) -> ConsolePorts | None:
    """The ways into the console that *config* asks for, open until the reactor stops; None when it asks for none.

    Raises PortUnavailable, ConfigError.
    """
    if not config.console.wanted(config.state_dir):
        return None
    from hsm.server.consoleport import ConsolePorts

    local = cast("LocalReactor", reactor)
    console = ConsolePorts(local, household.console, config.console, config.state_dir, committed)
    reactor.addSystemEventTrigger("before", "shutdown", console.drain)
    console.open()
    return console


def announce(config: Config, listeners: Sequence[Listener], console: ConsolePorts | None = None) -> None:
    """Say in the ready file and then on standard error where the server listens."""
    consoles = {} if console is None else console.ports
    if config.ready_file is not None:
        write_ready_file(config.ready_file, {each.name: each.port for each in listeners} | consoles)
    told = [f"{each.name}: listening on {each.host}:{each.port}" for each in listeners]
    told = [f"{text} ({'TLS' if each.tls else 'TCP and UDP'})" for text, each in zip(told, listeners, strict=True)]
    told += [f"{name}: listening on {config.console.host}:{number}" for name, number in consoles.items()]
    for text in told:
        print(text, file=sys.stderr, flush=True)


def settle_down() -> None:
    """Call when start-up is over: what lives until the end need not be looked at by every garbage collection."""
    gc.collect()
    gc.freeze()


def settle_each_second(reactor: Reactor, household: Household) -> None:
    """Let the owner of the state keep every second what no request does; a fault is told once, until it is over."""
    faults: list[str] = []

    def settle() -> None:
        try:
            household.settle()
            faults.clear()
        except (StorageError, AuditUnwritable) as fault:
            if not faults:
                _log.error("{fault}", fault=str(fault))
                faults.append(str(fault))

    each_second = LoopingCall(settle)
    each_second.clock = reactor
    each_second.start(SETTLE_SECONDS, now=False)


def keep_memory_private() -> None:
    """No core file: it would hold the clear keys."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def at_once() -> Deferred[None]:
    """For a server without workers: what was changed is changed everywhere."""
    return succeed(None)


def zeroise_on_signal(reactor: Reactor, household: Household, settled: Callable[[], Deferred[None]] = at_once) -> None:
    """Have SIGUSR2 be a tamper event: whatever watches the machine can destroy the keys without a console.

    It is told on standard error once it is *settled*, so that every process has made the change.
    """

    def told(_: None) -> None:
        print("hsm serve: tamper event: all keys are destroyed", file=sys.stderr, flush=True)

    def zeroise() -> None:
        try:
            household.tamper()
        except Exception as fault:
            _log.critical("tamper event, and it can't be kept at rest: {where}", where=place_of(fault))
        settled().addCallback(told)

    signal.signal(signal.SIGUSR2, lambda number, frame: reactor.callFromThread(zeroise))


def serve(config: Config) -> int:
    """Serve until SIGTERM or SIGINT, and give the exit code."""
    keep_memory_private()
    begin_journal()
    try:
        if config.ready_file is not None:
            # Who waits for the file must not find that of an earlier run.
            Path(config.ready_file).unlink(missing_ok=True)
        if config.workers:
            from hsm.server.workers import serve_with_workers

            return serve_with_workers(config, FOUNDING)
        return _serve_alone(config)
    except (AuditUnwritable, ConfigError, PortUnavailable, TlsFilesUnusable) as fault:
        print(f"hsm serve: {fault}", file=sys.stderr)
    except OSError as fault:
        print(f"hsm serve: {fault.filename or 'system'}: {fault.strerror}", file=sys.stderr)
    return CANNOT_START


def _serve_alone(config: Config) -> int:
    founding = founding_module(FOUNDING)
    household = founding.found(config, Counters(1, founding.names_counted(config.dialects)))
    try:
        reactor = running_reactor()
        ports = Ports(reactor, household, config.limits, executed_here(household))
        ports.open(household.listeners(config.listeners))
        reactor.addSystemEventTrigger("before", "shutdown", ports.drain)
        console = opened_console(reactor, household, config, committed_here(household))
        zeroise_on_signal(reactor, household)
        settle_each_second(reactor, household)
        unready: list[OSError] = []

        def ready() -> None:
            settle_down()
            household.listening(ports.listeners)
            try:
                announce(config, ports.listeners, console)
            except OSError as fault:
                unready.append(fault)
                reactor.stop()

        # The reactor's first round comes after it took over the signals, so who sees the ready file may send one.
        reactor.callLater(0, ready)
        reactor.run()
    finally:
        household.close()
    if unready:
        raise unready[0]
    return 0
