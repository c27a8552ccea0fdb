"""``switch serve`` upon a clock that is ahead of the machine's, as hosts' clocks are: for scenarios.

    python -m switch.server.skewed FILE serve ...

FILE says by how many seconds, and may say something else at any time; while there is none, the clock is right.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import SupportsIndex

NANOSECONDS = 1_000_000_000


def skew(ahead: Callable[[], float]) -> None:
    """Have this process's time of day be *ahead* of the machine's, for all that ask from now on."""
    rightly_ns, rightly_split = time.time_ns, time.gmtime

    def now_ns() -> int:
        return rightly_ns() + round(ahead() * NANOSECONDS)

    def split(seconds: float | SupportsIndex | None = None) -> time.struct_time:
        return rightly_split(time.time() if seconds is None else seconds)

    time.time_ns, time.time, time.gmtime = now_ns, lambda: now_ns() / NANOSECONDS, split


def said_in(file: Path) -> Callable[[], float]:
    """How many seconds *file* says."""

    def ahead() -> float:
        try:
            return float(file.read_text())
        except (OSError, ValueError):
            return 0.0

    return ahead


if __name__ == "__main__":
    skew(said_in(Path(sys.argv.pop(1))))
    # What is imported now sees the clock that was set.
    from switch.main import main

    main()
