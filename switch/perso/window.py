"""The hours in which an issuer may push (UTC)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time

_WRITTEN = re.compile("([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-3]):([0-5][0-9])")


@dataclass(frozen=True)
class Window:
    """From *opens*, of the day, to *closes*, which is no longer in it; over midnight if that comes first.

    >>> Window.read("22:00-02:00").holds(datetime(2026, 1, 31, 23, 59)), Window.read("22:00-02:00")
    (True, Window(opens=datetime.time(22, 0), closes=datetime.time(2, 0)))
    """

    opens: time
    closes: time

    @classmethod
    def read(cls, text: str) -> Window:
        """Of HH:MM-HH:MM; equal times are the whole day.  Raises ValueError."""
        found = _WRITTEN.fullmatch(text)
        if not found:
            raise ValueError("HH:MM-HH:MM")
        hour, minute, to_hour, to_minute = map(int, found.groups())
        return cls(time(hour, minute), time(to_hour, to_minute))

    def holds(self, at: datetime) -> bool:
        """Is *at* (UTC) in the window?"""
        now = at.time()
        if self.opens < self.closes:
            return self.opens <= now < self.closes
        return now >= self.opens or now < self.closes

    def __str__(self) -> str:
        return f"{self.opens:%H:%M}-{self.closes:%H:%M}"
