"""Where simulated terminals take their orders: JSON lines on standard input, or on loopback connections.

PINs come this way in the clear, as they are typed; so the address is a loopback one, and no line is ever shown.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import cast

from twisted.internet.interfaces import IAddress, IListeningPort, IReactorTCP, IReactorTime
from twisted.internet.protocol import ServerFactory, connectionDone
from twisted.internet.stdio import StandardIO
from twisted.protocols.basic import LineOnlyReceiver
from twisted.python.failure import Failure

from switch.simulators.commands import LINE_BYTES_MAX, Told

CONNECTIONS_MAX = 16
ANSWERS_MAX = 100_000
"""Commands of one connection that may be unanswered; who sends more is cut off."""
Ordered = Callable[[bytes, Callable[[Told], None]], None]


class CommandLine(LineOnlyReceiver):
    """One source of commands; each is answered by one line, in whatever order they end."""

    delimiter = b"\n"
    MAX_LENGTH = LINE_BYTES_MAX

    def __init__(self, ordered: Ordered, ended: Callable[[CommandLine], None]) -> None:
        self._ordered, self._ended = ordered, ended
        self.unanswered = 0
        self._gone = False

    def lineReceived(self, line: bytes) -> None:
        """Carry out one command."""
        if not line.strip():
            return
        self.unanswered += 1
        if self.unanswered > ANSWERS_MAX:
            self.lineLengthExceeded(line)
            return
        self._ordered(line, self._answered)

    def lineLengthExceeded(self, line: bytes) -> None:
        """A line that is too long ends the connection: where the next one begins is not known."""
        assert line is not None
        self.tell({"error": f"a line of at most {LINE_BYTES_MAX} bytes is expected"})
        assert self.transport is not None
        self.transport.loseConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Nobody listens any more; what is under way goes on."""
        assert reason is not None
        self._gone = True
        self._ended(self)

    def tell(self, told: Told) -> None:
        """Say *told*."""
        if not self._gone:
            self.sendLine(json.dumps(told, ensure_ascii=False).encode())

    def _answered(self, told: Told) -> None:
        self.unanswered -= 1
        self.tell(told)


class CommandPort(ServerFactory):
    """Takes commands on *address*, or (None) on standard input; *ended* is told when that has come to its end."""

    noisy = False

    def __init__(self, reactor: IReactorTime, ordered: Ordered, ended: Callable[[], None]) -> None:
        self._reactor, self._ordered, self._input_ended = reactor, ordered, ended
        self._lines: set[CommandLine] = set()
        self._listening: IListeningPort | None = None

    def open(self, address: tuple[str, int] | None) -> int | None:
        """Take commands; the port, if there is one.  Raises CannotListenError."""
        if address is None:
            line = CommandLine(self._ordered, self._end_of_input)
            self._lines.add(line)
            StandardIO(line)
            return None
        net = cast(IReactorTCP, self._reactor)
        self._listening = net.listenTCP(address[1], self, interface=address[0])
        return int(getattr(self._listening.getHost(), "port", 0))

    def close(self) -> None:
        """Take no more commands."""
        if self._listening is not None:
            self._listening.stopListening()
        for line in list(self._lines):
            if line.transport is not None:
                line.transport.loseConnection()

    def tell(self, told: Told) -> None:
        """Say to all who are there what happened without a command."""
        for line in list(self._lines):
            line.tell(told)

    def buildProtocol(self, addr: IAddress | None) -> CommandLine | None:
        """A connection; None when there are too many."""
        if len(self._lines) >= CONNECTIONS_MAX:
            return None
        line = CommandLine(self._ordered, self._lines.discard)
        self._lines.add(line)
        return line

    def _end_of_input(self, line: CommandLine) -> None:
        self._lines.discard(line)
        self._input_ended()
