"""Columns, times and durations as people read them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from switch.money import Amount, MoneyError, currency


def columns(heading: Sequence[str], rows: Sequence[Sequence[object]]) -> Iterator[str]:
    """*rows* under their *heading*, each column as wide as it needs.

    >>> list(columns(("link", "owed"), [("alpha", 3)]))
    ['link   owed', 'alpha  3']
    """
    texts = [[str(cell) for cell in row] for row in (heading, *rows)]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    for row in texts:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def moment(at_us: int) -> str:
    """A time in UTC, to the millisecond.

    >>> moment(1_500_000), moment(0)
    ('1970-01-01T00:00:01.500Z', '-')
    """
    if not at_us:
        return "-"
    seconds, microseconds = divmod(at_us, 1_000_000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{microseconds // 1000:03d}Z"


def lasting(microseconds: int) -> str:
    """A duration in its two greatest units.

    >>> lasting(5_000_000), lasting(3_725_000_000), lasting(90_000_000_000), lasting(-1)
    ('5s', '1h 2m', '1d 1h', '0s')
    """
    seconds = max(microseconds, 0) // 1_000_000
    parts: list[str] = []
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)):
        count, seconds = divmod(seconds, size)
        if count or (unit == "s" and not parts):
            parts.append(f"{count}{unit}")
    return " ".join(parts[:2])


def money(minor: int, numeric: str) -> str:
    """An amount as people write it, or in minor units of a currency that we don't know.

    >>> money(50_000, "704"), money(1, "000"), money(0, "")
    ('50000 VND', '1 (000)', '-')
    """
    if not numeric:
        return str(minor or "-")
    try:
        return str(Amount(minor, currency(numeric)))
    except MoneyError:
        return f"{minor} ({numeric})"
