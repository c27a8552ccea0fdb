"""What the parts of a switch have to say, as events of the log."""

from __future__ import annotations

from switch.keys.effects import Note
from switch.saf.events import End
from switch.saf.watch import Alarm
from switch.server.logfile import Tell
from switch.store.rows import Owed


class Telling:
    """Takes what each part tells in its own words; store-and-forward's is ``switch.server.queued.Told``."""

    def __init__(self, tell: Tell) -> None:
        self.tell = tell

    def link(self, link: str, text: str) -> None:
        """The exchange, about a *link* or, where that is empty, for somebody to look at."""
        if link:
            self.tell("link", link=link, text=text)
        else:
            self.tell("alarm", text=text)

    def key(self, note: Note) -> None:
        """The key desk."""
        self.tell("alarm" if note.alarm else "key", text=note.text)

    def ended(self, row: Owed, end: End) -> None:
        """A message is not owed any more."""
        if end is End.SETTLED:
            self.tell("settled", link=row.link, mti=row.mti, original=row.original_id, attempts=row.attempts)
        else:
            text = f"{row.mti}: {end.value}; see exceptions"
            self.tell("exception", link=row.link, original=row.original_id, text=text)

    def drained(self, link: str) -> None:
        """Transactions may pass."""
        self.tell("drained", link=link)

    def alarmed(self, link: str, alarm: Alarm, raised: bool) -> None:
        """A threshold was passed, or not any more."""
        if raised:
            self.tell("alarm", link=link, text=alarm.value)
        else:
            self.tell("alarm-over", link=link, text=alarm.value)
