"""The audit log keeps what was flushed, can be read and put aside, and is its owner's alone."""

from __future__ import annotations

import errno
import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from support.auditlogs import NOON, FakeClock, FakeVault, entry, log_of, made, note, sequences

from hsm.audit.anchor import AnchorBook, AuditFileError, KeySealed
from hsm.audit.archive import archived
from hsm.audit.file import FileAuditor
from hsm.audit.record import Category, Entry
from hsm.audit.segments import segments, tail_lines
from hsm.audit.verification import AuditDamaged, Finding


def commands(directory: Path) -> list[str]:
    return [json.loads(line)["command"] for path in segments(directory) for line in path.read_text().splitlines()]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return made(tmp_path / "state")


def test_entries_are_written_in_groups_and_numbered_on(directory: Path) -> None:
    path = directory / "audit.jsonl"
    first = FileAuditor(directory, FakeClock())
    note(first, 2)
    assert path.read_bytes() == b""
    first.flush()
    assert sequences(directory) == [1, 2]
    note(first)
    first.close()
    again = FileAuditor(directory, FakeClock())
    note(again)
    with pytest.raises(ValueError, match="without gaps"):
        again.note(entry(again.last_sequence + 2))
    again.close()
    assert sequences(directory) == [1, 2, 3, 4]
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_line_cut_short_by_a_crash_is_taken_off_and_told(directory: Path) -> None:
    path = log_of(directory, 2)
    whole = path.read_bytes()
    auditor = FileAuditor(directory, FakeClock())
    note(auditor)
    line = bytes(auditor._held)
    del auditor._held[:]  # it was never written, so nobody was told of it
    auditor._anchored_sequence = auditor.last_sequence
    auditor.close()
    for length in range(1, len(line)):
        path.write_bytes(whole + line[:length])
        again = FileAuditor(directory, FakeClock())
        assert [each.command for each in again.errors(9)] == ["TORN"]
        assert path.read_bytes().startswith(whole + b'{"sequence":3,')
        again.close()
        assert commands(directory) == ["A0", "A0", "TORN"]
        with closing(sqlite3.connect(directory / "hsm.db", isolation_level=None)) as database:
            # Back to where the anchor was at the crash.
            seal = again._chain.seal(2, mac := bytes.fromhex(json.loads(whole.splitlines()[-1])["mac"]))
            database.execute("UPDATE audit_anchor SET sequence = 2, chain = ?, seal = ?", (mac, seal))


def test_what_is_no_log_of_ours_is_refused(directory: Path, tmp_path: Path) -> None:
    path = directory / "audit.jsonl"
    path.touch(mode=0o644)
    path.chmod(0o644)
    with pytest.raises(AuditFileError, match=r"audit\.jsonl: others may"):
        FileAuditor(directory, FakeClock())
    path.write_text("something else\n")
    with pytest.raises(AuditDamaged) as caught:
        FileAuditor(directory, FakeClock())
    assert caught.value.finding is Finding.NOT_OURS
    path.unlink()
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(AuditFileError):
        FileAuditor(directory, FakeClock())
    with pytest.raises(AuditFileError, match="unable to open"):
        FileAuditor(tmp_path / "missing", FakeClock())


# --- reading and clearing ---------------------------------------------------------------------------------------------
def test_the_latest_entries_over_several_files(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hsm.audit.file.SEGMENT_BYTES_MAX", 1_000)
    log_of(directory, 20)
    auditor = FileAuditor(directory, FakeClock())
    note(auditor, 2)
    auditor.flush()
    note(auditor)
    assert len(segments(directory)) > 3
    for count in (0, 1, 2, 3, 10, 23, 99):
        assert [each.sequence for each in auditor.latest(count)] == list(range(max(1, 24 - count), 24))
    assert auditor.latest(1) == (entry(23),)
    auditor.close()
    assert len(tail_lines(segments(directory), 5)) == 5


def fault(sequence: int) -> Entry:
    return Entry(sequence, NOON, entry(1).interface, "", "CA", "41", Category.PIN, 1, "KeyError at pins.py:4")


def test_errors_since_they_were_cleared_outlive_the_process(directory: Path) -> None:
    auditor = FileAuditor(directory, FakeClock())
    auditor.note(fault(1))
    note(auditor)
    assert auditor.errors(9) == (fault(1),)
    auditor.clear_errors(("ALICE",))
    assert auditor.errors(9) == ()
    auditor.note(fault(4))
    auditor.note(fault(5))
    auditor.close()
    again = FileAuditor(directory, FakeClock())
    assert again.errors(9) == (fault(4), fault(5))
    assert again.errors(1) == (fault(5),)
    assert again.latest(3)[0].who == ("ALICE",)
    again.close()


def test_clearing_puts_all_files_aside_and_goes_on_counting(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hsm.audit.file.SEGMENT_BYTES_MAX", 1_000)
    auditor = FileAuditor(directory, FakeClock())
    for _ in range(9):
        note(auditor)
        auditor.flush()
    names = [path.name for path in segments(directory)]
    assert len(names) > 1
    auditor.clear(("ALICE", "BOB"))
    note(auditor)
    assert [(e.sequence, e.command, e.who) for e in auditor.latest(9)] == [
        (10, "CLEARAUDIT", ("ALICE", "BOB")),
        (11, "A0", ("ALICE",)),
    ]
    auditor.close()
    assert sequences(directory) == [10, 11]
    (aside,) = (directory / "archive").iterdir()
    assert sorted(path.name for path in aside.iterdir()) == sorted(names)
    again = FileAuditor(directory, FakeClock())
    again.clear(("CAROL",))
    again.close()
    FileAuditor(directory, FakeClock()).close()
    assert sequences(directory) == [12]


def test_a_clearing_that_fails_leaves_the_log_as_it_was(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    auditor = FileAuditor(directory, FakeClock())
    note(auditor, 3)
    real, calls = os.rename, []

    def failing(source: Path, target: Path) -> None:
        calls.append(source)
        if len(calls) == 2:
            raise OSError(errno.EIO, "Input/output error", str(source))
        real(source, target)

    monkeypatch.setattr(os, "rename", failing)
    with pytest.raises(AuditFileError, match="Input/output"):
        auditor.clear(("ALICE",))
    monkeypatch.undo()
    note(auditor)
    auditor.close()
    FileAuditor(directory, FakeClock()).close()
    assert sequences(directory) == [1, 2, 3, 4]


def test_a_damaged_log_is_put_aside_and_counting_goes_on(directory: Path) -> None:
    path = log_of(directory, 5)
    path.write_bytes(path.read_bytes()[:-400])
    damaged = path.read_bytes()
    aside = archived(directory, FakeClock())
    assert (aside / "audit.jsonl").read_bytes() == damaged
    auditor = FileAuditor(directory, FakeClock())
    assert [(each.sequence, each.command) for each in auditor.errors(9)] == [(6, "ARCHIVED")]
    auditor.close()


def test_a_log_whose_anchor_is_lost_too_begins_anew_under_another_key(directory: Path) -> None:
    log_of(directory, 5)
    with closing(sqlite3.connect(directory / "hsm.db", isolation_level=None)) as database:
        database.execute("DELETE FROM audit_anchor")
    archived(directory, FakeClock())
    auditor = FileAuditor(directory, FakeClock())
    assert [(each.sequence, each.command) for each in auditor.latest(9)] == [(1, "ARCHIVED")]
    auditor.close()


# --- the key ----------------------------------------------------------------------------------------------------------
def test_the_key_is_sealed_once_there_is_a_passphrase(directory: Path) -> None:
    log_of(directory, 2)
    with closing(sqlite3.connect(directory / "hsm.db")) as database:
        ((sealed, key),) = database.execute("SELECT sealed, key FROM audit_key").fetchall()
    assert (sealed, len(key)) == (0, 32)
    FileAuditor(directory, FakeClock(), FakeVault()).close()
    assert all(key not in path.read_bytes() for path in directory.iterdir() if path.is_file())
    with pytest.raises(KeySealed, match="give the passphrase"):
        FileAuditor(directory, FakeClock())
    with pytest.raises(KeySealed):
        archived(directory, FakeClock())
    again = FileAuditor(directory, FakeClock(), FakeVault())
    note(again)
    again.close()
    assert sequences(directory) == [1, 2, 3]


def test_a_key_that_is_sealed_from_the_start(directory: Path) -> None:
    FileAuditor(directory, FakeClock(), FakeVault()).close()
    with closing(AnchorBook(directory / "hsm.db", FakeVault())) as book:
        key = book.key()
    assert key is not None
    assert all(key not in path.read_bytes() for path in directory.iterdir())
