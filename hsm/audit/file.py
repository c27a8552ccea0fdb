"""The audit log as a file of JSON lines, appended to in groups."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

from hsm.audit.record import Entry

PENDING_BYTES_MAX = 4 * 1024 * 1024
TAIL_BYTES_MAX = 64 * 1024
FILE_MODE = 0o600


class AuditFileError(Exception):
    """The audit log can't be read or written; the message names the file."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"audit log {path}: {reason}")
        self.path = path


class FileAuditor:
    """Entries as JSON lines at the end of the file *path*, which only its owner may read.

    Numbering goes on after the latest entry found there.  A line that a crash cut short is closed, not repaired.
    Raises AuditFileError when the file can't be opened, or others may read or write it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._pending = bytearray()
        try:
            flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
            self._file = os.open(path, flags, FILE_MODE)
            try:
                self._check_mode()
                self.last_sequence = self._continue_after_latest()
            except BaseException:
                os.close(self._file)
                raise
        except OSError as error:
            raise AuditFileError(path, error.strerror or "can't be opened") from None

    def _check_mode(self) -> None:
        found = os.fstat(self._file)
        if not stat.S_ISREG(found.st_mode):
            raise AuditFileError(self._path, "is no ordinary file")
        if stat.S_IMODE(found.st_mode) & 0o077:
            raise AuditFileError(self._path, "others may read or write it; chmod 600 it")

    def _continue_after_latest(self) -> int:
        size_bytes = os.fstat(self._file).st_size
        start = max(0, size_bytes - TAIL_BYTES_MAX)
        tail = os.pread(self._file, size_bytes - start, start)
        if tail and not tail.endswith(b"\n"):
            self._pending += b"\n"
        for line in reversed(tail.split(b"\n")):
            sequence = _sequence_in(line)
            if sequence:
                return sequence
        if b"\n" in tail:
            raise AuditFileError(self._path, "holds no audit entry at its end; move it away and start again")
        return 0

    def note(self, entry: Entry) -> None:
        """Take *entry*.  Raises AuditFileError when the group is full and can't be written."""
        self._pending += json.dumps(entry.fields(), separators=(",", ":")).encode() + b"\n"
        self.last_sequence = entry.sequence
        if len(self._pending) >= PENDING_BYTES_MAX:
            self.flush()

    def flush(self) -> None:
        """Write the group.  Raises AuditFileError; what was not written stays for the next flush."""
        while self._pending:
            try:
                written = os.write(self._file, self._pending)
            except OSError as error:
                raise AuditFileError(self._path, error.strerror or "can't be written") from None
            del self._pending[:written]

    def close(self) -> None:
        """Write what is left, on to the disk, and close the file."""
        try:
            self.flush()
            os.fsync(self._file)
        except OSError as error:
            raise AuditFileError(self._path, error.strerror or "can't be written") from None
        finally:
            os.close(self._file)


def _sequence_in(line: bytes) -> int:
    try:
        found = json.loads(line)
    except ValueError:
        return 0
    sequence = found.get("sequence") if isinstance(found, dict) else None
    return sequence if isinstance(sequence, int) and sequence > 0 else 0
