"""The console's local socket: a Unix socket that only its owner may use."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from twisted.internet.interfaces import IReactorFDSet, IReadDescriptor
from twisted.internet.protocol import ServerFactory
from twisted.python.failure import Failure
from zope.interface import implementer

from hsm.server.listening import PortUnavailable, Reactor

ADDRESS_BYTES_MAX = 107
"""Of a Unix socket's name (unix(7)); where a longer path leads is reached through a descriptor of its directory."""

BACKLOG = 16

_OTHERS_MAY_NOTHING = 0o177


class LocalReactor(Reactor, IReactorFDSet):
    """The reactor's sides that the local port needs."""


@contextmanager
def _address(path: Path) -> Iterator[str]:
    """A name of *path* that is short enough for a socket.  Raises OSError."""
    if len(os.fsencode(path)) <= ADDRESS_BYTES_MAX:
        yield str(path)
        return
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{directory}/{path.name}"
    finally:
        os.close(directory)


def connected_locally(path: str) -> socket.socket | None:
    """A connection to the appliance whose console listens at *path*; None when none does.

    Raises OSError when one may, but can't be reached.
    """
    opened = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with _address(Path(path)) as address:
            opened.connect(address)
    except (FileNotFoundError, ConnectionRefusedError):
        opened.close()
        return None
    except BaseException:
        opened.close()
        raise
    return opened


def bound_locally(path: str) -> socket.socket:
    """A socket bound to *path*, which only its owner may use.

    Raises PortUnavailable when *path* is something else, another appliance listens there, or it can't be made.
    """
    opened = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    opened.setblocking(False)
    try:
        _clear(path)
        mask = os.umask(_OTHERS_MAY_NOTHING)
        try:
            with _address(Path(path)) as address:
                opened.bind(address)
        finally:
            os.umask(mask)
    except OSError as fault:
        opened.close()
        raise PortUnavailable(f"console socket {path}: {fault.strerror}") from None
    except PortUnavailable:
        opened.close()
        raise
    return opened


def _clear(path: str) -> None:
    """Remove the socket that an appliance which was killed has left."""
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise PortUnavailable(f"console socket {path}: is something else")
    with connected_locally(path) or socket.socket() as other:
        if other.family == socket.AF_UNIX:
            raise PortUnavailable(f"console socket {path}: another appliance listens there")
    os.unlink(path)


@implementer(IReadDescriptor)
class LocalPort:
    """Accepts connections at a socket that ``bound_locally`` made, for *factory*.

    Twisted's own port would open the socket to the world before it listens.
    """

    def __init__(self, path: str, opened: socket.socket, reactor: LocalReactor, factory: ServerFactory) -> None:
        self._path = path
        self._opened = opened
        self._reactor = reactor
        self._factory = factory
        opened.listen(BACKLOG)
        reactor.addReader(self)

    def fileno(self) -> int:
        return self._opened.fileno()

    def logPrefix(self) -> str:
        return "console socket"

    def doRead(self) -> None:
        """The reactor: somebody calls."""
        try:
            caller, _ = self._opened.accept()
        except OSError:
            return  # gone again, or there are no descriptors left: the reactor asks again
        with caller:
            caller.setblocking(False)
            self._reactor.adoptStreamConnection(caller.fileno(), caller.family, self._factory)

    def connectionLost(self, reason: Failure) -> None:
        """The reactor lets go."""

    def stopListening(self) -> None:
        """Take nobody's call any more, and the socket away."""
        if self._opened.fileno() >= 0:
            self._reactor.removeReader(self)
            self._opened.close()
            Path(self._path).unlink(missing_ok=True)
