"""The ways into the console: the local socket, telnet on loopback, SSH."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Callable
from typing import Protocol as Shape
from typing import cast

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IAddress, IHalfCloseableProtocol, IListeningPort, IPushProducer, IReactorTime
from twisted.internet.protocol import Protocol, ServerFactory, connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from hsm.console.line import Console
from hsm.server.config import ConsoleConfig
from hsm.server.lineeditor import LineEditor
from hsm.server.listening import PortUnavailable, bound
from hsm.server.localsocket import LocalPort, LocalReactor, bound_locally
from hsm.server.ports import Listener
from hsm.server.telnet import TelnetServer, escaped
from hsm.server.terminal import Carrier, Committed, Terminal, TerminalLimits

LINES_MAX = 8
BACKLOG = 16
STOP_SECONDS = 1.0
FULL = f"All {LINES_MAX} lines are taken.\n"
_PEER_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid: struct ucred of unix(7)

_log = Logger()


class Lines:
    """The lines now open, on whatever port they came."""

    def __init__(
        self, console: Callable[[str], Console], clock: IReactorTime, committed: Committed, limits: TerminalLimits
    ) -> None:
        self._console = console
        self.clock = clock
        self._committed = committed
        self._limits = limits
        self._open: set[Terminal] = set()
        self._emptied: Deferred[None] | None = None

    def terminal(self, line: str, carrier: Carrier, editor: LineEditor) -> Terminal | None:
        """A terminal on *line* (``telnet 127.0.0.1:4711``), which ``release`` gives back; None when there is no room."""
        if len(self._open) >= LINES_MAX or self._emptied is not None:
            return None
        terminal = Terminal(self._console(line), carrier, self.clock, self._committed, self._limits, editor)
        self._open.add(terminal)
        _log.info("console opened: {line}", line=line)
        return terminal

    def release(self, terminal: Terminal) -> None:
        """The line of *terminal* is gone."""
        self._open.discard(terminal)
        terminal.dropped()
        if not self._open and self._emptied is not None and not self._emptied.called:
            self._emptied.callback(None)

    def drain(self) -> Deferred[None]:
        """Close every line; fires when the last is gone."""
        self._emptied = Deferred()
        for each in tuple(self._open):
            each.finish()
        if not self._open:
            return succeed(None)
        return self._emptied


class _Transport(Shape):
    """What a telnet line uses of TCP's and Unix sockets' transports."""

    def write(self, data: bytes) -> None: ...
    def loseConnection(self) -> None: ...
    def abortConnection(self) -> None: ...
    def pauseProducing(self) -> None: ...
    def resumeProducing(self) -> None: ...
    def registerProducer(self, producer: object, streaming: bool) -> None: ...
    def unregisterProducer(self) -> None: ...
    def getPeer(self) -> IAddress: ...


@implementer(IHalfCloseableProtocol, IPushProducer)
class TelnetLine(Protocol):
    """One line that speaks telnet, over TCP or the *local* socket."""

    _stream: _Transport

    def __init__(self, lines: Lines, *, local: bool) -> None:
        self._lines = lines
        self._local = local
        self._telnet = TelnetServer()
        self._terminal: Terminal | None = None

    # -- what the transport tells
    def connectionMade(self) -> None:
        """Greet, if whoever calls may and there is room."""
        self._stream = cast(_Transport, self.transport)
        if self._local and not self._same_user():
            _log.warn("console: another user at the local socket: closed")
            self._stream.abortConnection()
            return
        peer = self._stream.getPeer()
        address = f"{getattr(peer, 'host', '?')}:{getattr(peer, 'port', 0)}"
        line = "local" if self._local else f"telnet {address}"
        self._terminal = self._lines.terminal(line, self, LineEditor())
        if self._terminal is None:
            self._stream.write(FULL.replace("\n", "\r\n").encode())
            self._stream.loseConnection()
            return
        self._stream.registerProducer(self, True)
        self._stream.write(TelnetServer.OPENING)
        self._terminal.begin()

    def _same_user(self) -> bool:
        opened: socket.socket = self.transport.socket  # type: ignore[union-attr]  # of the Unix transport
        wanted = getattr(socket, "SO_PEERCRED", None)
        if wanted is None:
            return True  # the socket's mode lets nobody else in where the system does not tell who calls
        told = opened.getsockopt(socket.SOL_SOCKET, wanted, _PEER_CREDENTIALS.size)
        return bool(_PEER_CREDENTIALS.unpack(told)[1] == os.geteuid())

    def dataReceived(self, data: bytes) -> None:
        """Take what was typed, and answer what was negotiated."""
        if self._terminal is None:
            return
        typed = self._telnet.received(data)
        if reply := self._telnet.reply():
            self._stream.write(reply)
        self._terminal.resized(self._telnet.columns)
        if self._telnet.echo_refused:
            self._terminal.cant_hide()
        if typed:
            self._terminal.received(typed)

    def readConnectionLost(self) -> None:
        """The other side will send no more."""
        if self._terminal is not None:
            self._terminal.ended()
        else:
            self._stream.loseConnection()

    def writeConnectionLost(self) -> None:
        """Only we close the writing side, and then both."""

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The line is gone."""
        if self._terminal is not None:
            self._lines.release(self._terminal)
            self._terminal = None

    def pauseProducing(self) -> None:
        """The transport: what was written piles up."""
        if self._terminal is not None:
            self._terminal.blocked(True)

    def resumeProducing(self) -> None:
        """The transport: it is written."""
        if self._terminal is not None:
            self._terminal.blocked(False)

    def stopProducing(self) -> None:
        """The transport: the connection broke; connectionLost follows."""

    # -- what the terminal asks
    def write(self, shown: bytes) -> None:
        self._stream.write(escaped(shown))

    def pause(self) -> None:
        self._stream.pauseProducing()

    def resume(self) -> None:
        self._stream.resumeProducing()

    def close(self) -> None:
        self._stream.unregisterProducer()
        self._stream.loseConnection()

    def abort(self) -> None:
        self._stream.abortConnection()


class TelnetPort(ServerFactory):
    """Makes telnet lines."""

    noisy = False

    def __init__(self, lines: Lines, *, local: bool) -> None:
        self._lines = lines
        self._local = local

    def buildProtocol(self, addr: IAddress | None) -> TelnetLine:
        """A line; whether there is room is decided once it stands."""
        return TelnetLine(self._lines, local=self._local)


class ConsolePorts:
    """Every way into the console of one appliance, open until ``drain``."""

    def __init__(
        self,
        reactor: LocalReactor,
        console: Callable[[str], Console],
        config: ConsoleConfig,
        state_dir: str | None,
        committed: Committed,
    ) -> None:
        self._reactor = reactor
        self._config = config
        self._state_dir = state_dir
        self._listening: list[IListeningPort | LocalPort] = []
        self._lines = Lines(console, reactor, committed, TerminalLimits(idle_seconds=config.idle_seconds))
        self.ports: dict[str, int] = {}
        """Port numbers by name: ``console``, ``ssh``."""

    def open(self) -> None:
        """Listen where the configuration says.  Raises PortUnavailable, ConfigError; then nothing listens."""
        try:
            self._open_all()
        except BaseException:
            self._stop_listening()
            raise

    def _open_all(self) -> None:
        config = self._config
        path = config.socket_path(self._state_dir)
        if path is not None:
            factory = TelnetPort(self._lines, local=True)
            self._listening.append(LocalPort(path, bound_locally(path), self._reactor, factory))
        if config.port is not None:
            self._open("console", config.port, TelnetPort(self._lines, local=False))
        if config.ssh_port is not None:
            from hsm.server.ssh import ssh_port

            self._open("ssh", config.ssh_port, ssh_port(self._lines, config, self._state_dir))

    def _open(self, name: str, number: int, factory: ServerFactory) -> None:
        try:
            with bound(Listener(name, number, self._config.host), socket.SOCK_STREAM, shared=False) as opened:
                self.ports[name] = int(opened.getsockname()[1])
                self._adopt(opened, factory)
        except OSError as fault:
            raise PortUnavailable(
                f"port {name!r}: can't listen on {self._config.host}:{number}: {fault.strerror}"
            ) from None

    def _adopt(self, opened: socket.socket, factory: ServerFactory) -> None:
        opened.listen(BACKLOG)
        self._listening.append(self._reactor.adoptStreamPort(opened.fileno(), opened.family, factory))

    def drain(self) -> Deferred[None]:
        """Close every line and port; fires when all are closed, after STOP_SECONDS at most."""
        self._stop_listening()
        closed: Deferred[None] = Deferred()

        def over(_: object = None) -> None:
            if deadline.active():
                deadline.cancel()
            if not closed.called:
                closed.callback(None)

        deadline = self._reactor.callLater(STOP_SECONDS, over)
        self._lines.drain().addCallback(over)
        return closed

    def _stop_listening(self) -> None:
        for each in self._listening:
            each.stopListening()
        self._listening.clear()
