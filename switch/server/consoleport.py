"""The operators' port: a line comes in, lines of text go out, and last ``OK`` or ``ERROR`` with the reason.

It asks nobody who they are, so it is a loopback address or a socket that only the user of the process may use.  What goes
out before the last line begins with a blank, so no text can be taken for the end of an answer.
"""

from __future__ import annotations

import os
import socket
import stat
from collections import deque
from pathlib import Path
from typing import cast

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.interfaces import (
    IAddress,
    IDelayedCall,
    IListeningPort,
    IPushProducer,
    IReactorTCP,
    IReactorTime,
    IReactorUNIX,
    ITransport,
)
from twisted.internet.protocol import Protocol, ServerFactory, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from switch.config.switchfile import Address
from switch.operator.command import LINE_CHARS_MAX, AtOnce
from switch.operator.commands import parse
from switch.operator.ports import CommandRefused, Records, Switchboard
from switch.server.aside import in_thread
from switch.server.logfile import Tell, place_of
from switch.store.database import StoreError

LINES_MAX = 16
IDLE_SECONDS = 3600.0
LINE_BYTES_MAX = 2 * LINE_CHARS_MAX
"""Of a line, before there is an end to it."""
COMMANDS_PER_TURN_MAX = 16
"""Of one operator, who may have typed ahead, before links have their turn."""
ANSWER_CHARS_MAX = 4_000_000
OTHERS_MAY_NOTHING = 0o177
FULL = f"ERROR {LINES_MAX} operators are here already\n"


@implementer(IPushProducer)
class OperatorLine(Protocol):
    """One operator's connection; one command at a time."""

    def __init__(self, port: ConsolePort) -> None:
        self._port = port
        self._typed = b""
        self._lines: deque[bytes] = deque()
        self._busy = self._full = self._ending = self._turning = False
        self._next_turn: IDelayedCall | None = None

    # -- what the transport tells

    def connectionMade(self) -> None:
        """Take the operator in, if there is room."""
        self._wire = cast(ITransport, self.transport)
        if not self._port.admit(self):
            self._wire.write(FULL.encode())
            self._wire.loseConnection()
            self._ending = True
            return
        self._idle = self._port.clock.callLater(IDLE_SECONDS, self._wire.loseConnection)
        self._wire.registerProducer(self, True)  # type: ignore[attr-defined]  # TCP's and Unix sockets' transports have it

    def dataReceived(self, data: bytes) -> None:
        """Take whole lines."""
        if self._ending:
            return
        self._idle.reset(IDLE_SECONDS)
        *lines, self._typed = (self._typed + data).split(b"\n")
        self._lines.extend(lines)
        if len(self._typed) > LINE_BYTES_MAX:
            self._say("", f"ERROR a line is at most {LINE_CHARS_MAX} printable characters")
            self.hang_up()
            return
        self._turn()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The operator is gone."""
        self._ending = True
        self._lines.clear()
        if self._port.leave(self):
            self._idle.cancel()
        if self._next_turn is not None:
            self._next_turn.cancel()

    def pauseProducing(self) -> None:
        """The transport: the operator doesn't read."""
        self._full = True
        self._read_on()

    def resumeProducing(self) -> None:
        """The transport: all is written."""
        self._full = False
        self._turn()

    def stopProducing(self) -> None:
        """The transport: the connection broke; connectionLost follows."""

    # -- commands

    def hang_up(self) -> None:
        """Close, after what was written."""
        if not self._ending:
            self._ending = True
            self._wire.unregisterProducer()  # type: ignore[attr-defined]  # as above
            self._wire.loseConnection()

    def _read_on(self) -> None:
        """Read while nothing is left to be done, so that what is typed ahead is one read at most."""
        if not self._ending:
            paused = self._full or self._busy or bool(self._lines)
            (self._wire.pauseProducing if paused else self._wire.resumeProducing)()  # type: ignore[attr-defined]  # as above

    def _turn(self) -> None:
        self._turning = True
        for _ in range(COMMANDS_PER_TURN_MAX):
            if not self._lines or self._busy or self._full or self._ending:
                break
            self._take(self._lines.popleft().decode("ascii", "replace").strip())
        self._turning = False
        if self._lines and not (self._busy or self._full or self._ending) and self._next_turn is None:
            self._next_turn = self._port.clock.callLater(0, self._again)
        self._read_on()

    def _again(self) -> None:
        self._next_turn = None
        self._turn()

    def _take(self, line: str) -> None:
        if line in ("quit", "exit"):
            self.hang_up()
            return
        self._busy = True
        self._port.answer(line).addCallback(self._answered)

    def _answered(self, answer: tuple[str, str]) -> None:
        self._busy = False
        if self._ending:
            return
        self._say(*answer)
        if not self._turning:
            self._turn()

    def _say(self, text: str, last: str) -> None:
        self._wire.write(f"{text}{last}\n".encode())


class ConsolePort(ServerFactory):
    """Takes operators' calls, and carries their commands to the *board* or, in a thread, to the *records*."""

    noisy = False

    def __init__(self, clock: IReactorTime, board: Switchboard, records: Records, tell: Tell) -> None:
        self.clock = clock
        self._board, self._records, self._tell = board, records, tell
        self._operators: set[OperatorLine] = set()
        self._listening: IListeningPort | None = None

    def buildProtocol(self, addr: IAddress | None) -> OperatorLine:
        """A line; whether there is room is seen once it stands."""
        return OperatorLine(self)

    def open(self, place: Address | Path) -> int:
        """Listen at *place*; the port's number, 0 for a socket.  Raises CannotListenError, OSError."""
        if isinstance(place, Address):
            self._listening = cast(IReactorTCP, self.clock).listenTCP(place.port, self, LINES_MAX, place.host)
            return int(getattr(self._listening.getHost(), "port", 0))
        _clear(place)
        # A mode that is set once the socket is there would leave a moment in which others could call.
        mask = os.umask(OTHERS_MAY_NOTHING)
        try:
            listening = cast(IReactorUNIX, self.clock).listenUNIX(str(place), self, LINES_MAX, mode=0o600)
        finally:
            os.umask(mask)
        self._listening = listening
        return 0

    def close(self) -> Deferred[object]:
        """Take no calls, and let every operator go; fires when the port is closed."""
        for each in tuple(self._operators):
            each.hang_up()
        listening, self._listening = self._listening, None
        return maybeDeferred(listening.stopListening if listening else lambda: None)

    def admit(self, line: OperatorLine) -> bool:
        """Is there room for *line*?"""
        if len(self._operators) >= LINES_MAX:
            return False
        self._operators.add(line)
        return True

    def leave(self, line: OperatorLine) -> bool:
        """*line* is gone; False for one that was never admitted."""
        admitted = line in self._operators
        self._operators.discard(line)
        return admitted

    def answer(self, line: str) -> Deferred[tuple[str, str]]:
        """The text that answers *line*, and the last line; never fails."""
        return Deferred.fromCoroutine(self._answer(line))

    async def _answer(self, line: str) -> tuple[str, str]:
        try:
            return _indented(await self._run(line)), "OK"
        except CommandRefused as refusal:
            *lines, last = str(refusal).splitlines()
            return _indented(lines), f"ERROR {last}"
        except StoreError as fault:
            return "", f"ERROR the store: {fault}"
        except Exception:
            # A mistake of ours costs the operator this answer and the switch nothing.
            self._tell("fault", part="console", text=place_of(Failure()))
            return "", "ERROR this command failed; see the log"

    async def _run(self, line: str) -> list[str]:
        found = parse(line)
        if found is None:
            return []
        command, words = found
        self._tell("operator", text=line)
        if isinstance(command, AtOnce):
            return list(command.run(self._board, words))
        run = command.run
        return await in_thread(self.clock, lambda: list(run(self._records, words)))


def _indented(lines: list[str]) -> str:
    text = "".join(f" {line}\n" for line in lines)
    return text if len(text) <= ANSWER_CHARS_MAX else f"{text[:ANSWER_CHARS_MAX]}\n … and more\n"


def _clear(path: Path) -> None:
    """Remove the socket that a switch which was killed has left.  Raises OSError when one listens there, or it is none."""
    try:
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise OSError(17, "something else than a socket is there", str(path))
    except FileNotFoundError:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as opened:
        try:
            opened.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
    raise OSError(98, "another switch listens there", str(path))
