"""The audit log as files of JSON lines, appended to in groups, each line chained to the one before.

A group is first written to the log, then the anchor in ``hsm.db`` follows, so the log may be ahead of the anchor but never
behind.  What was written and is not known to be on the disk stays here, to be written again when syncing fails.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path

from hsm.audit.anchor import ANCHORS_UNSYNCED_MAX, Anchor, AnchorBook, AuditFileError, Sealer
from hsm.audit.chain import Chain, begins
from hsm.audit.record import (
    ENTRIES_KEPT_MAX,
    ERRORS_CLEARED,
    LOG_CLEARED,
    Entry,
    ErrorList,
    cleared,
)
from hsm.audit.segments import (
    NEXT_NAME,
    SEGMENT_BYTES_MAX,
    opened,
    put_aside,
    put_next,
    segment_name,
    segments,
    tail_lines,
    told,
)
from hsm.audit.verification import AuditDamaged, Finding, Verified, entry_of, verified
from hsm.policy.auditing import Category
from hsm.policy.authority import Interface
from hsm.ports import Clock

DATABASE_NAME = "hsm.db"
HELD_BYTES_MAX = 4 * 1024 * 1024
SYNC_SECONDS = 1.0

_encoded = json.JSONEncoder(separators=(",", ":")).encode


def event(sequence: int, clock: Clock, name: str) -> Entry:
    """The entry of something that befell the log itself."""
    return Entry(sequence, clock.now(), Interface.CONSOLE, "", name, "00", Category.EVENT, 0)


def body_of(entry: Entry) -> bytes:
    """The line of *entry* up to its MAC."""
    return _encoded(entry.fields()).encode()[:-1]


def archive_name(first: Entry) -> str:
    """Where a log goes whose successor begins with *first*."""
    return f"{first.time:%Y%m%dT%H%M%SZ}-before-{first.sequence}"


def begun_anew(directory: Path, chain: Chain, after: Anchor, first: Entry) -> tuple[int, bytes]:
    """Put the log in *directory* aside, and begin another with *first*, which goes on *after* an entry.

    Gives the new log, open, and the MAC of *first*.  Raises AuditFileError, and then the log is as it was.
    """
    line, mac = chain.line(after.mac, begins(first.sequence, after.mac, body_of(first)))
    file = put_next(directory, line)
    try:
        put_aside(directory, archive_name(first))
    except BaseException:
        os.close(file)
        raise
    return file, mac


class FileAuditor:
    """The audit log of the state directory *directory*, whose database is open already.

    The whole log is verified first; numbering goes on after its latest entry.  A last line that a crash cut short, and
    that nobody was told of, is taken off, and an entry says so.  Raises AuditDamaged when the log is not as it was
    written, AuditFileError when it can't be opened or others may use it, StorageError when its key's seal does not open.
    """

    def __init__(self, directory: Path, clock: Clock, sealer: Sealer | None = None) -> None:
        self._directory = directory
        self._clock = clock
        self._book = AnchorBook(directory / DATABASE_NAME, sealer)
        try:
            paths = segments(directory)
            self._chain = Chain(self._book.key() or self._first_key(paths))
            anchor = self._book.anchor(self._chain)
            paths = self._settled(paths, anchor)
            self._take_up(paths, verified(paths, self._chain, anchor))
        except BaseException:
            self._book.close()
            raise

    def _first_key(self, paths: list[Path]) -> bytes:
        for each in paths:
            with told(each):
                if each.stat().st_size:
                    raise AuditDamaged(each, 1, Finding.NOT_OURS, "hsm.db has no key for this log")
        return self._book.new_key()

    def _settled(self, paths: list[Path], anchor: Anchor | None) -> list[Path]:
        """The log's files, once a clearing that a crash interrupted is finished."""
        lying = self._directory / NEXT_NAME
        if not lying.exists():
            return paths
        try:
            found = verified([lying], self._chain, anchor)
            first = entry_of(found.first_line)
        except (AuditDamaged, ValueError):
            # Not whole, so no file had moved yet; or not this log's successor, and then verifying the log decides.
            with told(lying):
                lying.unlink()
            return paths
        put_aside(self._directory, archive_name(first))
        return segments(self._directory)

    def _take_up(self, paths: list[Path], found: Verified) -> None:
        self._number = max(0, len(paths) - 1)
        self._path = self._directory / segment_name(self._number)
        self._file = opened(self._path, new=not paths)
        try:
            with told(self._path):
                self._end = os.fstat(self._file).st_size - found.torn_bytes
                os.ftruncate(self._file, self._end)
            self._synced_end = self._end
            self._held, self._written = bytearray(), 0
            self._errors = ErrorList()
            for each in self._entries(found.errors):
                self._errors.take(each)
            self.last_sequence, self._mac = found.sequence, found.mac
            self._anchored_sequence = -1  # so that the first flush anchors what was found past the anchor
            self._unsynced, self._sync_due = True, self._clock.monotonic() + SYNC_SECONDS
            if found.torn_bytes:
                self.note(event(self.last_sequence + 1, self._clock, "TORN"))
            self.flush(lasting=True)
        except BaseException:
            os.close(self._file)
            raise

    def note(self, entry: Entry) -> None:
        """Take *entry*.  Raises AuditFileError when the group is full and can't be written."""
        if entry.sequence != self.last_sequence + 1:
            raise ValueError("entries are numbered without gaps")
        line, self._mac = self._chain.line(self._mac, body_of(entry))
        self._held += line
        self.last_sequence = entry.sequence
        if entry.is_error:
            self._errors.take(entry)
        if len(self._held) >= HELD_BYTES_MAX:
            self.flush(lasting=True)

    def flush(self, lasting: bool = False) -> None:
        """Write the group; on to the disk when *lasting*, or when that is due.  Raises AuditFileError.

        What was not written stays for the next flush.
        """
        if self.last_sequence != self._anchored_sequence:
            self._write()
        if self._unsynced and (
            lasting or self._clock.monotonic() >= self._sync_due or self._book.unsynced_count >= ANCHORS_UNSYNCED_MAX
        ):
            self._sync()

    def _write(self) -> None:
        if self._end >= SEGMENT_BYTES_MAX:
            self._turn_over()
        if not self._unsynced:
            self._unsynced, self._sync_due = True, self._clock.monotonic() + SYNC_SECONDS
        try:
            while self._written < len(self._held):
                count = os.pwrite(self._file, self._held[self._written :], self._end)
                self._written += count
                self._end += count
        except OSError as error:
            raise AuditFileError(self._path, error.strerror or "can't be written") from None
        self._book.put(self._chain, Anchor(self.last_sequence, self._mac))
        self._anchored_sequence = self.last_sequence

    def _sync(self) -> None:
        with told(self._path):
            try:
                os.fsync(self._file)
            except OSError:
                # The system may have dropped what it could not write and say yes the next time: write all of it again.
                self._end, self._written, self._anchored_sequence = self._synced_end, 0, -1
                raise
        del self._held[: self._written]
        self._synced_end, self._written = self._end, 0
        if self._anchored_sequence == self.last_sequence:
            self._book.sync(self._chain, Anchor(self.last_sequence, self._mac))
            self._unsynced = False

    def _turn_over(self) -> None:
        """Go on in a new file."""
        self._sync()
        path = self._directory / segment_name(self._number + 1)
        self._replace_file(path, opened(path, new=True))
        self._number += 1

    def _replace_file(self, path: Path, file: int) -> None:
        os.close(self._file)
        self._path, self._file = path, file
        with told(path):
            self._end = self._synced_end = os.fstat(file).st_size

    def latest(self, count: int) -> tuple[Entry, ...]:
        """Up to *count* entries, the latest last; at most ENTRIES_KEPT_MAX.  Raises AuditFileError."""
        count = min(count, ENTRIES_KEPT_MAX)
        lines = tail_lines(segments(self._directory), count) + bytes(self._held[self._written :]).splitlines()
        return self._entries(lines[-count:]) if count > 0 else ()

    def _entries(self, lines: Iterable[bytes]) -> tuple[Entry, ...]:
        try:
            return tuple(map(entry_of, lines))
        except ValueError:
            raise AuditFileError(self._path, "holds entries of a newer version") from None

    def errors(self, count: int) -> tuple[Entry, ...]:
        """Up to *count* errors since they were last cleared, the latest last."""
        return self._errors.latest(count)

    def clear(self, who: tuple[str, ...]) -> None:
        """Put the log aside into ``archive/`` and begin another, which goes on counting and says *who* did it.

        A crash leaves either the old log or the new one.  Raises AuditFileError.
        """
        self.flush(lasting=True)
        first = cleared(self.last_sequence + 1, self._clock.now(), LOG_CLEARED, who)
        file, mac = begun_anew(self._directory, self._chain, Anchor(self.last_sequence, self._mac), first)
        self._replace_file(self._directory / segment_name(0), file)
        self._number, self.last_sequence, self._mac = 0, first.sequence, mac
        self._unsynced = True
        self.flush(lasting=True)

    def clear_errors(self, who: tuple[str, ...]) -> None:
        """Forget the errors so far, with an entry that says *who* did it."""
        self.note(cleared(self.last_sequence + 1, self._clock.now(), ERRORS_CLEARED, who))

    def close(self) -> None:
        """Write what is left, on to the disk, and close the files.  Raises AuditFileError."""
        try:
            self.flush(lasting=True)
        finally:
            os.close(self._file)
            self._book.close()
