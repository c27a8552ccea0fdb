"""The wires of a storm: between two sides, of which each wants a connection or not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol as Shape

from switch.server.drive import Stream
from switch.server.simulated import WIRE_SECONDS
from switch.server.stormclock import StormClock

Fates = Callable[["StormWire", int], tuple[float, ...]]
"""What becomes of one frame: after how many seconds it arrives, each time; it may cut the wire as well."""


class Side(Shape):
    """One end of a wire."""

    @property
    def wants(self) -> bool:
        """Does it seek a connection now?"""

    def connected(self, stream: Stream) -> None:
        """There is one."""

    def parting(self) -> Callable[[], None]:
        """What to call when the connection of now has ended."""

    def writable(self) -> None:
        """The other side reads again."""

    def bring(self, frame: bytes) -> None:
        """A frame came."""


class StormEnd:
    """One side's stream."""

    def __init__(self, wire: StormWire, side: int) -> None:
        self._wire, self._side = wire, side
        self.full = False

    def write(self, frame: bytes) -> None:
        """Send *frame*."""
        self._wire.carry(self._side, frame)

    def hang_up(self) -> None:
        """End the connection."""
        self._wire.cut()


class StormWire:
    """Carries frames between two sides; *fates* says what becomes of each."""

    def __init__(self, clock: StormClock, name: str, fates: Fates) -> None:
        self.name = name
        self.sides: list[Side] = []
        self.up = False
        self._clock, self._fates = clock, fates
        self._barred = 0
        self._era = 0
        self._ends: list[StormEnd] = []
        self._parting: list[Callable[[], None]] = []

    def join(self) -> bool:
        """Connect the two, if both want it and nothing bars it; are they?"""
        if not self.up and not self._barred and all(side.wants for side in self.sides):
            self.up, self._era = True, self._era + 1
            self._ends = [StormEnd(self, 0), StormEnd(self, 1)]
            self._parting = [side.parting() for side in self.sides]
            for side, end in zip(self.sides, self._ends, strict=True):
                side.connected(end)
        return self.up

    def cut(self) -> None:
        """The connection ends for both; what is under way is lost."""
        if not self.up:
            return
        self.up = False
        self._era += 1
        for end in self._ends:
            end.full = True
        for parting in self._parting:
            self._clock.callLater(0, parting)

    def bar(self, seconds: float) -> None:
        """No connection for so long."""
        self.cut()
        self._barred += 1
        self._clock.callLater(seconds, self._unbar)

    def _unbar(self) -> None:
        self._barred -= 1
        self.join()

    def stall(self, side: int, seconds: float) -> None:
        """The other side of *side* reads nothing for so long; what is said to it waits."""
        if self.up:
            end = self._ends[side]
            end.full = True
            self._clock.callLater(seconds, self._go_on, end, side)

    def _go_on(self, end: StormEnd, side: int) -> None:
        if self.up and self._ends[side] is end:
            end.full = False
            self.sides[side].writable()

    def carry(self, side: int, frame: bytes) -> None:
        """Bring *frame* to the other side."""
        for seconds in self._fates(self, side):
            # What is held up is read from the old connection when there may be a new one already.
            era = None if seconds else self._era
            self._clock.callLater(WIRE_SECONDS + seconds, self._bring, era, 1 - side, frame)

    def cut_after(self) -> None:
        """End the connection when what is under way has arrived."""
        self._clock.callLater(WIRE_SECONDS * 2, self._cut_era, self._era)

    def _cut_era(self, era: int) -> None:
        if era == self._era:
            self.cut()

    def _bring(self, era: int | None, side: int, frame: bytes) -> None:
        if era in (None, self._era) and self.up:
            self.sides[side].bring(frame)
