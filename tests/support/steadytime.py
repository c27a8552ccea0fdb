"""Time for a reactor in a test: a machine that stands still takes none of it, and a test may have it pass."""

from __future__ import annotations

from twisted.internet.epollreactor import EPollReactor
from twisted.python.runtime import seconds as real_seconds

LOOK_SECONDS_MAX = 0.02
"""As long as a turn of the reactor waits for sockets at most; what is more was no waiting."""


class SteadyTime:
    """Seconds for a reactor's ``seconds``.

    Between two looks at the clock at most LOOK_SECONDS_MAX pass, so that what both ends of a socket do in this process
    is in time however seldom the process is let run.
    """

    def __init__(self) -> None:
        self._seen = self._seconds = real_seconds()

    def __call__(self) -> float:
        seen = real_seconds()
        self._seconds += min(seen - self._seen, LOOK_SECONDS_MAX)
        self._seen = seen
        return self._seconds

    def passes(self, seconds: float) -> None:
        """So much of it, at once."""
        self._seconds += seconds


def steady(reactor: EPollReactor) -> SteadyTime:
    """The time of *reactor*, which has no calls outstanding yet, from now on."""
    time = SteadyTime()
    reactor.seconds = time
    return time
