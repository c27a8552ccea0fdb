"""When it is, as transactions know it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from switch.flow.hop import Moment

DAY = timedelta(days=1)
AFTER_TURN, BEFORE_TURN = timedelta(hours=1), timedelta(minutes=10)
"""For how long after the business date has turned something of the day before may come again; and for how long before it
turns something may have come that the clock, put back since, took for the next day's."""


class Days:
    """Moments by a clock of microseconds since 1970.

    *turns* is the time of the day, UTC, at which the business date becomes that of the next day; at midnight it is the
    calendar's.
    """

    def __init__(self, now_us: Callable[[], int], turns: timedelta = timedelta(0)) -> None:
        self._now_us = now_us
        self._ahead = DAY - turns if turns else timedelta(0)
        self._second = -1
        self._texts = ("", "", "", "")
        self._neighbours: tuple[str, ...] = ()

    def moment(self) -> Moment:
        """Now."""
        now_us = self._now_us()
        second = now_us // 1_000_000
        if second != self._second:
            # What is written of a moment changes once a second, and is asked several times for each transaction.
            self._second = second
            now = datetime.fromtimestamp(second, UTC)
            date = now + self._ahead
            self._texts = (f"{date:%Y%m%d}", f"{date - DAY:%Y%m%d}", f"{now:%m%d%H%M%S}", f"{now:%Y}")
            since = timedelta(hours=date.hour, minutes=date.minute, seconds=date.second)
            day_after = f"{date + DAY:%Y%m%d}" if since >= DAY - BEFORE_TURN else ""
            self._neighbours = (self._texts[1],) if since < AFTER_TURN else (day_after,) if day_after else ()
        return Moment(now_us, *self._texts, self._neighbours)
