"""Counters that several processes share: each process adds in its own row, everybody reads the sum.

No lock is needed, because a counter's cell has one writer and an aligned 8-byte store is whole.  A process that is
replaced leaves its row to its successor, so nothing counted is lost.  Cells only grow; who wants to start again from
zero remembers the total at which it did.
"""

from __future__ import annotations

import mmap
import os
import tempfile
from collections.abc import Sequence

from hsm.audit.record import MemoryTally

CELL_BYTES = 8
COUNT_MODULUS = 2**63


def shared_file(rows: int, names: Sequence[str]) -> int:
    """A descriptor of a file without a name that holds zeroed counters for *rows* processes.  It can be inherited."""
    size_bytes = max(1, rows * len(names)) * CELL_BYTES
    if hasattr(os, "memfd_create"):
        shared = os.memfd_create("zonekey-counters")
    else:
        shared, path = tempfile.mkstemp()
        os.unlink(path)
    os.ftruncate(shared, size_bytes)
    return shared


class Counters:
    """The counters *names* of *rows* processes; this process adds in row *row*.

    Without *descriptor* they are this process's alone.
    """

    def __init__(self, rows: int, names: Sequence[str], *, row: int = 0, descriptor: int | None = None) -> None:
        if not 0 <= row < rows:
            raise ValueError("no such row of counters")
        self._columns = {name: column for column, name in enumerate(names)}
        self._width = len(self._columns)
        self.rows = rows
        self.row = row
        size_bytes = max(1, rows * self._width) * CELL_BYTES
        self._memory = mmap.mmap(-1 if descriptor is None else descriptor, size_bytes)
        self.cells = memoryview(self._memory).cast("q")

    def __contains__(self, name: str) -> bool:
        return name in self._columns

    def add(self, name: str, count: int = 1) -> None:
        """Add *count* to this process's cell of *name*.  Raises KeyError for an unknown name."""
        at = self.cell(name)
        self.cells[at] = (self.cells[at] + count) % COUNT_MODULUS

    def total(self, name: str) -> int:
        """The sum of *name* over all processes."""
        return sum(self.cells[self._columns[name] :: self._width]) if self.rows > 1 else self.own(name)

    def own(self, name: str) -> int:
        """This process's part of *name*."""
        return int(self.cells[self.cell(name)])

    def cell(self, name: str) -> int:
        """Where this process's cell of *name* stands in ``cells``, for who adds too often to look it up each time."""
        return self.row * self._width + self._columns[name]

    def close(self) -> None:
        """Let go of the memory."""
        self.cells.release()
        self._memory.close()


class SharedTally:
    """Counts by name, kept under *prefix* in the counters that processes share.

    What is counted in a turn is shared at its end, by ``flush``: a step in shared memory costs more than one here.
    Names without a counter, those of console commands, are counted in this process, which alone executes them.
    """

    def __init__(self, counters: Counters, prefix: str) -> None:
        self._counters = counters
        self._prefix = prefix
        self._unshared: dict[str, int] = {}
        self._own = MemoryTally()

    def add(self, name: str, count: int = 1) -> None:
        self._unshared[name] = self._unshared.get(name, 0) + count

    def total(self, name: str) -> int:
        shared = self._prefix + name
        kept = self._counters.total(shared) if shared in self._counters else self._own.total(name)
        return kept + self._unshared.get(name, 0)

    def flush(self) -> None:
        for name, count in self._unshared.items():
            if self._prefix + name in self._counters:
                self._counters.add(self._prefix + name, count)
            else:
                self._own.add(name, count)
        self._unshared.clear()
