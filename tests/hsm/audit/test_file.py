"""The audit file keeps what was flushed, goes on numbering after a restart or a crash, and is its owner's alone."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hsm.audit.file import AuditFileError, FileAuditor
from hsm.audit.record import Category, Entry
from hsm.policy.authority import Interface


def note(auditor: FileAuditor, count: int = 1) -> None:
    for _ in range(count):
        now = datetime(2024, 1, 1, tzinfo=UTC)
        auditor.note(Entry(auditor.last_sequence + 1, now, Interface.HOST, "", "A0", "00", Category.KEY, 5))


def sequences(path: Path) -> list[int]:
    return [json.loads(line)["sequence"] for line in path.read_text().splitlines()]


def test_entries_are_written_in_groups_and_numbered_on(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    first = FileAuditor(path)
    note(first, 2)
    assert path.read_bytes() == b""
    first.flush()
    assert sequences(path) == [1, 2]
    note(first)
    first.close()
    again = FileAuditor(path)
    note(again)
    again.close()
    assert sequences(path) == [1, 2, 3, 4]
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_line_cut_short_by_a_crash_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    auditor = FileAuditor(path)
    note(auditor, 2)
    auditor.close()
    whole = path.read_bytes()
    second = whole.index(b"\n") + 1
    for length in range(1, second - 1):
        path.write_bytes(whole[:length])
        again = FileAuditor(path)
        note(again)
        again.close()
        assert json.loads(path.read_bytes().split(b"\n")[1])["sequence"] == 1
    for length in range(second + 1, len(whole)):
        path.write_bytes(whole[:length])
        again = FileAuditor(path)
        note(again)
        again.close()
        lines = path.read_bytes().split(b"\n")
        latest = 2 if length == len(whole) - 1 else 1  # only the newline was lost
        assert json.loads(lines[-2])["sequence"] == latest + 1
        assert lines[1] == whole[second:length]


def test_an_open_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    path.touch()
    path.chmod(0o644)
    with pytest.raises(AuditFileError, match=r"audit\.jsonl: others may"):
        FileAuditor(path)


def test_what_is_no_audit_log_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    path.write_text("something else\n")
    path.chmod(0o600)
    with pytest.raises(AuditFileError, match="no audit entry"):
        FileAuditor(path)
    with pytest.raises(AuditFileError, match="No such file"):
        FileAuditor(tmp_path / "missing" / "audit.jsonl")
    (tmp_path / "link").symlink_to(path)
    with pytest.raises(AuditFileError):
        FileAuditor(tmp_path / "link")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs the device that is always full")
def test_a_full_disk_loses_nothing_that_was_taken(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    auditor = FileAuditor(path)
    note(auditor, 3)
    kept = os.dup(auditor._file)
    full = os.open("/dev/full", os.O_WRONLY)
    os.dup2(full, auditor._file)
    os.close(full)
    with pytest.raises(AuditFileError, match="No space left"):
        auditor.flush()
    os.dup2(kept, auditor._file)
    os.close(kept)
    auditor.close()
    assert sequences(path) == [1, 2, 3]
