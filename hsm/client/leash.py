"""Processes that end when the one that started them does, whatever ended that, and a lock that all of them hold.

The starter holds one end of a pipe and its children the other: when the first is closed, by ``kill -9`` too, they end.  The
lock (flock) is on a file that the children have open as well, so that it is free when the last of them has ended.
"""

from __future__ import annotations

import fcntl
import os
import signal
import threading
import time
from pathlib import Path
from select import select
from types import TracebackType
from typing import Self

VARIABLE = "ZONEKEY_LEASH"
"""Tells a child the number of its end of the pipe."""
END_SECONDS_MAX = 10.0
"""So long a child that was asked to end may take; then it is ended."""


class StillHeld(Exception):
    """The lock is not free: who holds it works on, or has children that do."""


class Leash:
    """For children of this process: give them ``descriptors`` (``pass_fds``) and ``environment``."""

    def __init__(self, lock: Path, seconds_max: float) -> None:
        """*lock* is a file, made if it isn't there, and waited for *seconds_max*."""
        self._lock_file, self._seconds_max = lock, seconds_max

    def __enter__(self) -> Self:
        """Raises StillHeld, OSError."""
        self._lock = os.open(self._lock_file, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            self._wait()
        except StillHeld:
            os.close(self._lock)
            raise
        self._theirs, self._ours = os.pipe()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for descriptor in (self._ours, self._theirs, self._lock):
            os.close(descriptor)

    def _wait(self) -> None:
        until = time.monotonic() + self._seconds_max
        while True:
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > until:
                    raise StillHeld(f"{self._lock_file} is held by another process") from None
                time.sleep(0.05)
            else:
                return

    @property
    def descriptors(self) -> tuple[int, int]:
        """What children inherit."""
        return self._theirs, self._lock

    @property
    def environment(self) -> dict[str, str]:
        """This process's, and how a child knows its end."""
        return {**os.environ, VARIABLE: str(self._theirs)}


def take_leash() -> None:
    """Where this process was started on a leash: end when the starter has ended.  For programs, at their beginning."""
    told = os.environ.pop(VARIABLE, "")
    if not told.isdecimal():
        return
    end = int(told)
    if select([end], [], [], 0)[0]:
        os._exit(1)
    threading.Thread(target=_follow, args=(end,), daemon=True, name="leash").start()


def _follow(end: int) -> None:
    # Nobody writes to the pipe: a read comes back when it is closed.
    os.read(end, 1)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(END_SECONDS_MAX)
    os._exit(1)
