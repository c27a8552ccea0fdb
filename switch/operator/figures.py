"""What is counted of transactions, as plain numbers."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter

from hsm.client.figures import LATENCY_BOUNDS_SECONDS

SERIES_MAX = 4_096
"""Combinations of service and response; what comes above is counted as ``other``.  Catalogues and codes have far fewer."""
OTHER = "other"


class Figures:
    """Running counts; one thread counts, any may read."""

    def __init__(self) -> None:
        self.answers: Counter[tuple[str, str]] = Counter()
        """By service and response code (DE 39, own code)."""
        self.latencies: dict[str, list[int]] = {}
        """By service, a bucket for each of LATENCY_BOUNDS_SECONDS and one beyond: arrival to answer."""
        self.microseconds: Counter[str] = Counter()
        """By service, the sum of those times."""

    def answered(self, service: str, response: str, seconds: float) -> None:
        """A request of *service* was answered with *response* after *seconds*."""
        counted = (service, response)
        if counted not in self.answers and len(self.answers) >= SERIES_MAX:
            counted = (OTHER, OTHER)
        service = counted[0]
        self.answers[counted] += 1
        self.microseconds[service] += round(seconds * 1e6)
        buckets = self.latencies.get(service)
        if buckets is None:
            buckets = self.latencies[service] = [0] * (len(LATENCY_BOUNDS_SECONDS) + 1)
        buckets[bisect_left(LATENCY_BOUNDS_SECONDS, seconds)] += 1
