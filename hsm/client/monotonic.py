"""A reactor whose time-outs don't depend on what time of the day it is."""

from __future__ import annotations

import time

from twisted.internet.interfaces import IReactorTime


def without_time_of_day(reactor: IReactorTime) -> None:
    """Have *reactor* count seconds as they pass, before anything is put off.

    Twisted counts by the time of the day: set back by an hour, it would let every time-out wait for an hour more, and set
    ahead it would end all of them at once.
    """
    reactor.seconds = time.monotonic  # type: ignore[method-assign]  # what all its delayed calls ask
