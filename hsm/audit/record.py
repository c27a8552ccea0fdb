"""An audit entry, what is entered and what is merely counted."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from time import perf_counter
from typing import Any, Protocol, runtime_checkable

from hsm.policy.auditing import AuditOptions as AuditOptions
from hsm.policy.auditing import Category as Category
from hsm.policy.authority import Interface
from hsm.ports import Clock, SystemClock

ENTRIES_KEPT_MAX = 10_000
ERRORS_KEPT_MAX = 1_000
HOLDERS_MAX = 9
NAMES_COUNTED_MAX = 2_000
UNNAMED = "??"
UNKNOWN_COMMAND = "$$"
FAULT = "41"
"""The outcome of a fault of our own."""

LOG_CLEARED, ERRORS_CLEARED = "CLEARAUDIT", "CLEARERR"

# No form admits digits alone, as many as a PIN has, or hex digits, as many as a key has.
_COMMAND = re.compile(r"[A-Z0-9$]{2}|E[EF][0-9A-F]{4}|FFF[0-9A-F]{3}|[A-Z$][A-Z]{0,15}")
_OUTCOME = re.compile(r"[0-9A-Z]{2}")
_PEER = re.compile(r"[0-9a-z_.:%\[\]-]{0,64}")
_HOLDER = re.compile(r"[A-Z][A-Z .'-]{0,19}")
_PLACE = re.compile(r"([A-Za-z_]{1,60})?( at [a-z_][a-z0-9_]{0,39}\.py:[0-9]{1,5})?")


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that happened.  Raises ValueError when a field has not the form that keeps secrets out.

    *sequence* counts from 1, *outcome* is the two-character code that was answered, *duration_us* is in microseconds,
    *place* names the field or the source line at fault (``account``, ``KeyError at pins.py:41``), *who* the holders of
    the cards that were presented.
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
    who: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for form, text, what in (
            (_COMMAND, self.command, "command"),
            (_OUTCOME, self.outcome, "outcome"),
            (_PEER, self.peer, "peer"),
            (_PLACE, self.place, "place"),
        ):
            if not form.fullmatch(text):
                raise ValueError(f"an audit entry's {what} has a form of its own")
        if self.who and (len(self.who) > HOLDERS_MAX or not all(map(_HOLDER.fullmatch, self.who))):
            raise ValueError(f"an audit entry names up to {HOLDERS_MAX} holders, each in the form of a name")

    @classmethod
    def of(cls, fields: Mapping[str, Any], sequence: int | None = None) -> Entry:
        """The entry that ``fields`` gave, numbered *sequence* if that is given.  Raises ValueError."""
        try:
            return cls(
                sequence=fields["sequence"] if sequence is None else sequence,
                time=datetime.fromisoformat(fields["time"]),
                interface=Interface(fields["interface"]),
                peer=fields["peer"],
                command=fields["command"],
                outcome=fields["outcome"],
                category=Category(fields["category"]),
                duration_us=fields["duration_us"],
                place=fields.get("place", ""),
                who=tuple(fields.get("who", ())),
            )
        except (KeyError, TypeError, AttributeError):
            raise ValueError("this is no audit entry") from None

    @property
    def is_error(self) -> bool:
        """Does the error log show it: an event, or a fault of our own, which alone names a source line?"""
        return self.category is Category.EVENT or self.outcome == FAULT or ".py:" in self.place

    def fields(self) -> dict[str, str | int | list[str]]:
        """The entry as plain values, for a file or a console."""
        shown: dict[str, str | int | list[str]] = {
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
        if self.who:
            shown["who"] = list(self.who)
        return shown


class AuditUnwritable(Exception):
    """The audit log can't be written."""


class Auditor(Protocol):
    """Where entries go."""

    @property
    def last_sequence(self) -> int:
        """The sequence number of the latest entry, 0 when there is none."""

    def note(self, entry: Entry) -> None:
        """Take *entry*; it is safe only after ``flush``."""

    def flush(self, lasting: bool = False) -> None:
        """Write what was taken since the last flush; when *lasting*, on to the disk.  Raises AuditUnwritable."""


@runtime_checkable
class Logbook(Protocol):
    """The audit log as people read and clear it, at the console of the process that keeps it."""

    def latest(self, count: int) -> tuple[Entry, ...]:
        """Up to *count* entries, the latest last; at most ENTRIES_KEPT_MAX."""

    def errors(self, count: int) -> tuple[Entry, ...]:
        """Up to *count* errors since they were last cleared, the latest last; at most ERRORS_KEPT_MAX."""

    def clear(self, who: tuple[str, ...]) -> None:
        """Put all entries aside and begin anew with one that says *who* did it.  Raises AuditUnwritable."""

    def clear_errors(self, who: tuple[str, ...]) -> None:
        """Forget the errors so far, with an entry that says *who* did it."""


class ErrorList:
    """The errors since the latest entry that cleared them."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=ERRORS_KEPT_MAX)

    def take(self, entry: Entry) -> None:
        """See *entry* go by."""
        if not entry.is_error:
            return
        if entry.command == ERRORS_CLEARED:
            self._entries.clear()
        else:
            self._entries.append(entry)

    def latest(self, count: int) -> tuple[Entry, ...]:
        return tuple(self._entries)[-count:] if count > 0 else ()


def cleared(sequence: int, now: datetime, command: str, who: tuple[str, ...]) -> Entry:
    """The entry that says that *who* cleared a log by *command*."""
    category = Category.EVENT if command == ERRORS_CLEARED else Category.CONSOLE
    return Entry(sequence, now, Interface.CONSOLE, "", command, "00", category, 0, who=who)


class MemoryAuditor:
    """The latest entries, in memory, for an appliance without state directory."""

    def __init__(self, entries_max: int = ENTRIES_KEPT_MAX, clock: Clock | None = None) -> None:
        self._entries: deque[Entry] = deque(maxlen=entries_max)
        self._errors = ErrorList()
        self._clock = clock or SystemClock()
        self.last_sequence = 0

    @property
    def entries(self) -> tuple[Entry, ...]:
        return tuple(self._entries)

    def note(self, entry: Entry) -> None:
        self._entries.append(entry)
        self._errors.take(entry)
        self.last_sequence = entry.sequence

    def flush(self, lasting: bool = False) -> None:
        """Nothing is to be written."""

    def latest(self, count: int) -> tuple[Entry, ...]:
        return self.entries[-count:] if count > 0 else ()

    def errors(self, count: int) -> tuple[Entry, ...]:
        return self._errors.latest(count)

    def clear(self, who: tuple[str, ...]) -> None:
        self._entries.clear()
        self.note(cleared(self.last_sequence + 1, self._clock.now(), LOG_CLEARED, who))

    def clear_errors(self, who: tuple[str, ...]) -> None:
        self.note(cleared(self.last_sequence + 1, self._clock.now(), ERRORS_CLEARED, who))


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


class Audit:
    """Counts every command and enters those that *options* name; all commands pass here on their way out.

    While the log can't be written it is not *writable*: whatever would be entered is refused, the rest goes on.
    """

    def __init__(
        self,
        auditor: Auditor,
        clock: Clock,
        options: AuditOptions | None = None,
        volumes: Tally | None = None,
        outcomes: Tally | None = None,
    ) -> None:
        self.volumes: Tally = volumes or MemoryTally()
        self.outcomes: Tally = outcomes or MemoryTally()
        self.writable = True
        self._auditor = auditor
        self._clock = clock
        self._count_command = self.volumes.add
        self._count_outcome = self.outcomes.add
        # What lives in this process alone has nothing to flush, and is not asked at every turn.
        self._shares = [each.flush for each in (self.volumes, self.outcomes) if not isinstance(each, MemoryTally)]
        self._writes = not isinstance(auditor, MemoryAuditor)
        self._lasting = self._failing = False
        self._tried_sequence = auditor.last_sequence
        self._told: Callable[[], None] | None = None
        self.take(options or AuditOptions())

    def take(self, options: AuditOptions) -> None:
        """Go by *options* from now on."""
        self.options = options
        self._entered = options.categories

    def on_change(self, told: Callable[[], None]) -> None:
        """Have *told* called whenever *writable* has changed."""
        self._told = told

    def set_writable(self, writable: bool) -> None:
        """Note whether the log can be written, as this process found or was told."""
        if writable is self.writable:
            return
        self.writable = writable
        if self._told is not None:
            self._told()

    def admits(self, category: Category) -> bool:
        """Could an entry of *category* be kept, if there must be one?"""
        return self.writable or category not in self._entered

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
        who: tuple[str, ...] = (),
        lasting: bool = False,
    ) -> bool:
        """*command* was answered with *outcome*; a code that no command has is given as UNKNOWN_COMMAND.

        *began* is when, by ``time.perf_counter``, so that the entry can say how long it took; *who* are the holders of
        the cards that were presented; a *lasting* entry is on the disk when ``flush`` returns, because the change that
        it tells of is.  False when there must be an entry and the log can't be written: then *outcome* must not be
        answered.
        """
        self._count_command(command)
        self._count_outcome(outcome)
        if self.enters(category, outcome, FAULT):
            return self.enter(command, outcome, category, peer, interface, began, place, who, lasting)
        return True

    def enters(self, category: Category, outcome: str, fault: str) -> bool:
        """Is a command of *category* with that *outcome* entered, where *fault* is a fault of our own?"""
        return category in self._entered or (outcome != "00" and (self.options.refusals or outcome == fault))

    def enter(
        self,
        command: str,
        outcome: str,
        category: Category,
        peer: str,
        interface: Interface,
        began: float | None,
        place: str,
        who: tuple[str, ...],
        lasting: bool,
    ) -> bool:
        """As ``done``, for what must be entered."""
        if not self.writable:
            return False
        sequence = self._auditor.last_sequence + 1
        now = self._clock.now()
        duration_us = 0 if began is None else int((perf_counter() - began) * 1_000_000)
        self._auditor.note(Entry(sequence, now, interface, peer, command, outcome, category, duration_us, place, who))
        self._lasting = self._lasting or lasting
        return True

    def event(self, name: str, outcome: str = "00", *, place: str = "", who: tuple[str, ...] = ()) -> None:
        """Something befell the device: *name* has the form of a console command (``START``, ``TAMPER``).

        It is entered whatever the options say, and is in the error log too.
        """
        sequence, now = self._auditor.last_sequence + 1, self._clock.now()
        self._auditor.note(
            Entry(sequence, now, Interface.CONSOLE, "", name, outcome, Category.EVENT, 0, place=place, who=who)
        )
        self._lasting = True

    def errors(self, count: int) -> tuple[Entry, ...]:
        """Up to *count* errors, the latest last, as the error log has them; none in a process that keeps no log."""
        return self._auditor.errors(count) if isinstance(self._auditor, Logbook) else ()

    def flush(self) -> None:
        """Write what was entered and share what was counted; the server calls this once per turn of its reactor.

        Raises AuditUnwritable when something entered since the last call is not kept: what it tells of must not be
        answered.  It stays for later calls, which raise nothing on its account but try again to write it.
        """
        for share in self._shares:
            share()
        if not self._writes:
            return
        try:
            self._auditor.flush(self._lasting)
        except AuditUnwritable:
            new = self._auditor.last_sequence != self._tried_sequence
            if not self._failing:
                self._failing = True
                with suppress(AuditUnwritable):
                    self.event("STORAGE", FAULT)
            self._tried_sequence = self._auditor.last_sequence
            self.set_writable(False)
            if new:
                raise
            return
        self._lasting = False
        self._tried_sequence = self._auditor.last_sequence
        if self._failing:  # a worker, whose own flush never fails, is told by the process that keeps the log
            self._failing = False
            self.set_writable(True)
