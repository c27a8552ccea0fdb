"""A part's audit: a file of JSON lines, each of which has the SHA-256 hash of the line before it.

A line changed, taken out or put in between breaks the chain from there on.  Lines cut off at the end leave a shorter chain
that is whole: ``head`` is what is noted elsewhere, in the return file for instance, to tell that.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

START = "0" * 64
HEAD = re.compile("[0-9a-f]{64}")
"""The hash of an entry."""
LINE_BYTES_MAX = 16_384
TAIL_BYTES = 2 * LINE_BYTES_MAX
_NOTHING: Mapping[str, str | int] = MappingProxyType({})


@dataclass(frozen=True)
class Entry:
    """*number* from 1, *at* ISO 8601 in UTC, *who* did *what*, what is *told* of it; hashes are 64 hexadecimal digits."""

    number: int
    at: str
    who: str
    what: str
    told: Mapping[str, str | int]
    previous: str
    hash: str


class ChainBroken(Exception):
    """A line does not follow from the one before it; says which."""


class Chain:
    """The chain in the file *path*, which several processes may write to; *clock* tells the time in UTC."""

    def __init__(self, path: Path, clock: Callable[[], datetime]) -> None:
        self._path = path
        self._clock = clock

    def write(self, who: str, what: str, told: Mapping[str, str | int] = _NOTHING) -> Entry:
        """Add an entry; it is on disk when this returns.  What a kill left of a line is cut off.

        Raises ChainBroken, and OSError.
        """
        with self._path.open("a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            last = _last(file.fileno(), self._path.name)
            number, previous = (last.number + 1, last.hash) if last else (1, START)
            at = self._clock().strftime("%Y-%m-%dT%H:%M:%SZ")
            entry = Entry(number, at, who, what, dict(told), previous, "")
            entry = Entry(number, at, who, what, dict(told), previous, _hash(entry))
            line = (json.dumps(_fields(entry) | {"hash": entry.hash}, separators=(",", ":")) + "\n").encode()
            if len(line) > LINE_BYTES_MAX:
                raise ValueError(f"an entry has {LINE_BYTES_MAX} bytes at most")
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
        return entry

    def once(self, who: str, what: str, told: Mapping[str, str | int]) -> Entry:
        """As ``write``, but an entry that is there already stays the only one: for what is repeated after a kill.

        Raises ChainBroken, and OSError.
        """
        return self.found(told, what) or self.write(who, what, told)

    def found(self, told: Mapping[str, str | int], what: str | None = None) -> Entry | None:
        """The first entry with just that *told*, and that *what* if one is given.  Raises ChainBroken, and OSError."""
        with self._path.open("a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            _last(file.fileno(), self._path.name)
            fitting = (each for each in self.entries() if each.told == dict(told) and what in (None, each.what))
            return next(fitting, None)

    def entries(self) -> Iterator[Entry]:
        """All entries from the first, verified.  Raises ChainBroken, and OSError."""
        previous, number = START, 0
        with self._path.open("rb") as file:
            while line := file.readline(LINE_BYTES_MAX + 1):
                number += 1
                entry = _entry(line, number, self._path.name)
                if entry.number != number or entry.previous != previous:
                    raise ChainBroken(f"{self._path.name}: line {number}: does not follow line {number - 1}")
                previous = entry.hash
                yield entry

    def last(self, what: frozenset[str], **told: str) -> Entry | None:
        """The last entry of any of these kinds that tells this.  Raises ChainBroken, and OSError."""
        found = None
        if self._path.exists():
            for entry in self.entries():
                if entry.what in what and told.items() <= entry.told.items():
                    found = entry
        return found


def _last(descriptor: int, name: str) -> Entry | None:
    """The last whole line, what follows it being cut off."""
    size = os.fstat(descriptor).st_size
    tail = os.pread(descriptor, TAIL_BYTES, max(0, size - TAIL_BYTES))
    whole = tail[: tail.rfind(b"\n") + 1]
    if len(whole) < len(tail):
        os.ftruncate(descriptor, size - len(tail) + len(whole))
    lines = whole.splitlines()
    return _entry(lines[-1], None, name) if lines else None


def _entry(line: bytes, number: int | None, name: str) -> Entry:
    place = f"line {number}" if number else "last line"
    try:
        found = json.loads(line)
        entry = Entry(**found)
    except (ValueError, TypeError):
        raise ChainBroken(f"{name}: {place}: no entry") from None
    if entry.hash != _hash(entry):
        raise ChainBroken(f"{name}: {place}: changed")
    return entry


def _fields(entry: Entry) -> dict[str, object]:
    return {
        "number": entry.number,
        "at": entry.at,
        "who": entry.who,
        "what": entry.what,
        "told": dict(entry.told),
        "previous": entry.previous,
    }


def _hash(entry: Entry) -> str:
    canonical = json.dumps(_fields(entry), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
