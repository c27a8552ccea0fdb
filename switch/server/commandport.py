"""Where simulated terminals take their orders: JSON lines on standard input, or on loopback connections.

PINs come this way in the clear, as they are typed; so the address is a loopback one, and no line is ever shown.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Protocol as Shape
from typing import cast

from twisted.internet.interfaces import (
    IAddress,
    IHalfCloseableProtocol,
    IListeningPort,
    IPushProducer,
    IReactorTCP,
    IReactorTime,
)
from twisted.internet.protocol import ServerFactory, connectionDone
from twisted.internet.stdio import StandardIO
from twisted.protocols.basic import LineOnlyReceiver
from twisted.python.failure import Failure
from zope.interface import implementer

from switch.simulators.commands import LINE_BYTES_MAX, Told

CONNECTIONS_MAX = 16
UNREAD_LINES_MAX = 10_000
"""Lines that are kept while nobody reads them; who doesn't read is cut off then."""
Ordered = Callable[[bytes, Callable[[Told], None]], None]


class _Transport(Shape):
    """What is used of a TCP connection and of standard input alike."""

    def write(self, data: bytes) -> None: ...
    def loseConnection(self) -> None: ...
    def registerProducer(self, producer: object, streaming: bool) -> None: ...
    def unregisterProducer(self) -> None: ...


@implementer(IHalfCloseableProtocol, IPushProducer)
class CommandLine(LineOnlyReceiver):
    """One source of commands; each is answered by one line, in whatever order they end.

    *over* is told when no more commands come, *gone* when nobody listens either.
    """

    delimiter = b"\n"
    MAX_LENGTH = LINE_BYTES_MAX

    def __init__(
        self, ordered: Ordered, over: Callable[[CommandLine], None], gone: Callable[[CommandLine], None]
    ) -> None:  # fmt: skip
        self._ordered, self._when_over, self._when_gone = ordered, over, gone
        self._gone = self._parting = False
        self._unanswered = 0
        self._unread: int | None = None

    def connectionMade(self) -> None:
        """Be told when what is said is not read."""
        self._wire.registerProducer(self, True)

    def pauseProducing(self) -> None:
        """What is said is not read."""
        self._unread = 0

    def resumeProducing(self) -> None:
        """Everything was read."""
        self._unread = None

    def stopProducing(self) -> None:
        """The connection broke; connectionLost follows."""

    @property
    def _wire(self) -> _Transport:
        return cast(_Transport, self.transport)

    def lineReceived(self, line: bytes) -> None:
        """Carry out one command."""
        if line.strip():
            self._unanswered += 1
            self._ordered(line, self._answered)

    def lineLengthExceeded(self, line: bytes) -> None:
        """A line that is too long ends the connection: where the next one begins is not known."""
        assert line is not None
        self.tell({"error": f"a line of at most {LINE_BYTES_MAX} bytes is expected"})
        self.part()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Nobody listens any more; what is under way goes on."""
        assert reason is not None
        self._gone = True
        self._when_gone(self)

    def tell(self, told: Told) -> None:
        """Say *told*."""
        if self._gone:
            return
        if self._unread is not None:
            self._unread += 1
            if self._unread > UNREAD_LINES_MAX:
                self._gone = True
                self.part()
                return
        self._wire.write(json.dumps(told, ensure_ascii=False).encode() + self.delimiter)

    def part(self) -> None:
        """Close, behind what is said; at once where that is not read."""
        abort = getattr(self.transport, "abortConnection", None)
        if self._unread is not None and abort is not None:
            abort()
            return
        self._wire.unregisterProducer()
        self._wire.loseConnection()

    def readConnectionLost(self) -> None:
        """No more commands come; what is under way is still answered."""
        self._when_over(self)

    def part_when_answered(self) -> None:
        """Close as soon as every command is answered."""
        self._parting = True
        if not self._unanswered:
            self.part()

    def writeConnectionLost(self) -> None:
        """Nobody reads any more."""
        self._gone = True

    def _answered(self, told: Told) -> None:
        self._unanswered -= 1
        self.tell(told)
        if self._parting:
            self.part_when_answered()


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
            line = CommandLine(self._ordered, lambda _: self._input_ended(), self._lines.discard)
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
            line.part()

    def tell(self, told: Told) -> None:
        """Say to all who are there what happened without a command."""
        for line in list(self._lines):
            line.tell(told)

    def buildProtocol(self, addr: IAddress | None) -> CommandLine | None:
        """A connection; None when there are too many."""
        if len(self._lines) >= CONNECTIONS_MAX:
            return None
        line = CommandLine(self._ordered, CommandLine.part_when_answered, self._lines.discard)
        self._lines.add(line)
        return line
