"""How busy the appliance is: seconds counted by the share of each that was spent on commands.

A period is one second of one process.  Periods with hardly any work are not counted one by one: they are what is left
of the time that went by.  So idle processes cost nothing, and the sum is right however many share the tally.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from time import perf_counter

from hsm.audit.record import MemoryTally, Tally

BANDS_COUNT = 10
RECENT_SECONDS_MAX = 600
COUNTED_BANDS = tuple(str(band) for band in range(1, BANDS_COUNT))
"""Names under which a tally keeps the periods of each band but the lowest."""


class LoadMeter:
    """Counts periods in *tally*, which *processes* processes share.

    *seconds* is the clock by which commands are timed; it never runs backwards.
    """

    def __init__(
        self, tally: Tally | None = None, processes: int = 1, seconds: Callable[[], float] = perf_counter
    ) -> None:
        self._tally: Tally = tally or MemoryTally()
        self._processes = processes
        self._seconds = seconds
        self._period = int(seconds())
        self._busy = 0.0
        self._counted_to = seconds()
        self._calls: deque[tuple[int, int]] = deque(maxlen=RECENT_SECONDS_MAX)
        self._calls_now = 0

    def spent(self, began: float, ended: float, commands: int = 1) -> None:
        """*commands* ran from *began* to *ended*.  Of a command within another, time is counted once."""
        began = max(began, self._counted_to)
        self._counted_to = ended
        period = int(ended)
        if began < period or period != self._period:
            began = self._crossed(began, period)
        self._busy += ended - began
        self._calls_now += commands

    def calls(self, seconds: int) -> int:
        """Commands of the last *seconds*, at most 600; those of this process, and of the second that is running."""
        now = int(self._seconds())
        self._begin(now)
        return self._calls_now + sum(count for second, count in self._calls if second > now - seconds)

    def _crossed(self, began: float, period: int) -> float:
        """Close the periods before *period*; where the part of the command that belongs to it began."""
        while (within := int(began)) < period:
            self._begin(within)
            self._busy += within + 1 - began
            began = within + 1.0
        self._begin(period)
        return began

    def _begin(self, period: int) -> None:
        if period == self._period:
            return
        band = min(int(self._busy * BANDS_COUNT), BANDS_COUNT - 1)
        if band:
            self._tally.add(str(band))
            self._tally.flush()
        if self._calls_now:
            self._calls.append((self._period, self._calls_now))
            self._calls_now = 0
        self._period, self._busy = period, 0.0

    def periods(self, elapsed_seconds: int) -> tuple[int, ...]:
        """Of the last *elapsed_seconds*, all that were measured: how many periods had a load of 0 to 10 per cent, of
        10 to 20, and so on; a load on the border counts in the higher band, full load in the highest."""
        self._begin(int(self._seconds()))
        counted = [self._tally.total(name) for name in COUNTED_BANDS]
        return max(0, elapsed_seconds * self._processes - sum(counted)), *counted
