"""An audit entry, what is entered and what is merely counted."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from time import perf_counter
from typing import Protocol

from hsm.policy.authority import Interface
from hsm.ports import Clock

ENTRIES_KEPT_MAX = 10_000
NAMES_COUNTED_MAX = 2_000
UNNAMED = "??"
UNKNOWN_COMMAND = "$$"

# No form admits digits alone, as many as a PIN has, or hex digits, as many as a key has.
_COMMAND = re.compile(r"[A-Z0-9$]{2}|E[EF][0-9A-F]{4}|FFF[0-9A-F]{3}|[A-Z$][A-Z]{0,15}")
_OUTCOME = re.compile(r"[0-9A-Z]{2}")
_PEER = re.compile(r"[0-9a-z_.:%\[\]-]{0,64}")
_PLACE = re.compile(r"([A-Za-z_]{1,60})?( at [a-z_][a-z0-9_]{0,39}\.py:[0-9]{1,5})?")


class Category(Enum):
    """What sort of command an entry is about."""

    STATUS = "status"
    KEY = "key"
    PIN = "pin"
    CARD = "card"
    MAC = "mac"
    CIPHER = "cipher"
    STORAGE = "storage"
    CONSOLE = "console"
    DEVICE = "device"

    # Looked up at every command, so not hashed by name.
    __hash__ = object.__hash__


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that happened.  Raises ValueError when a field has not the form that keeps secrets out.

    *sequence* counts from 1, *outcome* is the two-character code that was answered, *duration_us* is in microseconds,
    *place* names the field or the source line at fault (``account``, ``KeyError at pins.py:41``).
    """

    sequence: int
    time: datetime
    interface: Interface
    peer: str
    command: str
    outcome: str
    category: Category
    duration_us: int
    place: str = ""

    def __post_init__(self) -> None:
        for form, text, what in (
            (_COMMAND, self.command, "command"),
            (_OUTCOME, self.outcome, "outcome"),
            (_PEER, self.peer, "peer"),
            (_PLACE, self.place, "place"),
        ):
            if not form.fullmatch(text):
                raise ValueError(f"an audit entry's {what} has a form of its own")

    def fields(self) -> dict[str, str | int]:
        """The entry as plain values, for a file or a console."""
        shown: dict[str, str | int] = {
            "sequence": self.sequence,
            "time": self.time.isoformat(timespec="microseconds"),
            "interface": self.interface.value,
            "peer": self.peer,
            "command": self.command,
            "outcome": self.outcome,
            "category": self.category.value,
            "duration_us": self.duration_us,
        }
        if self.place:
            shown["place"] = self.place
        return shown


class Auditor(Protocol):
    """Where entries go."""

    @property
    def last_sequence(self) -> int:
        """The sequence number of the latest entry, 0 when there is none."""

    def note(self, entry: Entry) -> None:
        """Take *entry*; it is safe only after ``flush``."""

    def flush(self) -> None:
        """Write what was taken since the last flush."""


class MemoryAuditor:
    """The latest entries, in memory, for an appliance without state directory."""

    def __init__(self, entries_max: int = ENTRIES_KEPT_MAX) -> None:
        self._entries: deque[Entry] = deque(maxlen=entries_max)
        self.last_sequence = 0

    @property
    def entries(self) -> tuple[Entry, ...]:
        return tuple(self._entries)

    def note(self, entry: Entry) -> None:
        self._entries.append(entry)
        self.last_sequence = entry.sequence

    def flush(self) -> None:
        """Nothing is to be written."""


class Tally(Protocol):
    """Counts by name; several processes may stand behind one."""

    def add(self, name: str, count: int = 1) -> None: ...

    def total(self, name: str) -> int: ...

    def flush(self) -> None:
        """Let other processes see what was counted; called once a turn."""


class MemoryTally:
    """Counts of one process.  Past *names_max* names the rest are counted together, as ``??``."""

    def __init__(self, names_max: int = NAMES_COUNTED_MAX) -> None:
        self._counts: dict[str, int] = {}
        self._names_max = names_max

    def add(self, name: str, count: int = 1) -> None:
        counts = self._counts
        known = counts.get(name)
        if known is not None:
            counts[name] = known + count
        elif len(counts) < self._names_max:
            counts[name] = count
        else:
            counts[UNNAMED] = counts.get(UNNAMED, 0) + count

    def total(self, name: str) -> int:
        return self._counts.get(name, 0)

    def flush(self) -> None:
        """Nobody else counts."""


class TallyApart:
    """A part of another tally, whose names have a *prefix* there."""

    def __init__(self, whole: Tally, prefix: str) -> None:
        self._whole = whole
        self._prefix = prefix

    def add(self, name: str, count: int = 1) -> None:
        self._whole.add(self._prefix + name, count)

    def total(self, name: str) -> int:
        return self._whole.total(self._prefix + name)

    def flush(self) -> None:
        self._whole.flush()


@dataclass(frozen=True, slots=True)
class AuditOptions:
    """What is entered one by one: commands of these categories, and refusals of any."""

    categories: frozenset[Category] = frozenset((Category.KEY, Category.STORAGE, Category.CONSOLE, Category.DEVICE))
    refusals: bool = True


class Audit:
    """Counts every command and enters those that *options* name; all commands pass here on their way out."""

    def __init__(
        self,
        auditor: Auditor,
        clock: Clock,
        options: AuditOptions | None = None,
        volumes: Tally | None = None,
        outcomes: Tally | None = None,
    ) -> None:
        self.options = options or AuditOptions()
        self.volumes: Tally = volumes or MemoryTally()
        self.outcomes: Tally = outcomes or MemoryTally()
        self._auditor = auditor
        self._clock = clock
        self._entered = self.options.categories
        self._count_command = self.volumes.add
        self._count_outcome = self.outcomes.add
        # What lives in this process alone has nothing to flush, and is not asked at every turn.
        tallies = [each.flush for each in (self.volumes, self.outcomes) if not isinstance(each, MemoryTally)]
        self._flushes = (*tallies, *([] if isinstance(auditor, MemoryAuditor) else [auditor.flush]))

    def apart(self, dialect: str) -> Audit:
        """This log as another *dialect* uses it: its codes, which mean other things, are counted by themselves.

        What it enters is flushed with this one.
        """
        volumes, outcomes = (TallyApart(each, f"{dialect} ") for each in (self.volumes, self.outcomes))
        return Audit(self._auditor, self._clock, self.options, volumes, outcomes)

    def done(
        self,
        command: str,
        outcome: str,
        category: Category,
        peer: str = "",
        *,
        interface: Interface = Interface.HOST,
        began: float | None = None,
        place: str = "",
    ) -> None:
        """*command* was answered with *outcome*; a code that no command has is given as UNKNOWN_COMMAND.

        *began* is when, by ``time.perf_counter``, so that the entry can say how long it took.
        """
        self._count_command(command)
        self._count_outcome(outcome)
        if category in self._entered or (outcome != "00" and self.options.refusals):
            sequence = self._auditor.last_sequence + 1
            now = self._clock.now()
            duration_us = 0 if began is None else int((perf_counter() - began) * 1_000_000)
            self._auditor.note(Entry(sequence, now, interface, peer, command, outcome, category, duration_us, place))

    def flush(self) -> None:
        """Write what was entered and share what was counted; the server calls this once per turn of its reactor."""
        for flush in self._flushes:
            flush()
