"""What the server writes to standard error: one line an event, never the text of an exception.

An exception's text may quote a request, and a request holds keys.  Its type and the place that raised it are enough to
find the mistake.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime

from twisted.logger import ILogObserver, LogEvent, LogLevel, formatEvent, globalLogBeginner
from twisted.python.failure import Failure
from zope.interface import provider

from hsm.audit.place import place_of


def line_of(event: LogEvent) -> str:
    """The line of one log event, without its newline."""
    level = event.get("log_level", LogLevel.info)
    when = datetime.fromtimestamp(float(event.get("log_time", 0.0)), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    failure = event.get("log_failure")
    if isinstance(failure, Failure):
        told = place_of(failure.value) if failure.value is not None else "failure"
    else:
        told = " ".join(formatEvent(event).split())
    return f"{when} {level.name} {event.get('log_namespace', '-')}: {told}"


@provider(ILogObserver)
def _write(event: LogEvent) -> None:
    level = event.get("log_level", LogLevel.info)
    if level < LogLevel.info or (level == LogLevel.info and not str(event.get("log_namespace")).startswith("hsm.")):
        return
    print(line_of(event), file=sys.stderr, flush=True)


def begin_journal() -> None:
    """Write log events to standard error from now on."""
    globalLogBeginner.beginLoggingTo([_write], redirectStandardIO=False, discardBuffer=True)
