"""The audit log as officers read and clear it, and the error log that is a part of it."""

from __future__ import annotations

from typing import Protocol

from hsm.audit.record import Category, Entry, MemoryAuditor

FAULT_CODES = ("41", "42")


def is_error(entry: Entry) -> bool:
    """Does *entry* belong in the error log?  Faults of our own do, and what befell the device itself."""
    return entry.outcome in FAULT_CODES or entry.category is Category.DEVICE


class Logbook(Protocol):
    """What the console does with the logs.  Each method raises StorageError when the log can't be read or written."""

    def latest(self, count: int, /) -> tuple[Entry, ...]:
        """At most *count* entries, the newest first."""

    def clear(self, who: tuple[str, ...], /) -> None:
        """Put the entries aside and begin anew; *who* are the officers that had it done."""

    def errors(self, count: int, /) -> tuple[Entry, ...]:
        """As ``latest``, of the errors since the error log was last cleared."""

    def clear_errors(self) -> None:
        """Have ``errors`` begin anew; the audit log keeps everything."""


class MemoryLogbook:
    """The logs of an appliance without state directory."""

    def __init__(self, auditor: MemoryAuditor) -> None:
        self._auditor = auditor
        self._cleared = 0

    def latest(self, count: int, /) -> tuple[Entry, ...]:
        return self._auditor.entries[: -count - 1 : -1]

    def clear(self, who: tuple[str, ...], /) -> None:
        self._auditor.clear()

    def errors(self, count: int, /) -> tuple[Entry, ...]:
        found = [each for each in self._auditor.entries if each.sequence > self._cleared and is_error(each)]
        return tuple(found[: -count - 1 : -1])

    def clear_errors(self) -> None:
        self._cleared = self._auditor.last_sequence
