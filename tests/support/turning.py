"""The reactor, turned by hand until something is so."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from threading import Thread
from typing import TypeVar

from support.steadytime import LOOK_SECONDS_MAX, SteadyTime, steady
from twisted.internet.defer import Deferred
from twisted.internet.epollreactor import EPollReactor
from twisted.python.failure import Failure

T = TypeVar("T")

SECONDS_MAX = 60.0


@cache
def _started() -> tuple[EPollReactor, SteadyTime]:
    """Twisted's own one, which its TLS takes whatever it is told; a reactor can be started once in a process."""
    from twisted.internet import reactor

    assert isinstance(reactor, EPollReactor)
    time = steady(reactor)
    reactor.startRunning(installSignalHandlers=False)
    # Nobody shuts this reactor down; its threads must not keep the process alive.
    reactor.getThreadPool().threadFactory = partial(Thread, daemon=True)  # type: ignore[assignment]  # only called
    return reactor, time


class Turning:
    """Real sockets and steady time; nothing happens but in ``until`` and ``result``."""

    def __init__(self) -> None:
        self.reactor, self.time = _started()

    def until(self, so: Callable[[], bool]) -> None:
        """Turn until *so*; fails the test after SECONDS_MAX."""
        end = time.monotonic() + SECONDS_MAX
        while not so():
            assert time.monotonic() < end, "it never came to be so"
            self.reactor.iterate(LOOK_SECONDS_MAX)

    def result(self, deferred: Deferred[T]) -> T:
        """What *deferred* fires with.  Raises what it fails with."""
        got: list[T] = []
        wrong: list[Failure] = []
        deferred.addCallbacks(got.append, wrong.append)
        self.until(lambda: bool(got or wrong))
        if wrong:
            wrong[0].raiseException()
        return got[0]


@contextmanager
def turning() -> Iterator[Turning]:
    """The reactor; what a test has left behind is closed at the end, so that the next one finds nothing."""
    turned = Turning()
    try:
        yield turned
    finally:
        for call in turned.reactor.getDelayedCalls():
            call.cancel()
        for left in turned.reactor.getReaders() + turned.reactor.getWriters():
            if left is not turned.reactor.waker:
                turned.reactor.removeReader(left)
                turned.reactor.removeWriter(left)
