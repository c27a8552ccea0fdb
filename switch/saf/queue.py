"""What the machine of one link holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from switch.saf.events import Conclude
from switch.saf.rules import Rules
from switch.store.rows import Owed


class Phase(Enum):
    """Where one message stands."""

    WAITING = "waiting"
    BEGINNING = "its attempt is being committed"
    ASKED = "sent, or about to be"
    ENDING = "its end is being committed"


UNDER_WAY = (Phase.BEGINNING, Phase.ASKED)


@dataclass(frozen=True, slots=True)
class Held:
    """One row.  *due_us*: not before that.  *seen*: the peer may have it already.  *tried*: answered since the link opened.

    *response* is the last answer, if it was one that may go better another time; *ending* is how it ended, as soon as that
    is known.
    """

    row: Owed
    due_us: int
    seen: bool
    phase: Phase = Phase.WAITING
    tried: bool = False
    response: str = ""
    ending: Conclude | None = None


@dataclass(frozen=True, slots=True)
class Queue:
    """The first *rows* that the link is owed, in order of position.

    *whole*: there were no more in the store when it was read.  *loading*: it is being read, and *again*: it must be once
    more after that; *load_us*: not before that (0: need not).  *draining*: the link has opened and not everything was
    answered once.
    """

    rules: Rules
    rows: tuple[Held, ...] = ()
    open: bool = False
    whole: bool = False
    loading: bool = False
    again: bool = False
    load_us: int = 0
    draining: bool = True

    @property
    def may_pass_traffic(self) -> bool:
        """May requests go to the peer, as far as what it is owed is concerned?"""
        return self.open and not (self.rules.drain_first and self.draining)

    @property
    def under_way(self) -> int:
        """How many originals are unanswered."""
        return sum(held.phase in UNDER_WAY for held in self.rows)

    @property
    def due_us(self) -> int | None:
        """When a ``Tick`` has something to do; None: not until something else happens."""
        times = [self.load_us] if self.load_us else []
        sends = self.open and self.under_way < self.rules.window
        for held in self.first_of_each():
            if held.phase is Phase.WAITING:
                if held.ending is not None or sends:
                    times.append(held.due_us)
                if held.ending is None and held.row.expires_us:
                    times.append(held.row.expires_us)
        return min(times, default=None)

    def first_of_each(self) -> Iterator[Held]:
        """The first row of each original."""
        begun = set()
        for held in self.rows:
            if held.row.original_id not in begun:
                begun.add(held.row.original_id)
                yield held

    def find(self, id: str) -> Held | None:
        """The row *id*, if it is held."""
        return next((held for held in self.rows if held.row.id == id), None)
