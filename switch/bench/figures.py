"""What a run found, and figures for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

THROUGHPUT_LEAST = 2_000.0
P99_MS_MAX = 50.0
CODEC_US_MAX = 10.0
GROWTH_MAX = 1.5
"""How much more a link may cost among the most than among the fewest, for the cost to count as linear."""


@dataclass(frozen=True)
class Outcome:
    """What came of a load: *approved* withdrawals in *seconds*; *wrong* ones by what was wrong, the warm-up's too.

    *times* are quantiles in milliseconds; the rest is by process: seconds of processor, KiB resident at the end.
    """

    approved: int
    approved_in_all: int
    seconds: float
    wrong: Mapping[str, int]
    times: Mapping[str, float]
    keys_changed: int
    echoes: int
    processor_seconds: Mapping[str, float]
    resident_kib: Mapping[str, int]

    @property
    def per_second(self) -> float:
        """Approved withdrawals a second."""
        return self.approved / self.seconds if self.seconds else 0.0

    def microseconds_each(self, process: str) -> float:
        """Of processor for a withdrawal."""
        return self.processor_seconds[process] / max(self.approved, 1) * 1e6


def outcome_of(told: Mapping[str, Any]) -> Outcome:
    """The outcome that the partners have *told* as JSON."""
    return Outcome(**told)


@dataclass(frozen=True)
class Figure:
    """One figure: *value* in *unit*; *met*: as it was wanted, None where nothing is; *wanted* says what."""

    name: str
    value: float
    unit: str
    wanted: str = ""
    met: bool | None = None


@dataclass
class Report:
    """All figures of a run, in order."""

    figures: list[Figure] = field(default_factory=list)

    def add(self, name: str, value: float, unit: str, *, least: float | None = None, most: float | None = None) -> None:
        """Add one, which is wanted to be *least* or *most* if either is told."""
        met, wanted = None, ""
        if least is not None:
            met, wanted = value >= least, f"at least {least:g}"
        elif most is not None:
            met, wanted = value <= most, f"at most {most:g}"
        self.figures.append(Figure(name, value, unit, wanted, met))

    @property
    def missed(self) -> list[str]:
        """The names of those that are not as wanted."""
        return [each.name for each in self.figures if each.met is False]

    def lines(self) -> list[str]:
        """A table."""
        rows = [(each.name, shown(each.value), each.unit, _verdict(each)) for each in self.figures]
        widths = [max((len(row[at]) for row in rows), default=0) for at in range(3)]
        return [
            f"{row[0]:<{widths[0]}}  {row[1]:>{widths[1]}} {row[2]:<{widths[2]}}  {row[3]}".rstrip() for row in rows
        ]

    def document(self) -> list[dict[str, object]]:
        """For machines."""
        return [
            {"name": each.name, "value": each.value, "unit": each.unit, "wanted": each.wanted, "met": each.met}
            for each in self.figures
        ]


def shown(value: float) -> str:
    """*value* with as many places as mean something.

    >>> shown(2170.4), shown(31.2549), shown(0.5), shown(3.0)
    ('2170', '31.3', '0.50', '3')
    """
    if value >= 100 or value == int(value):
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _verdict(figure: Figure) -> str:
    if figure.met is None:
        return ""
    return f"{figure.wanted}: {'met' if figure.met else 'MISSED'}"


def add_outcome(report: Report, outcome: Outcome, prefix: str = "") -> None:
    """The figures that every load has."""
    for process in outcome.processor_seconds:
        report.add(f"{prefix}processor, {process}", outcome.microseconds_each(process), "us each")
    for process, kib in outcome.resident_kib.items():
        report.add(f"{prefix}memory, {process}", kib / 1024, "MiB")
    report.add(f"{prefix}lost or declined", sum(outcome.wrong.values()), "withdrawals", most=0)


def add_growth(report: Report, unit: str, costs: Sequence[tuple[int, float]]) -> None:
    """Whether *costs*, each a count and what all of them cost, grow as the counts do: what one more costs, at both ends.

    The first count is the base: what is there without links is in it.  Three counts or more tell.
    """
    (n0, c0), (n1, c1), *_, (n2, c2) = costs
    first, last = (c1 - c0) / (n1 - n0), (c2 - c1) / (n2 - n1)
    report.add(f"one more of {n1}, {unit}", first, unit)
    report.add(f"one more of {n2}, {unit}", last, unit, most=round(max(first, 0.0) * GROWTH_MAX, 3))
