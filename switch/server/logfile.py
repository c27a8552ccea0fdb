"""The log: one JSON object a line for each event, written by a thread of its own so that nobody ever waits for a disk.

    {"at": "2026-11-22T13:00:00.123Z", "event": "link", "link": "alpha", "text": "line CONNECTED, …"}

Texts are cut to a bounded length and hold no PAN; the texts of exceptions, which may quote anything, are never written.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Protocol

from twisted.logger import ILogObserver, LogEvent, LogLevel, formatEvent, globalLogBeginner
from twisted.python.failure import Failure
from zope.interface import provider

from switch.codec.privacy import without_pans
from switch.operator.words import moment

TEXT_CHARS_MAX = 400
FIELDS_MAX = 12
LINES_WAITING_MAX = 10_000
CLOSE_SECONDS_MAX = 5.0
Loggable = str | int | float | bool


class Tell(Protocol):
    """Takes an event for the log: a word, and what belongs to it."""

    def __call__(self, event: str, /, **fields: Loggable) -> None: ...


class LogFile:
    """Lines to *path*, or to standard error; at most LINES_WAITING_MAX wait, and those above are counted and dropped."""

    def __init__(self, path: Path | None, now_us: Callable[[], int] = lambda: time.time_ns() // 1000) -> None:
        """Raises OSError when the file can't be opened."""
        self._path, self._now_us = path, now_us
        self._stream = self._opened()
        self._waiting: deque[str] = deque()
        self._changed = threading.Condition()
        self._closing = self._reopening = False
        self.dropped = 0
        """Lines that were never written: too many waited, or the file took none."""
        self._thread = threading.Thread(target=self._serve, name="log-writer", daemon=True)
        self._thread.start()

    def tell(self, event: str, /, **fields: Loggable) -> None:
        """Have a line written; never blocks, never fails."""
        line = line_of(self._now_us(), event, fields)
        with self._changed:
            if self._closing or len(self._waiting) >= LINES_WAITING_MAX:
                self.dropped += 1
                return
            self._waiting.append(line)
            self._changed.notify()

    def reopen(self) -> None:
        """Go on in a new file of the same name, for whoever has moved the old one away."""
        with self._changed:
            self._reopening = True
            self._changed.notify()

    def close(self) -> None:
        """Write what waits, unless it takes too long.  May be called twice."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join(CLOSE_SECONDS_MAX)

    def _opened(self) -> IO[str]:
        if self._path is None:
            return sys.stderr
        self._path.parent.mkdir(parents=True, exist_ok=True)
        return self._path.open("a", encoding="utf-8", errors="backslashreplace")

    def _serve(self) -> None:
        while True:
            with self._changed:
                while not (self._waiting or self._closing or self._reopening):
                    self._changed.wait()
                lines, ended = [*self._waiting], self._closing
                self._waiting.clear()
                reopening, self._reopening = self._reopening, False
            self._write(lines)
            if reopening and self._path is not None:
                self._change_over()
            if ended:
                self._let_go()
                return

    def _write(self, lines: list[str]) -> None:
        try:
            self._stream.writelines(lines)
            self._stream.flush()
        except (OSError, ValueError):
            self.dropped += len(lines)

    def _change_over(self) -> None:
        try:
            opened = self._opened()
        except OSError:
            # The old file is still there to be written to.
            return
        self._let_go()
        self._stream = opened

    def _let_go(self) -> None:
        # What could not be written was counted when it was tried.
        with suppress(OSError):
            if self._path is not None:
                self._stream.close()


def line_of(now_us: int, event: str, fields: dict[str, Loggable]) -> str:
    """The line of one event, with its end.

    >>> line_of(0, "link", {"link": "alpha", "text": "4000001234562 called"})
    '{"at": "-", "event": "link", "link": "alpha", "text": "400000***4562 called"}\\n'
    """
    shown = {name: _shown(value) for name, value in [*fields.items()][:FIELDS_MAX]}
    return json.dumps({"at": moment(now_us), "event": event, **shown}, ensure_ascii=True) + "\n"


def _shown(value: Loggable) -> Loggable:
    if not isinstance(value, str):
        return value
    text = without_pans(" ".join(value.split()))
    return text if len(text) <= TEXT_CHARS_MAX else f"{text[:TEXT_CHARS_MAX]}…"


def begin_log(log: LogFile) -> None:
    """Have what the program's parts log by Twisted's logger told to *log* from now on; faults by type and place only."""

    @provider(ILogObserver)
    def observe(event: LogEvent) -> None:
        level = event.get("log_level", LogLevel.info)
        space = str(event.get("log_namespace", "-"))
        failure = event.get("log_failure")
        if isinstance(failure, Failure):
            log.tell("fault", part=space, text=place_of(failure))
        elif level >= LogLevel.warn or space.startswith("switch."):
            log.tell(level.name, part=space, text=formatEvent(event))

    globalLogBeginner.beginLoggingTo([observe], redirectStandardIO=False, discardBuffer=True)


def place_of(failure: Failure) -> str:
    """Of what type a fault is, and in which line of the switch it was raised."""
    kind = failure.type.__name__ if failure.type is not None else "Exception"
    ours = [frame for frame in failure.frames if "switch" in Path(frame[1]).parts] if failure.frames else []
    return f"{kind} at {Path(ours[-1][1]).name}:{ours[-1][2]}" if ours else kind
