"""What a process has used: the kernel's figures (proc(5))."""

from __future__ import annotations

import os
import resource
from dataclasses import dataclass
from pathlib import Path

UTIME, STIME = 11, 12
"""Behind the name, which may hold blanks."""


@dataclass(frozen=True)
class Usage:
    """*seconds* of processor, in the program and in the kernel for it; *resident_kib* of memory that it occupies now."""

    seconds: float
    resident_kib: int


def usage(pid: int | None = None) -> Usage:
    """That of the process *pid*, or of this one.  Raises OSError when there is none."""
    folder = Path("/proc") / ("self" if pid is None else str(pid))
    parts = (folder / "stat").read_text().rpartition(")")[2].split()
    ticks = int(parts[UTIME]) + int(parts[STIME])
    pages = int((folder / "statm").read_text().split()[1])
    return Usage(ticks / os.sysconf("SC_CLK_TCK"), pages * resource.getpagesize() // 1024)
