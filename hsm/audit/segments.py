"""The files of an audit log: ``audit.jsonl`` and, each time one is full, ``audit-000001.jsonl`` and so on.

A log that is put aside goes to ``archive/`` whole.  Its successor's first line lies ready in ``audit-next.jsonl`` before
the first file moves, so that a crash in between is made good at the next start.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from hsm.audit.anchor import AuditFileError

FIRST_NAME, NEXT_NAME, ARCHIVE_NAME = "audit.jsonl", "audit-next.jsonl", "archive"
SEGMENT_BYTES_MAX = 64 * 1024 * 1024
LINE_BYTES_MAX = 1_024
SEGMENTS_MAX = 10_000
FILE_MODE, DIRECTORY_MODE = 0o600, 0o700
_NUMBERED = re.compile(r"audit-([0-9]{6})\.jsonl")
_FLAGS = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC


@contextmanager
def told(path: Path) -> Iterator[None]:
    """The system's errors become AuditFileErrors that name the file."""
    try:
        yield
    except OSError as error:
        raise AuditFileError(Path(error.filename or path), error.strerror or "can't be used") from None


def segment_name(number: int) -> str:
    """The name of the segment *number*, counted from 0."""
    return f"audit-{number:06d}.jsonl" if number else FIRST_NAME


def segments(directory: Path) -> list[Path]:
    """The log's files in *directory*, the oldest first.  Raises AuditFileError when one of them is missing."""
    with told(directory):
        names = os.listdir(directory)
    numbers = [int(found[1]) for name in names if (found := _NUMBERED.fullmatch(name)) and int(found[1])]
    if FIRST_NAME in names:
        numbers.append(0)
    for expected, number in enumerate(sorted(numbers)):
        if number != expected:
            raise AuditFileError(directory / segment_name(expected), "missing: the file is gone, later ones are there")
    return [directory / segment_name(number) for number in sorted(numbers)]


def opened(path: Path, *, new: bool = False) -> int:
    """A descriptor of *path*.  Raises AuditFileError when others may use it."""
    with told(path):
        descriptor = os.open(path, _FLAGS | (os.O_CREAT | os.O_EXCL if new else 0), FILE_MODE)
        try:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode):
                raise AuditFileError(path, "is no ordinary file")
            if stat.S_IMODE(found.st_mode) & 0o077 or found.st_uid != os.geteuid():
                raise AuditFileError(path, "others may read or write it; chmod 600 it")
            if new:
                sync_directory(path.parent)
        except BaseException:
            os.close(descriptor)
            raise
    return descriptor


def sync_directory(directory: Path) -> None:
    """Have the names in *directory* on the disk.  Raises OSError."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def put_next(directory: Path, line: bytes) -> int:
    """Have *line* on the disk as the first of the log that is about to begin; the open file, as ``opened`` gives it."""
    path = directory / NEXT_NAME
    with told(path):
        path.unlink(missing_ok=True)
        descriptor = opened(path, new=True)
        try:
            written = 0
            while written < len(line):
                written += os.pwrite(descriptor, line[written:], written)
            os.fsync(descriptor)
        except BaseException:
            os.close(descriptor)
            raise
    return descriptor


def put_aside(directory: Path, name: str) -> None:
    """Move the files of the log to ``archive/`` *name*, and have the next log begin.

    When this raises AuditFileError, everything is where it was.
    """
    archive = directory / ARCHIVE_NAME / name
    moved: list[Path] = []
    with told(archive):
        try:
            archive.mkdir(mode=DIRECTORY_MODE, parents=True, exist_ok=True)
            for each in sorted(directory.glob("audit*.jsonl")):
                if each.name != NEXT_NAME:
                    os.rename(each, archive / each.name)
                    moved.append(each)
            sync_directory(archive)
            os.rename(directory / NEXT_NAME, directory / FIRST_NAME)
        except OSError:
            for each in reversed(moved):
                with suppress(OSError):
                    os.rename(archive / each.name, each)
            raise
        with suppress(OSError):  # whichever name a crash leaves, the next start goes on with this log
            sync_directory(directory)


def tail_lines(paths: list[Path], count: int) -> list[bytes]:
    """The last *count* whole lines of the files *paths*, without their ends."""
    found: list[bytes] = []
    for path in reversed(paths):
        wanted = count - len(found)
        if wanted <= 0:
            break
        with told(path), path.open("rb") as file:
            start = max(0, file.seek(0, os.SEEK_END) - wanted * LINE_BYTES_MAX)
            file.seek(start)
            lines = file.read().split(b"\n")[:-1]
        found = lines[max(0, len(lines) - wanted) :] + found
    return found
