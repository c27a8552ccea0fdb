"""Killed at any system call, or failing at any, the audit log keeps what was acknowledged and goes on."""

from __future__ import annotations

import errno
import json
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest
from support.auditlogs import FakeClock, made, note, sequences

from hsm.audit.anchor import AnchorBook, AuditFileError
from hsm.audit.file import FileAuditor


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return made(tmp_path / "state")


class Shim:
    """The system calls by which the log is written; the *failing*-th of them does *what* instead."""

    CALLS = ("pwrite", "fsync", "rename", "open", "ftruncate", "unlink")

    def __init__(self, failing: int, what: Callable[[bool], None]) -> None:
        """*what* is told whether it is the database that fails."""
        self.count, self._failing, self._what = 0, failing, what
        self._real = {name: getattr(os, name) for name in self.CALLS}
        self._real_put, self._real_sync = AnchorBook.put, AnchorBook.sync

    @contextmanager
    def installed(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        with monkeypatch.context() as patch:
            for name, real in self._real.items():
                patch.setattr(os, name, self._shimmed(real, writes=name == "pwrite"))
            patch.setattr(AnchorBook, "put", self._shimmed(self._real_put, database=True))
            patch.setattr(AnchorBook, "sync", self._shimmed(self._real_sync, database=True))
            yield

    def _shimmed(
        self, real: Callable[..., object], *, writes: bool = False, database: bool = False
    ) -> Callable[..., object]:
        def call(*arguments: object, **options: object) -> object:
            self.count += 1
            if self.count == self._failing:
                if writes:
                    # Half of it gets there.
                    descriptor, content, offset = arguments
                    assert isinstance(content, bytes | bytearray)
                    real(descriptor, bytes(content[: len(content) // 2]), offset)
                self._what(database)
            return real(*arguments, **options)

        return call


def story(directory: Path, acknowledge: Callable[[str], object]) -> None:
    """All ways of writing, each acknowledged when it is done."""
    clock = FakeClock()
    auditor = FileAuditor(directory, clock)
    for turn in range(6):
        note(auditor, 2)
        auditor.flush(lasting=turn == 1)
        acknowledge(str(auditor.last_sequence))
        clock.seconds += 0.4
    auditor.clear(("ALICE", "BOB"))
    acknowledge(str(auditor.last_sequence))
    note(auditor)
    auditor.flush()
    acknowledge(str(auditor.last_sequence))
    auditor.close()


def killed_at(failing: int, directory: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[int, int]:
    """The exit code of a process that is killed at the *failing*-th call, and the last entry that it acknowledged."""
    ours, theirs = os.pipe()
    child = os.fork()
    if not child:
        code = 1
        with suppress(Exception), Shim(failing, lambda _: os._exit(9)).installed(monkeypatch):
            story(directory, lambda text: os.write(theirs, text.encode() + b"\n"))
            code = 0
        os._exit(code)
    os.close(theirs)
    with open(ours, "rb") as told:
        acknowledged = [int(line) for line in told.read().split()]
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), max(acknowledged, default=0)


def test_killed_at_any_call_nothing_acknowledged_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hsm.audit.file.SEGMENT_BYTES_MAX", 1_200)
    for failing in range(1, 1_000):
        directory = made(tmp_path / f"state{failing}")
        code, acknowledged = killed_at(failing, directory, monkeypatch)
        again = FileAuditor(directory, FakeClock())
        assert again.last_sequence >= acknowledged, failing
        there = {each.sequence for each in again.latest(99)}
        for path in (directory / "archive").glob("*/*.jsonl"):
            there |= {json.loads(line)["sequence"] for line in path.read_text().splitlines()}
        assert there == set(range(1, again.last_sequence + 1)), failing
        assert not (directory / "audit-next.jsonl").exists()
        again.close()
        FileAuditor(directory, FakeClock()).close()
        if code == 0:
            break
        assert code == 9
    assert failing > 30


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EROFS, errno.EDQUOT])
def test_an_error_at_any_call_is_told_and_recovered_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def fails(database: bool) -> None:
        text = os.strerror(number)
        raise AuditFileError(tmp_path, text) if database else OSError(number, text)

    for failing in range(1, 1_000):
        directory, clock = made(tmp_path / f"state{failing}"), FakeClock()
        auditor = FileAuditor(directory, clock)
        shim, failures = Shim(failing, fails), 0
        with shim.installed(monkeypatch):
            for turn in range(6):
                note(auditor, 2)
                try:
                    auditor.flush(lasting=turn % 2 == 0)
                except AuditFileError:
                    failures += 1
                    auditor.flush(lasting=True)
                clock.seconds += 0.4
        auditor.close()
        FileAuditor(directory, FakeClock()).close()
        assert sequences(directory) == list(range(1, 13))
        if shim.count < failing:
            break
        assert failures == 1
    assert failing > 10


def test_what_was_not_synced_is_written_again_when_syncing_failed(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a failed fsync the system may have dropped the pages, and says yes the next time."""
    auditor = FileAuditor(directory, FakeClock())
    note(auditor, 2)
    auditor.flush(lasting=True)
    note(auditor, 2)
    auditor.flush()
    path = directory / "audit.jsonl"
    whole = path.read_bytes()

    def lost(descriptor: int) -> None:
        os.ftruncate(descriptor, len(whole) // 2)
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", lost)
        note(auditor)
        with pytest.raises(AuditFileError):
            auditor.flush(lasting=True)
    auditor.flush()
    assert path.read_bytes().startswith(whole)
    auditor.close()
    assert sequences(directory) == [1, 2, 3, 4, 5]


def test_a_locked_database_is_told(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hsm.audit.anchor._BUSY_WAIT_SECONDS", 0.0)
    auditor = FileAuditor(directory, FakeClock())
    with closing(sqlite3.connect(directory / "hsm.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        note(auditor)
        with pytest.raises(AuditFileError, match="locked"):
            auditor.flush()
        other.execute("ROLLBACK")
    auditor.flush()
    auditor.close()
    FileAuditor(directory, FakeClock()).close()
    assert sequences(directory) == [1]


def test_entries_reach_the_disk_within_a_second(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, synced = FakeClock(), 0
    auditor = FileAuditor(directory, clock)
    real = os.fsync

    def counted(descriptor: int) -> None:
        nonlocal synced
        synced += 1
        real(descriptor)

    monkeypatch.setattr(os, "fsync", counted)
    for seconds, expected in ((0.0, 0), (0.5, 0), (0.6, 1), (0.1, 1), (0.1, 1), (0.9, 2), (5.0, 3)):
        clock.seconds += seconds
        note(auditor)
        auditor.flush()
        # The first entry after a sync starts the second anew.
        assert synced <= expected
    clock.seconds += 1.0
    auditor.flush()
    latest = synced
    clock.seconds += 5.0
    auditor.flush()
    assert synced == latest
    assert latest >= 2
    auditor.close()
