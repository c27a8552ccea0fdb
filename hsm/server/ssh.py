"""The console over SSH (RFC 4251-4254): public keys, a terminal, and nothing else.

No passwords, commands, subsystems, forwarding or agents.  Whoever has logged in and opens no console, and whoever does
not log in, is cut off after GRACE_SECONDS.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import cast

from twisted.conch.avatar import ConchUser
from twisted.conch.error import ConchError, ValidPublicKey
from twisted.conch.interfaces import IConchUser
from twisted.conch.ssh.channel import SSHChannel
from twisted.conch.ssh.common import getNS
from twisted.conch.ssh.connection import (
    EXTENDED_DATA_STDERR,
    OPEN_ADMINISTRATIVELY_PROHIBITED,
    OPEN_UNKNOWN_CHANNEL_TYPE,
    SSHConnection,
)
from twisted.conch.ssh.factory import SSHFactory
from twisted.conch.ssh.keys import Key
from twisted.conch.ssh.service import SSHService
from twisted.conch.ssh.session import parseRequest_pty_req, parseRequest_window_change
from twisted.conch.ssh.transport import SSHServerTransport, SSHTransportBase
from twisted.conch.ssh.userauth import SSHUserAuthServer
from twisted.cred.checkers import ICredentialsChecker
from twisted.cred.credentials import ISSHPrivateKey, SSHPrivateKey
from twisted.cred.error import UnauthorizedLogin
from twisted.cred.portal import IRealm, Portal
from twisted.internet.defer import Deferred, execute
from twisted.internet.interfaces import IAddress, IDelayedCall, IReactorTime, ITCPTransport
from twisted.internet.protocol import ServerFactory
from twisted.logger import ILogObserver, LogEvent, Logger
from twisted.python.failure import Failure
from zope.interface import Interface, implementer, provider

from hsm.server.config import ConfigError, ConsoleConfig
from hsm.server.consoleport import FULL, Lines
from hsm.server.lineeditor import LineEditor
from hsm.server.sshkeys import SIGNATURES, authorized_keys, host_key, user_of
from hsm.server.terminal import Terminal

CONNECTIONS_MAX = 16
GRACE_SECONDS = 60.0
WINDOW_BYTES = 16_384
PACKET_BYTES_MAX = 4_096
CIPHERS = [b"aes256-ctr", b"aes192-ctr", b"aes128-ctr"]
MACS = [b"hmac-sha2-512", b"hmac-sha2-256"]
KEY_EXCHANGES = [
    each
    for each in SSHServerTransport.supportedKeyExchanges
    if each.startswith((b"mlkem", b"curve25519", b"ecdh-sha2-"))
]
COMPRESSIONS = [b"none"]
ONLY_A_CONSOLE = "This is a console: log in without a command.  There is no other service.\n"

_log = Logger()


@provider(ILogObserver)
def _unheard(event: LogEvent) -> None:
    """Takes what Conch logs: every packet, in a stranger's words."""


_conch = Logger("twisted.conch", observer=_unheard)


@implementer(ICredentialsChecker)
class KeyChecker:
    """Knows who may log in; the file is read at every login, so that a key taken out of it opens nothing any more."""

    credentialInterfaces = (ISSHPrivateKey,)

    def __init__(self, path: str) -> None:
        self._path = path

    def requestAvatarId(self, credentials: SSHPrivateKey) -> Deferred[bytes | tuple[()]]:
        """The user's name.  Fails with UnauthorizedLogin, or with ValidPublicKey while a right key has not signed yet."""
        return execute(self._user, credentials)

    def _user(self, credentials: SSHPrivateKey) -> bytes:
        user = user_of(credentials.username)
        try:
            return self._checked(user, credentials)
        except ValidPublicKey:
            raise
        except UnauthorizedLogin:
            _log.info("ssh: login refused: {user}", user=user or "?")
            raise

    def _checked(self, user: str | None, credentials: SSHPrivateKey) -> bytes:
        try:
            offered = Key.fromString(credentials.blob)
            known = authorized_keys(self._path).get(user or "", [])
        except ConfigError as fault:
            _log.error("ssh: nobody can log in: {fault}", fault=fault)
            raise UnauthorizedLogin from None
        except Exception:
            raise UnauthorizedLogin from None  # what a stranger sends as a key may fail to parse in any way
        if user is None or offered not in known:
            raise UnauthorizedLogin
        if not credentials.signature:
            raise ValidPublicKey
        try:
            algorithm, _ = getNS(credentials.signature)
            right = algorithm in SIGNATURES and offered.verify(credentials.signature, credentials.sigData)
        except Exception:
            raise UnauthorizedLogin from None
        if not right:
            raise UnauthorizedLogin
        return user.encode()


@implementer(IRealm)
class Operators:
    """Makes whoever has logged in an operator."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines

    def requestAvatar(
        self, avatarId: bytes | tuple[()], mind: object, *interfaces: type[Interface]
    ) -> tuple[type[Interface], object, Callable[[], None]]:
        """The operator *avatarId*."""
        assert isinstance(avatarId, bytes)
        assert IConchUser in interfaces
        return IConchUser, Operator(self._lines, avatarId.decode()), lambda: None


class Operator(ConchUser):
    """Somebody who has logged in; one console each time."""

    _log = _conch

    def __init__(self, lines: Lines, name: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Conch has no annotations
        self.lines = lines
        self.name = name
        self.has_channel = False
        self.has_console = False

    def lookupChannel(self, channelType: bytes, windowSize: int, maxPacket: int, data: bytes) -> SSHChannel:
        """A console, once.  Raises ConchError for everything else."""
        if channelType != b"session":
            raise ConchError(OPEN_UNKNOWN_CHANNEL_TYPE, "only sessions")
        if self.has_channel:
            raise ConchError(OPEN_ADMINISTRATIVELY_PROHIBITED, "one console for each login")
        self.has_channel = True
        return ConsoleChannel(WINDOW_BYTES, PACKET_BYTES_MAX, windowSize, maxPacket, data=data, avatar=self)


class ConsoleChannel(SSHChannel):
    """A session (RFC 4254, 6) that is a console's line; with a pty a terminal, without one a plain line."""

    _log = _conch
    name = b"session"
    paused = False
    _columns = 0
    _has_terminal = False
    _terminal: Terminal | None = None

    # -- what the client asks for
    def request_pty_req(self, data: bytes) -> bool:
        """A terminal; none of its modes matter, because the editing is ours."""
        _, (_, columns, _, _), _ = parseRequest_pty_req(data)
        self._columns, self._has_terminal = columns, True
        return True

    def request_window_change(self, data: bytes) -> bool:
        """Its size."""
        _, self._columns, _, _ = parseRequest_window_change(data)
        if self._terminal is not None:
            self._terminal.resized(self._columns)
        return True

    def request_shell(self, data: bytes) -> bool:
        """The console."""
        operator = self.avatar
        assert isinstance(operator, Operator)
        if self._terminal is not None:
            return False
        editor = LineEditor() if self._has_terminal else LineEditor(echoes=False, newline=b"\n")
        editor.resize(self._columns)
        self._terminal = operator.lines.terminal(f"ssh {operator.name}", self, editor)
        if self._terminal is None:
            self._refuse(FULL)
        else:
            operator.has_console = True
            self._terminal.begin()
        return True

    def request_exec(self, data: bytes) -> bool:
        """A command, of which there are none."""
        self._refuse(ONLY_A_CONSOLE)
        return True

    def request_subsystem(self, data: bytes) -> bool:
        """Sftp and the like, of which there are none."""
        self._refuse(ONLY_A_CONSOLE)
        return False

    def _refuse(self, text: str) -> None:
        if not self.closing:
            self.writeExtended(EXTENDED_DATA_STDERR, text.encode())  # type: ignore[no-untyped-call]  # Conch has no annotations
            self._close(1)

    # -- what the channel tells
    def dataReceived(self, data: bytes) -> None:
        """Something was typed."""
        if self._terminal is not None:
            self._terminal.received(data)

    def extReceived(self, dataType: int, data: bytes) -> None:
        """Clients have no other stream; what comes there is not for us, nor for a log."""

    def eofReceived(self) -> None:
        """Nothing more will be typed."""
        if self._terminal is not None:
            self._terminal.ended()

    def stopWriting(self) -> None:
        """The client's window is full."""
        if self._terminal is not None:
            self._terminal.blocked(True)

    def startWriting(self) -> None:
        """It has room again."""
        if self._terminal is not None:
            self._terminal.blocked(False)

    def closed(self) -> None:
        """The channel is gone; nothing else is to be had on this connection."""
        if self._terminal is not None:
            self._operator_lines().release(self._terminal)
            self._terminal = None
        if self.conn is not None and self.conn.transport is not None:
            self.conn.transport.loseConnection()

    def _operator_lines(self) -> Lines:
        assert isinstance(self.avatar, Operator)
        return self.avatar.lines

    # -- what the terminal asks
    def pause(self) -> None:
        self.paused = True

    def resume(self) -> None:
        self.paused = False
        if self.conn is not None and self.localWindowLeft < self.localWindowSize // 2:
            self.conn.adjustWindow(self, self.localWindowSize - self.localWindowLeft)

    def close(self) -> None:
        self._close(0)

    def _close(self, status: int) -> None:
        if self.conn is not None and not self.localClosed:
            self.conn.sendRequest(self, b"exit-status", struct.pack(">L", status))
            self.loseConnection()  # type: ignore[no-untyped-call]  # Conch has no annotations

    def abort(self) -> None:
        if self.conn is not None and self.conn.transport is not None:
            cut_off(self.conn.transport)


class ConsoleConnection(SSHConnection):
    """Gives a channel no more window while its terminal is paused, so that the client holds back (RFC 4254, 5.2)."""

    _log = _conch

    def adjustWindow(self, channel: SSHChannel, bytesToAdd: int) -> None:
        if not (isinstance(channel, ConsoleChannel) and channel.paused):
            super().adjustWindow(channel, bytesToAdd)  # type: ignore[no-untyped-call]  # Conch has no annotations


class UserAuth(SSHUserAuthServer):
    """Logs people in within the time that a connection has."""

    _log = _conch
    loginTimeout = int(GRACE_SECONDS)


def cut_off(connection: SSHTransportBase) -> None:
    """Close *connection* at once."""
    cast(ITCPTransport, connection.transport).abortConnection()


class ConsoleTransport(SSHServerTransport):
    """One SSH connection, with today's algorithms only."""

    _log = _conch
    factory: SshPort
    ourVersionString = b"SSH-2.0-Zonekey"
    supportedCiphers = CIPHERS
    supportedMACs = MACS
    supportedKeyExchanges = KEY_EXCHANGES
    supportedCompressions = COMPRESSIONS
    _grace: IDelayedCall | None = None

    def connectionMade(self) -> None:
        """Begin, unless there are too many."""
        if not self.factory.admit(self):
            cut_off(self)
            return
        super().connectionMade()  # type: ignore[no-untyped-call]  # Conch has no annotations
        self._grace = self.factory.clock.callLater(GRACE_SECONDS, self._cut_off)

    def _cut_off(self) -> None:
        self._grace = None
        if not getattr(getattr(self, "avatar", None), "has_console", False):
            cut_off(self)

    def sendExtInfo(self, extensions: list[tuple[bytes, bytes]]) -> None:
        """Tell what users' keys may sign with (RFC 8308, 3.1), which has nothing to do with the host's own key."""
        others = [each for each in extensions if each[0] != b"server-sig-algs"]
        super().sendExtInfo([*others, (b"server-sig-algs", b",".join(sorted(SIGNATURES)))])  # type: ignore[no-untyped-call]  # Conch has no annotations

    def connectionLost(self, reason: Failure | None = None) -> None:
        """Count it out."""
        if self._grace is not None:
            self._grace.cancel()
            self._grace = None
        if self.factory.dismiss(self):
            super().connectionLost(reason)


SERVICES: dict[bytes, type[SSHService]] = {b"ssh-userauth": UserAuth, b"ssh-connection": ConsoleConnection}


class SshPort(SSHFactory):
    """Makes SSH connections that lead to *lines*."""

    _log = _conch
    noisy = False
    protocol = ConsoleTransport
    services = SERVICES

    def __init__(self, lines: Lines, key: Key, checker: KeyChecker) -> None:
        self.clock: IReactorTime = lines.clock
        self.portal = Portal(Operators(lines), [checker])
        self.publicKeys = {key.sshType(): key.public()}
        self.privateKeys = {key.sshType(): key}
        self._connections: set[ConsoleTransport] = set()

    def buildProtocol(self, addr: IAddress | None) -> SSHServerTransport:
        """A connection, whose host key signs with nothing older than SHA-2."""
        made = super().buildProtocol(addr)
        made.supportedPublicKeys = [each for each in made.supportedPublicKeys if each in SIGNATURES]
        return made

    def admit(self, connection: ConsoleTransport) -> bool:
        """Count *connection* in, unless there are CONNECTIONS_MAX."""
        if len(self._connections) >= CONNECTIONS_MAX:
            return False
        self._connections.add(connection)
        return True

    def dismiss(self, connection: ConsoleTransport) -> bool:
        """Count *connection* out; was it in?"""
        was_in = connection in self._connections
        self._connections.discard(connection)
        return was_in


def ssh_port(lines: Lines, config: ConsoleConfig, state_dir: str | None) -> ServerFactory:
    """The factory of the SSH port that *config* describes.  Raises ConfigError."""
    assert config.authorized_keys is not None
    authorized_keys(config.authorized_keys)
    # To the reactor a factory is a factory; Twisted's types derive this one from the client's.
    return cast(ServerFactory, SshPort(lines, host_key(config, state_dir), KeyChecker(config.authorized_keys)))
