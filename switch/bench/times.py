"""How long transactions took."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

MILLISECONDS = 1_000.0


@dataclass(frozen=True)
class Quantiles:
    """Of times in milliseconds: the median, what 99 of 100 and 999 of 1,000 did not exceed, and the longest."""

    p50_ms: float
    p99_ms: float
    p999_ms: float
    max_ms: float

    def figures(self) -> dict[str, float]:
        """By name, rounded to microseconds."""
        return {name: round(value, 3) for name, value in asdict(self).items()}


def quantile(ordered: Sequence[float], part: float) -> float:
    """The least of the *ordered* times that *part* (0 to 1) of them do not exceed: the nearest rank.

    >>> quantile([1.0, 2.0, 3.0, 4.0], 0.5), quantile([1.0, 2.0, 3.0, 4.0], 0.51), quantile([7.0], 0.99)
    (2.0, 3.0, 7.0)
    """
    # What a float lacks of a whole number must not count as one more.
    rank = -int(-round(part * len(ordered), 6) // 1)
    return ordered[max(rank, 1) - 1]


def quantiles(seconds: Sequence[float]) -> Quantiles:
    """Those of *seconds*, of which there must be one.  Raises ValueError."""
    if not seconds:
        raise ValueError("nothing was measured")
    ordered = sorted(seconds)
    return Quantiles(*(quantile(ordered, part) * MILLISECONDS for part in (0.5, 0.99, 0.999, 1.0)))
