"""Processes that a demonstration which was killed left running: known by their number and by when they began."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

END_SECONDS_MAX = 15.0
_START_FIELD = 19
"""Of /proc/PID/stat, behind the name: when the process began, in clock ticks since the machine did (proc(5), field 22)."""


class Children:
    """What a demonstration in the *folder* runs; the file there lasts longer than the demonstration."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "running.json"
        self._running: dict[str, str] = {}

    def end_leftovers(self) -> None:
        """End what an earlier demonstration noted, if it still runs, and wait for it."""
        if not self._file.exists():
            return
        left = {int(pid): began for pid, began in json.loads(self._file.read_text()).items()}
        running = [pid for pid, began in left.items() if _began(pid) == began]
        for pid in running:
            os.kill(pid, signal.SIGTERM)
        until = time.monotonic() + END_SECONDS_MAX
        while any(_began(pid) == left[pid] for pid in running) and time.monotonic() < until:
            time.sleep(0.05)
        self._file.unlink()

    def note(self, pid: int) -> None:
        """The process *pid* was started."""
        self._running[str(pid)] = _began(pid)
        self._write()

    def forget(self, pid: int) -> None:
        """It has ended."""
        self._running.pop(str(pid), None)
        self._write()

    def _write(self) -> None:
        temporary = self._file.with_suffix(".new")
        temporary.write_text(json.dumps(self._running))
        temporary.rename(self._file)


def _began(pid: int) -> str:
    """When *pid* began; empty when there is no such process, or nobody who tells."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] == "Z" else fields[_START_FIELD]
