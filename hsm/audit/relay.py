"""Audit entries on their way from a worker process to the one that keeps the log."""

from __future__ import annotations

import json

from hsm.audit.record import Auditor, Entry

ENTRIES_WAITING_MAX = 10_000


class RelayFull(Exception):
    """Entries were not taken in time; nothing more is executed until they are."""


class RelayAuditor:
    """A worker's auditor: holds entries until they are taken.  Their numbers count here; the log gives them its own."""

    def __init__(self) -> None:
        self._waiting: list[Entry] = []
        self.last_sequence = 0

    def note(self, entry: Entry) -> None:
        """Take *entry*.  Raises RelayFull."""
        if len(self._waiting) >= ENTRIES_WAITING_MAX:
            raise RelayFull
        self._waiting.append(entry)
        self.last_sequence = entry.sequence

    def flush(self, lasting: bool = False) -> None:
        """Nothing is written here."""

    def taken(self) -> bytes:
        """What waits, for ``enter`` in the other process; empty when nothing does."""
        if not self._waiting:
            return b""
        waiting, self._waiting = self._waiting, []
        return json.dumps([entry.fields() for entry in waiting]).encode("ascii")


def enter(auditor: Auditor, taken: bytes) -> None:
    """Note in *auditor* the entries that a RelayAuditor gave, under the next numbers there.  Raises ValueError."""
    for fields in json.loads(taken):
        auditor.note(Entry.of(fields, auditor.last_sequence + 1))
