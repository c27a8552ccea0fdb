"""Opens and closes the sockets of host ports.

Sockets are bound here rather than by Twisted so that worker processes can share a port (SO_REUSEPORT) and a port chosen
by the kernel is the same for TCP and UDP.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from dataclasses import replace

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.interfaces import IListeningPort, IReactorCore, IReactorFromThreads, IReactorSocket, IReactorTime
from twisted.logger import Logger

from hsm.server.hostport import HostPort, Owner
from hsm.server.ports import Household, Limits, Listener
from hsm.server.tls import over_tls
from hsm.server.udp import HostDatagrams

BACKLOG = 256
FREE_PORT_TRIES = 16
DATAGRAM_BYTES_MAX = 65536

_log = Logger()


class Reactor(IReactorCore, IReactorFromThreads, IReactorSocket, IReactorTime):
    """The reactor's sides that serving needs."""


class PortUnavailable(Exception):
    """A port can't be listened on; says which and why."""


def bound(listener: Listener, kind: socket.SocketKind, *, shared: bool) -> socket.socket:
    """A non-blocking socket bound where *listener* says; *shared* lets other processes of ours bind there too.

    Raises OSError.
    """
    family = socket.AF_INET6 if ":" in listener.host else socket.AF_INET
    opened = socket.socket(family, kind)
    try:
        if kind == socket.SOCK_STREAM:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        opened.setblocking(False)
        opened.bind((listener.host, listener.port))
    except OSError:
        opened.close()
        raise
    return opened


def bound_pair(listener: Listener) -> tuple[Listener, socket.socket, socket.socket | None]:
    """*listener* with its real port number, and sockets for TCP and (without TLS) UDP on that number.

    Raises PortUnavailable.
    """
    tries = FREE_PORT_TRIES if listener.port == 0 else 1
    for left in reversed(range(tries)):
        try:
            stream = bound(listener, socket.SOCK_STREAM, shared=False)
        except OSError as fault:
            raise _unavailable(listener, "TCP", fault) from None
        fixed = replace(listener, port=int(stream.getsockname()[1]))
        if fixed.tls is not None:
            return fixed, stream, None
        try:
            return fixed, stream, bound(fixed, socket.SOCK_DGRAM, shared=False)
        except OSError as fault:
            stream.close()
            if not left:
                raise _unavailable(fixed, "UDP", fault) from None
    raise AssertionError("the last try returns or raises")


def reserved(listener: Listener) -> tuple[Listener, socket.socket]:
    """*listener* with its real port number, and a bound socket that keeps the number for workers' shared sockets.

    The socket never listens, so the kernel gives it no connections.  Raises PortUnavailable when anybody else has the
    port, which SO_REUSEPORT alone would not notice.
    """
    fixed, stream, datagrams = bound_pair(listener)
    stream.close()
    if datagrams is not None:
        datagrams.close()
    try:
        return fixed, bound(fixed, socket.SOCK_STREAM, shared=True)
    except OSError as fault:
        raise _unavailable(fixed, "TCP", fault) from None


def _unavailable(listener: Listener, transport: str, fault: OSError) -> PortUnavailable:
    return PortUnavailable(
        f"port {listener.name!r}: can't listen on {listener.host}:{listener.port} ({transport}): {fault.strerror}"
    )


class Ports:
    """The host ports of one process, open until ``close``."""

    def __init__(self, reactor: Reactor, household: Household, limits: Limits, owner: Owner) -> None:
        self._reactor = reactor
        self._household = household
        self._limits = limits
        self._owner = owner
        self._listening: list[IListeningPort] = []
        self._host_ports: list[HostPort] = []
        self._datagrams: list[HostDatagrams] = []
        self.listeners: tuple[Listener, ...] = ()

    def open(self, listeners: Sequence[Listener], *, shared: bool = False) -> None:
        """Listen on all of *listeners*; with *shared*, beside other processes.

        Raises PortUnavailable or TlsFilesUnusable; what was opened before stays open until ``close``.
        """
        for listener in listeners:
            if shared:
                try:
                    stream = bound(listener, socket.SOCK_STREAM, shared=True)
                    datagrams = None if listener.tls else bound(listener, socket.SOCK_DGRAM, shared=True)
                except OSError as fault:
                    raise _unavailable(listener, "shared", fault) from None
                fixed = listener
            else:
                fixed, stream, datagrams = bound_pair(listener)
            with stream:
                self._open_stream(fixed, stream)
            if datagrams is not None:
                with datagrams:
                    self._open_datagrams(fixed, datagrams)
            self.listeners += (fixed,)

    def _open_stream(self, listener: Listener, stream: socket.socket) -> None:
        port = HostPort(listener, self._household, self._limits, self._reactor, self._owner)
        factory = port if listener.tls is None else over_tls(port, listener.tls)
        try:
            stream.listen(BACKLOG)
        except OSError as fault:
            raise _unavailable(listener, "TCP", fault) from None
        # The reactor works on a duplicate of the descriptor.
        self._listening.append(self._reactor.adoptStreamPort(stream.fileno(), stream.family, factory))
        self._host_ports.append(port)

    def _open_datagrams(self, listener: Listener, opened: socket.socket) -> None:
        datagrams = HostDatagrams(listener, self._household, self._owner)
        self._listening.append(
            self._reactor.adoptDatagramPort(opened.fileno(), opened.family, datagrams, DATAGRAM_BYTES_MAX)
        )
        self._datagrams.append(datagrams)

    def drain(self) -> Deferred[None]:
        """Stop accepting, let replies in flight be written, and fire when all is closed, ``drain_seconds`` at most."""
        pending: list[Deferred[None]] = [each.drain() for each in self._datagrams]
        for port in self._listening:
            # A UDP port writes at once, so nothing is lost by closing it when its owed replies are out.
            if not hasattr(port, "maxPacketSize"):
                port.stopListening()
        pending += [port.drain() for port in self._host_ports]
        finished: Deferred[None] = Deferred()

        def over(_: object) -> None:
            if finished.called:
                return
            if deadline.active():
                deadline.cancel()
            for port in self._listening:
                port.stopListening()
            finished.callback(None)

        def cut_off() -> None:
            _log.warn("connections were still busy when the time to stop was up: cut off")
            for port in self._host_ports:
                port.abort()
            over(None)

        deadline = self._reactor.callLater(self._limits.drain_seconds, cut_off)
        gatherResults(pending, consumeErrors=True).addBoth(over)
        return finished
