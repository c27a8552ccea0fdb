"""Lines of text with files between them: what both sides of a transfer have in common."""

from __future__ import annotations

from io import BufferedIOBase
from typing import cast

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IConsumer, IDelayedCall, IPushProducer, IReactorTime, ITCPTransport
from twisted.internet.protocol import Protocol
from twisted.protocols.basic import FileSender
from twisted.python.failure import Failure
from zope.interface import implementer

from switch.perso.shelf import Arrival, NotKept

LINE_BYTES_MAX = 512
IDLE_SECONDS = 60.0


@implementer(IPushProducer)
class FileLine(Protocol):
    """A connection that carries ASCII lines, ended by LF, of LINE_BYTES_MAX, and files whose length was announced.

    It is dropped when nothing comes for IDLE_SECONDS while something is expected.
    """

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._bytes = b""
        self._arrival: Arrival | None = None
        self._timer: IDelayedCall | None = None
        self._listens = False
        self._held = False
        """Is what comes left alone, because what was answered isn't taken?"""

    # --- what a side does -----------------------------------------------------------------------------------------
    def heard(self, line: str) -> None:
        """A line came."""

    def file_came(self, name: str, wrong: str) -> None:
        """The file that was awaited is kept, or *wrong* says why not."""

    def ended(self, silent: bool, broken: str | None) -> None:
        """The connection is gone; *broken* names the file that was on its way, *silent* says that nothing came in time."""

    # --- what both do ---------------------------------------------------------------------------------------------
    @property
    def line(self) -> ITCPTransport:
        """The connection."""
        return cast("ITCPTransport", self.transport)

    def say(self, text: str) -> None:
        """Send a line."""
        self.line.write(text.encode("ascii", "replace") + b"\n")

    def send(self, file: BufferedIOBase) -> Deferred[object]:
        """Send what is in *file*; fires when it is on its way.  Who takes too long to take a part of it is dropped."""
        consumer = cast("IConsumer", self.transport)
        self._held = True
        if self._listens:
            consumer.unregisterProducer()
        sent: Deferred[object] = FileSender().beginFileTransfer(file, consumer, self._watched)
        return sent.addBoth(self._file_sent)

    def _file_sent(self, outcome: object) -> object:
        if not isinstance(outcome, Failure):
            if self._listens:
                self.listen_while_heard()
            # What comes next is looked at when this file is done with everywhere.
            self._clock.callLater(0, self._go_on)
        return outcome

    def _watched(self, chunk: bytes) -> bytes:
        self.watch()
        return chunk

    def await_file(self, arrival: Arrival) -> None:
        """The next bytes are that file."""
        self._arrival = arrival

    def watch(self) -> None:
        """Something shall come."""
        self.rest()
        self._timer = self._clock.callLater(IDLE_SECONDS, self._late)

    def rest(self) -> None:
        """Nothing need come."""
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None

    # --- inside ---------------------------------------------------------------------------------------------------
    def listen_while_heard(self) -> None:
        """Hear nothing while what is said isn't taken; for a side that leaves it to the other to end."""
        self._listens = True
        cast("IConsumer", self.transport).registerProducer(self, True)

    def pauseProducing(self) -> None:
        """The other side doesn't take what it is sent: nothing more is heard."""
        self._held = True
        self.line.pauseProducing()  # type: ignore[attr-defined]  # every transport has it

    def resumeProducing(self) -> None:
        """It does again."""
        self.line.resumeProducing()  # type: ignore[attr-defined]  # as above
        self._go_on()

    def _go_on(self) -> None:
        self._held = False
        self._look()

    def stopProducing(self) -> None:
        """The connection ends."""

    def dataReceived(self, data: bytes) -> None:
        if self._timer is not None:
            self.watch()
        self._bytes += data
        self._look()

    def _look(self) -> None:
        while self._bytes and not self._held:
            if self._arrival is not None:
                self._write(self._arrival)
            else:
                raw, ended, rest = self._bytes.partition(b"\n")
                if len(raw) > LINE_BYTES_MAX:
                    self._bytes = b""
                    self.line.abortConnection()
                if not ended:
                    return
                self._bytes = rest
                self.heard(raw.decode("ascii", "replace"))

    def _write(self, arrival: Arrival) -> None:
        part, self._bytes = self._bytes[: arrival.left_bytes], self._bytes[arrival.left_bytes :]
        try:
            arrival.write(part)
            if arrival.left_bytes:
                return
            self._arrival = None
            arrival.settle()
        except NotKept as e:
            self.file_came(arrival.name, str(e))
        except OSError as e:
            self._arrival = None
            arrival.abandon()
            self.file_came(arrival.name, e.strerror or "the file can't be written")
            self._bytes = b""
            self.line.abortConnection()
        else:
            self.file_came(arrival.name, "")

    def _late(self) -> None:
        self._timer = None
        self._silent = True
        self.line.abortConnection()

    _silent = False

    def connectionLost(self, reason: Failure | None = None) -> None:
        self.rest()
        arrival, self._arrival = self._arrival, None
        if arrival is not None:
            arrival.abandon()
        self.ended(self._silent, arrival.name if arrival is not None else None)
