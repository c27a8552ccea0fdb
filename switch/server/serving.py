"""Runs a configured switch until it is told to stop."""

from __future__ import annotations

import gc
import os
import resource
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol, cast

from twisted.internet.defer import Deferred
from twisted.internet.error import CannotListenError, ReactorNotRunning
from twisted.internet.interfaces import IReactorCore, IReactorFromThreads, IReactorTime

from hsm.client.monotonic import without_time_of_day
from hsm.client.readyfile import write_ready_file
from switch.config.switchfile import SwitchConfig
from switch.config.tables import Tables
from switch.issuer.loading import LoadError, read_books
from switch.server.assembly import Assembly
from switch.server.board import Board, LiveRecords
from switch.server.consoleport import ConsolePort
from switch.server.logfile import LogFile, begin_log
from switch.server.metricsport import MetricsPort, Scrapes
from switch.server.storage import Store, now_us
from switch.server.tls import TlsFilesUnusable
from switch.store.database import StoreError
from switch.tablefile import TableFileError

CANNOT_START, MISCONFIGURED = 1, 2
GARBAGE_OBJECTS, GARBAGE_ROUNDS = 20_000, 20
TURN_SECONDS = 0.0005


class Reactor(IReactorCore, IReactorTime, IReactorFromThreads):
    """The sides of the process's reactor that are used here."""


class _Port(Protocol):
    def close(self) -> Deferred[object]: ...


class Serving:
    """One process that is a switch: its parts, its ports for operators, and their end."""

    def __init__(self, reactor: Reactor, config: SwitchConfig, tables: Tables, store: Store, log: LogFile) -> None:
        """Raises TlsFilesUnusable, and TableFileError for the issuer's files."""
        self._reactor, self._config, self._log = reactor, config, log
        books = None if config.issuer is None else read_books(config.issuer, config.folder)
        self.assembly = Assembly(reactor, config, tables, books, store, log.tell)
        self._ports: list[_Port] = []

    def open(self) -> Mapping[str, int]:
        """Listen everywhere, and call; the ports by name.  Raises CannotListenError, OSError."""
        config, assembly = self._config, self.assembly
        board = Board(assembly, self._log, self.stop)
        records = LiveRecords(assembly, self._reactor, self._log.tell)
        ports: dict[str, int] = {}
        if config.console is not None:
            console = ConsolePort(self._reactor, board, records, self._log.tell)
            self._ports.append(console)
            port = console.open(config.console)
            ports |= {"console": port} if port else {}
        if config.metrics is not None:
            metrics = MetricsPort(self._reactor, Scrapes(self._reactor, board.running, records.kept, now_us))
            self._ports.append(metrics)
            ports["metrics"] = metrics.open(config.metrics)
        assembly.start()
        servers = [link.config.name for link in assembly.links if not link.config.profile.calls]
        # Of links that this process does not have yet there is none.
        return {name: port for name in servers if (port := assembly.links.port(name))} | ports

    def stop(self) -> None:
        """End the switch, soon."""
        self._reactor.callLater(0, self._stop)

    def _stop(self) -> None:
        try:
            self._reactor.stop()
        except ReactorNotRunning:
            return  # it ends already

    def end(self) -> Deferred[None]:
        """Close everything in order; fires when that is done."""
        return Deferred.fromCoroutine(self._end())

    async def _end(self) -> None:
        await self.assembly.end()
        for port in self._ports:
            await port.close()


def serve(config: SwitchConfig, tables: Tables, ready_file: str | None) -> int:
    """Serve until SIGTERM, SIGINT or an operator's ``stop``; the exit code."""
    # A core file would hold PANs and tracks.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if ready_file is not None:
        # Who waits for the file must not find that of an earlier run.
        Path(ready_file).unlink(missing_ok=True)
    try:
        log = LogFile(config.log)
    except OSError as fault:
        return _complain(f"{fault.filename}: {fault.strerror}", MISCONFIGURED)
    begin_log(log)
    from twisted.internet import reactor

    without_time_of_day(cast(Reactor, reactor))
    try:
        store = Store(config.database_url)
        try:
            return _run(cast(Reactor, reactor), config, tables, store, log, ready_file)
        finally:
            store.close()
    except (TlsFilesUnusable, TableFileError, LoadError) as fault:
        return _complain(str(fault), MISCONFIGURED)
    except (StoreError, CannotListenError) as fault:
        return _complain(str(fault), CANNOT_START)
    except OSError as fault:
        return _complain(f"{fault.filename or 'system'}: {fault.strerror}", CANNOT_START)
    finally:
        log.close()


def _run(
    reactor: Reactor, config: SwitchConfig, tables: Tables, store: Store, log: LogFile, ready_file: str | None
) -> int:
    serving = Serving(reactor, config, tables, store, log)
    serving.assembly.prepare()
    store.deliver(reactor.callFromThread)
    failed: list[OSError] = []

    def ready(ports: Mapping[str, int]) -> None:
        # What lives until the end need not be looked at by every garbage collection.
        gc.collect()
        gc.freeze()
        # A transaction makes hundreds of objects and leaves none: looked at less often, most are gone by then.
        gc.set_threshold(GARBAGE_OBJECTS, GARBAGE_ROUNDS, GARBAGE_ROUNDS)
        # The store's thread waits so long for its turn, several times for each group that it writes.
        sys.setswitchinterval(TURN_SECONDS)
        signal.signal(signal.SIGHUP, lambda number, frame: reactor.callFromThread(log.reopen))
        log.tell("started", pid=os.getpid(), switch=config.name, era=store.era)
        try:
            if ready_file is not None:
                write_ready_file(ready_file, ports)
        except OSError as fault:
            failed.append(fault)
            serving.stop()

    reactor.addSystemEventTrigger("before", "shutdown", serving.end)
    # The reactor's first round comes after it took over the signals, so who sees the ready file may send one.
    reactor.callLater(0, ready, serving.open())
    reactor.run()
    if failed:
        raise failed[0]
    return 0


def _complain(text: str, code: int) -> int:
    print(f"switch serve: {text}", file=sys.stderr)
    return code
