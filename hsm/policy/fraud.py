"""Fraud detection: whoever searches for a PIN fails often, so failures are counted and, past a limit, the search stops.

Counters belong to the whole device: they survive reconnection, and hosts on other ports and other LMKs share them.  At
a limit PIN verification is refused (39) until an officer enables it again.  Limits are the settings of switch S13.

Several processes share the counters through memory they all map: each writes its own row alone, everybody reads all
rows.  A cell is one 8-byte store, so no lock is needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain

from hsm.policy.settings import Settings
from hsm.ports import Clock
from hsm.refusal import FraudDetected

MINUTE_SECONDS, HOUR_SECONDS = 60, 3_600
RING_CELLS = 64
FAILURES_MAX = 2**24 - 1
# Cells of a row: failures by the second, failures by the minute, and five plain counts.
_SECONDS, _MINUTES = 0, RING_CELLS
_STOPPED, _ATTACKS, _ATTACKS_TOTAL, _OVER_MINUTE, _OVER_HOUR = range(2 * RING_CELLS, 2 * RING_CELLS + 5)
ROW_CELLS = 2 * RING_CELLS + 5
# Why verification is stopped: bits of the cell that says it is.
_BY_FAILURES, _BY_ATTACKS = 1, 2


@dataclass(frozen=True, slots=True)
class FraudCounts:
    """What J8 and JK report: how often each limit was reached, attacks seen, and whether verification is stopped.

    It is stopped by too many failures, by too many attacks, or by both.
    """

    over_minute_limit: int = 0
    over_hour_limit: int = 0
    attacks: int = 0
    stopped: bool = False
    stopped_by_failures: bool = False
    stopped_by_attacks: bool = False


@dataclass(frozen=True, slots=True)
class FraudStop:
    """Why PIN verification is stopped (*reasons*, bits; 0: it is not), and the attacks since it was last enabled."""

    reasons: int = 0
    attacks: int = 0


class FraudCounters:
    """The device's counters, of *rows* processes; this one writes row *row*.

    *memory* is shared, writable and at first zero, ``size_bytes(rows)`` long; None means that nobody shares them.  A row
    may be part of a longer one, of *row_cells* cells of 8 bytes.  All processes must use one monotonic clock, as those
    of one machine do.
    """

    def __init__(
        self, memory: memoryview | None = None, rows: int = 1, row: int = 0, row_cells: int = ROW_CELLS
    ) -> None:
        if not 0 <= row < rows:
            raise ValueError("no such row of counters")
        size_bytes = rows * row_cells * 8
        shared = memoryview(bytearray(size_bytes)) if memory is None else memory.cast("B")
        self._cells = shared[:size_bytes].cast("q")
        self._rows = rows
        self._row_cells = row_cells
        self._start = row * row_cells

    @staticmethod
    def size_bytes(rows: int) -> int:
        return rows * ROW_CELLS * 8

    def add_failure(self, at: float) -> None:
        """Count one failed verification at *at* (monotonic seconds)."""
        for ring, seconds in ((_SECONDS, 1), (_MINUTES, MINUTE_SECONDS)):
            moment = int(at) // seconds
            cell = self._start + ring + moment % RING_CELLS
            # The moment and its count are one number, so that a reader never sees one without the other.
            before, count = divmod(self._cells[cell], FAILURES_MAX + 1)
            self._cells[cell] = moment * (FAILURES_MAX + 1) + (min(count + 1, FAILURES_MAX) if before == moment else 1)

    def failures_in_minute(self, now: float) -> int:
        """Failed verifications of the last 60 seconds, to the second."""
        return self._failures(_SECONDS, int(now) - MINUTE_SECONDS + 1, int(now))

    def failures_in_hour(self, now: float) -> int:
        """Failed verifications of the last hour, to the minute: a limit may strike a minute early, never late."""
        minute = int(now) // MINUTE_SECONDS
        return self._failures(_MINUTES, minute - HOUR_SECONDS // MINUTE_SECONDS, minute)

    def _failures(self, ring: int, first: int, last: int) -> int:
        total = 0
        for start in range(ring, self._rows * self._row_cells, self._row_cells):
            for cell in self._cells[start : start + RING_CELLS]:
                moment, count = divmod(cell, FAILURES_MAX + 1)
                if first <= moment <= last:
                    total += count
        return total

    def _add(self, cell: int) -> None:
        self._cells[self._start + cell] += 1

    def _sum(self, cell: int) -> int:
        return sum(self._cells[cell :: self._row_cells])

    def stop(self, *, minute: bool = False, hour: bool = False) -> None:
        """Stop PIN verification, because the limit of a *minute* or an *hour* was reached, or that of attacks."""
        if minute:
            self._add(_OVER_MINUTE)
        if hour:
            self._add(_OVER_HOUR)
        self._cells[self._start + _STOPPED] |= _BY_FAILURES if minute or hour else _BY_ATTACKS

    @property
    def stopped(self) -> bool:
        return any(self._cells[_STOPPED :: self._row_cells].tolist()) if self._rows > 1 else self._cells[_STOPPED] != 0

    def _stopped_by(self, reason: int) -> bool:
        return any(cell & reason for cell in self._cells[_STOPPED :: self._row_cells])

    @property
    def stop_now(self) -> FraudStop:
        """What must outlive a restart; attacks matter to it only once they have stopped something."""
        if not self.stopped:
            return _GOES_ON
        reasons = 0
        for cell in self._cells[_STOPPED :: self._row_cells]:
            reasons |= cell
        return FraudStop(reasons, self.attacks)

    def resume(self, stop: FraudStop) -> None:
        """Go on where another process of the same appliance ended, in this process's row."""
        self._cells[self._start + _STOPPED] |= stop.reasons
        self._cells[self._start + _ATTACKS] += stop.attacks

    def add_attack(self) -> int:
        """Count an attack; the attacks since verification was last enabled."""
        self._add(_ATTACKS)
        self._add(_ATTACKS_TOTAL)
        return self._sum(_ATTACKS)

    @property
    def attacks(self) -> int:
        """Attacks since verification was last enabled."""
        return self._sum(_ATTACKS)

    def enable_again(self) -> None:
        """Let verification go on and count from zero; the totals that status commands report stay.

        This writes other processes' rows.  A failure counted in the same instant may stay counted, which does no harm.
        """
        for start in range(0, self._rows * self._row_cells, self._row_cells):
            for cell in chain(range(start, start + 2 * RING_CELLS), (start + _STOPPED, start + _ATTACKS)):
                self._cells[cell] = 0

    @property
    def counts(self) -> FraudCounts:
        return FraudCounts(
            self._sum(_OVER_MINUTE),
            self._sum(_OVER_HOUR),
            self._sum(_ATTACKS_TOTAL),
            stopped=self.stopped,
            stopped_by_failures=self._stopped_by(_BY_FAILURES),
            stopped_by_attacks=self._stopped_by(_BY_ATTACKS),
        )


_GOES_ON = FraudStop()


class FraudDetection:
    """The limits of *settings* over *counters*, by *clock*.

    An operation that verifies a PIN calls ``admit`` first and ``failed`` when it does not verify; one that meets a sign
    of an attack (a block that holds no PIN, a refused decimalisation table) calls ``attacked``.
    """

    def __init__(self, settings: Settings, counters: FraudCounters, clock: Clock) -> None:
        self._on = settings.fraud_detection
        self._settings = settings
        self._counters = counters
        self._clock = clock

    def admit(self) -> None:
        """Raises FraudDetected while PIN verification is stopped."""
        if self._on and self._counters.stopped:
            raise FraudDetected

    def admit_block(self) -> None:
        """Raises FraudDetected while the attack limit is reached: then no PIN block is opened for any purpose.

        A translation tells as well as a verification whether a block holds a PIN for an account (attack catalogue A03).
        Failed verifications alone stop nothing but verification.
        """
        if self._on and self._counters.stopped and self._counters.attacks >= self._settings.pin_attack_limit:
            raise FraudDetected

    def failed(self) -> None:
        """Count a PIN that did not verify.  The one that reaches a limit is still answered; the next is refused."""
        if not self._on:
            return
        now = self._clock.monotonic()
        self._counters.add_failure(now)
        minute = self._counters.failures_in_minute(now) >= self._settings.pin_verifies_per_minute
        hour = self._counters.failures_in_hour(now) >= self._settings.pin_verifies_per_hour
        if (minute or hour) and not self._counters.stopped:
            self._counters.stop(minute=minute, hour=hour)

    def attacked(self) -> None:
        """Count a sign of a PIN attack; the one that reaches the attack limit stops PIN verification."""
        if self._on and self._counters.add_attack() >= self._settings.pin_attack_limit:
            self._counters.stop()

    def enable_again(self) -> None:
        """An officer lets PIN verification go on."""
        self._counters.enable_again()

    @property
    def counts(self) -> FraudCounts:
        """Whether verification is stopped, and the totals so far."""
        return self._counters.counts
