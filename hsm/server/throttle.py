"""A rate limit as a token bucket."""

from __future__ import annotations

from collections.abc import Callable


class TokenBucket:
    """Lets *rate_per_second* things happen, and as many at once as one second earns (at least one).

    >>> now = 0.0
    >>> bucket = TokenBucket(2, lambda: now)
    >>> [bucket.take() for _ in range(3)]
    [True, True, False]
    >>> bucket.seconds_until_next()
    0.5
    """

    def __init__(self, rate_per_second: float, seconds: Callable[[], float]) -> None:
        self._rate = rate_per_second
        self._burst = max(1.0, rate_per_second)
        self._seconds = seconds
        self._tokens = self._burst
        self._filled = seconds()

    def _fill(self) -> None:
        now = self._seconds()
        self._tokens = min(self._burst, self._tokens + (now - self._filled) * self._rate)
        self._filled = now

    def take(self) -> bool:
        """Use one token up, if there is one."""
        self._fill()
        # Adding up fractions of a second may leave the sum a rounding error short of a token.
        if self._tokens < 1.0 - 1e-9:
            return False
        self._tokens -= 1.0
        return True

    def seconds_until_next(self) -> float:
        """How long until ``take`` succeeds; 0 when it would now."""
        self._fill()
        return max(0.0, (1.0 - self._tokens) / self._rate)
