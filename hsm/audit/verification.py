"""Is the audit log whole, and just as it was written?

Every line's MAC is checked on its bytes, against the MAC of the line before.  Where that fails, the lines around tell what
was probably done; that is a diagnosis, while the refusal is certain.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from hmac import compare_digest
from itertools import islice, pairwise
from pathlib import Path

from hsm.audit.anchor import Anchor, AuditFileError
from hsm.audit.chain import TAIL_BYTES, Chain, beginning, mac_in, sequence_in, tail
from hsm.audit.record import ERRORS_KEPT_MAX, Entry
from hsm.audit.segments import LINE_BYTES_MAX, SEGMENT_BYTES_MAX, told

SEARCHED_LINES_MAX, PAIRS_MAX = 1_000_000, 100
FILE_BYTES_MAX = 2 * SEGMENT_BYTES_MAX


class Finding(Enum):
    """What is wrong with a log."""

    EDITED = "edited"
    MISSING = "missing"
    SWAPPED = "swapped"
    INSERTED = "inserted"
    TRUNCATED = "truncated"
    ROLLED_BACK = "rolled back"
    NOT_OURS = "not ours"
    UNANCHORED = "anchor changed"


class AuditDamaged(AuditFileError):
    """The log is not as it was written.  *line* counts from 1; 0 where no line is at fault."""

    def __init__(self, path: Path, line: int, finding: Finding, what: str) -> None:
        where = f"line {line}: " if line else ""
        super().__init__(
            path,
            f"{where}{finding.value}: {what}.  Keep a copy of the state directory; then `hsm audit archive` puts this log"
            " aside and begins a new one",
        )
        self.line = line
        self.finding = finding


@dataclass
class Verified:
    """What was checked: entries numbered *first_sequence* to *sequence*, the last of them with the MAC *mac*.

    *torn_bytes* follow the last whole line: a crash cut the next one short.  *errors* are lines that the error log may
    show; *seen* are the MACs of the entries that were watched for.
    """

    first_sequence: int = 1
    sequence: int = 0
    mac: bytes = b""
    torn_bytes: int = 0
    first_line: bytes = b""
    last_line: bytes = b""
    errors: deque[bytes] = field(default_factory=lambda: deque(maxlen=ERRORS_KEPT_MAX))
    seen: dict[int, bytes] = field(default_factory=dict)

    @property
    def entries_count(self) -> int:
        return self.sequence - self.first_sequence + 1


def verified(paths: Sequence[Path], chain: Chain, anchor: Anchor | None, watched: Sequence[int] = ()) -> Verified:
    """Check the whole log in *paths*, the oldest first.  Raises AuditDamaged.

    *anchor* is the latest entry that was written, as ``hsm.db`` has it; None when that is not to be believed.
    """
    found = Verified()
    _begin(found, paths)
    targets = frozenset((*watched, *([anchor.sequence] if anchor else ())))
    if found.sequence in targets:
        found.seen[found.sequence] = found.mac
    for number, path in enumerate(paths):
        _check_file(path, chain, targets, found, anchor, last=number == len(paths) - 1)
    where = paths[-1] if paths else Path("audit.jsonl")
    if anchor is None:
        raise AuditDamaged(where, 0, Finding.UNANCHORED, "hsm.db has no record, or a changed one, of the latest entry")
    _check_anchor(where, anchor, found)
    return found


def _begin(found: Verified, paths: Sequence[Path]) -> None:
    """Take from the log's first line after which entry it goes on."""
    line = b""
    if paths:
        with told(paths[0]), paths[0].open("rb") as file:
            line = file.readline(LINE_BYTES_MAX)
    found.sequence, found.mac = beginning(line)
    found.first_sequence = found.sequence + 1


def _check_file(
    path: Path, chain: Chain, targets: frozenset[int], found: Verified, anchor: Anchor | None, *, last: bool
) -> None:
    with told(path):
        if path.stat().st_size > FILE_BYTES_MAX:
            raise AuditDamaged(path, 0, Finding.NOT_OURS, "the file is larger than any that we write")
        content = path.read_bytes()
    *lines, rest = content.split(b"\n")
    mac_of, before, sequence, errors = chain.mac, found.mac, found.sequence, found.errors
    for index, line in enumerate(lines):
        sequence += 1
        body = line[:-TAIL_BYTES]
        mac = mac_of(before, body)
        if not (compare_digest(line[-TAIL_BYTES:], tail(mac)) and body.startswith(b'{"sequence":%d,' % sequence)):
            raise AuditDamaged(path, index + 1, *_diagnosis(chain, before, sequence, lines, index))
        before = mac
        if sequence in targets:
            found.seen[sequence] = mac
        if b'"event"' in body or b'"outcome":"41"' in body or b".py:" in body:
            errors.append(line)
    found.mac, found.sequence = before, sequence
    if lines:
        found.first_line = found.first_line or lines[0]
        found.last_line = lines[-1]
    if rest:
        if not last:
            raise AuditDamaged(path, len(lines) + 1, Finding.EDITED, "the line has no end, though a later file goes on")
        if anchor is not None and anchor.sequence > sequence:
            what = f"entry {sequence + 1} had been written whole (or the power failed)"
            raise AuditDamaged(path, len(lines) + 1, Finding.TRUNCATED, what)
        found.torn_bytes = len(rest)


def _check_anchor(path: Path, anchor: Anchor, found: Verified) -> None:
    if anchor.sequence > found.sequence:
        what = f"it ends with entry {found.sequence}, but entry {anchor.sequence} had been written"
        what += ": cut off, or an older copy was put in its place (or the power failed)"
        raise AuditDamaged(path, 0, Finding.TRUNCATED, what)
    there = found.seen.get(anchor.sequence)
    if there is None:
        what = f"it begins with entry {found.first_sequence}, but hsm.db knows of none after {anchor.sequence}"
        raise AuditDamaged(path, 0, Finding.ROLLED_BACK, what + ": an older hsm.db was put in place of its own")
    if not compare_digest(there, anchor.mac):
        what = f"entry {anchor.sequence} is not the one that was written: an older copy was put in place and written on"
        raise AuditDamaged(path, 0, Finding.ROLLED_BACK, what)


def check_watched(path: Path, watched: Mapping[int, bytes], found: Verified) -> None:
    """Check that the entries *watched* have MACs that begin so.  Raises AuditDamaged."""
    for sequence, start in watched.items():
        there = found.seen.get(sequence)
        if there is not None and compare_digest(there[: len(start)], start):
            continue
        if there is None and sequence < found.first_sequence:
            what = (
                f"entry {sequence} is no longer in this log, which begins with {found.first_sequence}; look in archive/"
            )
        else:
            what = f"entry {sequence} is {'missing' if there is None else 'another'}: an older copy was put in place"
        raise AuditDamaged(path, 0, Finding.ROLLED_BACK, what)


def _diagnosis(chain: Chain, before: bytes, expected: int, lines: Sequence[bytes], index: int) -> tuple[Finding, str]:
    """What was probably done to line *index* of *lines*, where the entry *expected* should be."""
    line = lines[index]
    later = lines[index + 1 : index + 1 + SEARCHED_LINES_MAX]
    if index == 0 and not any(_fits(chain, mac_in(one), other) for one, other in islice(pairwise(lines), PAIRS_MAX)):
        return Finding.NOT_OURS, "no line goes with the key in hsm.db: another appliance's log, or its key was replaced"
    sequence = sequence_in(line)
    following = later[0] if later else b""
    there_too = any(sequence_in(each) == sequence for each in later)
    if (sequence <= expected or there_too) and _fits(chain, before, following):
        return Finding.INSERTED, f"a line that was not written there stands before entry {expected}"
    if sequence > expected:
        if any(sequence_in(each) == expected for each in later):
            return Finding.SWAPPED, f"entry {sequence} stands where entry {expected} should be"
        if not following or sequence_in(following) == sequence + 1:
            return Finding.MISSING, f"entries {expected} to {sequence - 1} are gone"
    if 0 < sequence < expected and not following:
        return Finding.INSERTED, f"entry {sequence} stands here once more"
    return Finding.EDITED, f"entry {expected} is not as it was written"


def _fits(chain: Chain, before: bytes | None, line: bytes) -> bool:
    """Is *line* the one that was written after the MAC *before*?"""
    return before is not None and compare_digest(line[-TAIL_BYTES:], tail(chain.mac(before, line[:-TAIL_BYTES])))


def entry_of(line: bytes) -> Entry:
    """The entry on *line*, which was verified or is our own.  Raises ValueError."""
    fields = json.loads(line)
    if not isinstance(fields, dict):
        raise ValueError("this is no audit entry")
    return Entry.of(fields)
