"""What a pool counts, as plain numbers."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field

LATENCY_BOUNDS_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
"""Upper bounds of the histogram's buckets; the last bucket, beyond them, has none."""


@dataclass
class Counts:
    """Running counts; *latencies* counts the answered by time from ``call`` to the answer, a bucket each."""

    answered: int = 0
    """Requests that were answered, with whatever code."""
    refused: int = 0
    """Those of them that were answered without the answer's fields: refusals."""
    not_sent: int = 0
    unknown: int = 0
    repeated: int = 0
    """How often a repeatable request was sent again."""
    late: int = 0
    """Replies to what was given up."""
    garbled: int = 0
    """Replies that could not be read."""
    latencies: list[int] = field(default_factory=lambda: [0] * (len(LATENCY_BOUNDS_SECONDS) + 1))

    def took(self, seconds: float) -> None:
        """A request was answered after *seconds*."""
        self.latencies[bisect_left(LATENCY_BOUNDS_SECONDS, seconds)] += 1


@dataclass(frozen=True)
class SiteFigures:
    """One appliance: connections that are admitted, requests on them, connections made so far.

    *complaint* is why a connection to it was not admitted, the first reason since one was.
    """

    name: str
    connections: int
    in_flight: int
    connections_made: int
    draining: bool
    complaint: str | None


@dataclass(frozen=True)
class PoolFigures:
    """A moment's figures of a pool; the counts are since it began."""

    in_flight: int
    queued: int
    queued_bytes: int
    answered: int
    refused: int
    not_sent: int
    unknown: int
    repeated: int
    late: int
    garbled: int
    latencies: tuple[int, ...]
    sites: tuple[SiteFigures, ...]
