"""A change is there whole or not at all, whatever ends the process, and no other file is taken for the database."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from hsm.storage.database import DATABASE_NAME, Database, DirectoryLock, StorageError


def opened(directory: Path) -> Database:
    return Database(directory / "state")


def test_files_are_the_owners_alone_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        database = opened(tmp_path)
        with database.transaction() as change:
            change.execute("INSERT INTO slot VALUES (7, x'AA')")
        modes = {file.name: file.stat().st_mode & 0o777 for file in (tmp_path / "state").iterdir()}
    finally:
        os.umask(before)
    assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700
    assert modes
    assert set(modes.values()) == {0o600}
    database.close()


def test_settings_of_the_connection(tmp_path: Path) -> None:
    database = opened(tmp_path)
    assert database.read("PRAGMA journal_mode") == [("wal",)]
    assert database.read("PRAGMA synchronous") == [(2,)]  # FULL


def test_a_change_that_fails_leaves_nothing(tmp_path: Path) -> None:
    database = opened(tmp_path)

    def change_two(second: int) -> None:
        with database.transaction() as change:
            change.execute("INSERT INTO slot VALUES (1, x'00')")
            if not second:
                raise KeyError
            change.execute("INSERT INTO slot VALUES (?, x'00')", (second,))

    with pytest.raises(StorageError, match=DATABASE_NAME):
        change_two(5_000)
    with pytest.raises(KeyError):
        change_two(0)
    assert database.read("SELECT * FROM slot") == []
    with database.transaction() as change:
        change.execute("INSERT INTO slot VALUES (3, x'00')")
    database.close()
    assert opened(tmp_path).read("SELECT address FROM slot") == [(3,)]


@pytest.mark.parametrize("committed", [True, False])
def test_a_killed_process_leaves_what_it_committed_and_nothing_else(tmp_path: Path, committed: bool) -> None:
    script = """
import os, signal, sys
from pathlib import Path
from hsm.storage.database import Database
database = Database(Path(sys.argv[1]))
with database.transaction() as change:
    change.execute("INSERT INTO slot VALUES (1, x'AA')")
    change.execute("INSERT INTO slot VALUES (2, x'BB')")
    if sys.argv[2] == 'killed before':
        os.kill(os.getpid(), signal.SIGKILL)
os.kill(os.getpid(), signal.SIGKILL)
"""
    when = "killed after" if committed else "killed before"
    arguments = [sys.executable, "-c", script, str(tmp_path / "state"), when]
    ended = subprocess.run(arguments, check=False, timeout=30)
    assert ended.returncode == -signal.SIGKILL
    found = opened(tmp_path).read("SELECT address FROM slot ORDER BY address")
    assert found == ([(1,), (2,)] if committed else [])


@pytest.mark.parametrize("path", ["state", f"state/{DATABASE_NAME}"])
def test_open_modes_are_refused_by_name(tmp_path: Path, path: str) -> None:
    opened(tmp_path).close()
    place = tmp_path / path
    place.chmod(place.stat().st_mode | 0o040)
    with pytest.raises(StorageError, match="open to others; chmod") as caught:
        opened(tmp_path)
    assert caught.value.path == place


def test_other_programs_and_versions_are_refused(tmp_path: Path) -> None:
    opened(tmp_path).close()
    path = tmp_path / "state" / DATABASE_NAME
    for statement, message in (
        ("PRAGMA user_version = 3", "newer version"),
        ("PRAGMA user_version = 0", "unknown schema"),
        ("PRAGMA application_id = 7", "another program"),
    ):
        other = sqlite3.connect(path)
        other.execute(statement)
        other.close()
        with pytest.raises(StorageError, match=message):
            opened(tmp_path)


def test_damage_is_told_with_the_name_of_the_file(tmp_path: Path) -> None:
    database = opened(tmp_path)
    with database.transaction() as change:
        change.executemany("INSERT INTO slot VALUES (?, ?)", [(address, bytes(500)) for address in range(400)])
    database.close()
    path = tmp_path / "state" / DATABASE_NAME
    whole = path.read_bytes()
    for damaged in (whole[:5_000], whole[:100] + bytes(4_000) + whole[4_100:], b"no database at all" * 300):
        path.write_bytes(damaged)
        with pytest.raises(StorageError, match=DATABASE_NAME):
            opened(tmp_path)
    path.write_bytes(whole)
    assert len(opened(tmp_path).read("SELECT 1 FROM slot")) == 400


def test_what_cannot_be_opened_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "file", tmp_path / "file" / "deeper", Path("/proc/none")):
        with pytest.raises(StorageError):
            Database(place)
    (tmp_path / "linked").mkdir(mode=0o700)
    (tmp_path / "linked" / DATABASE_NAME).symlink_to(tmp_path / "file")
    with pytest.raises(StorageError):
        Database(tmp_path / "linked")


def test_two_processes_may_make_it_at_once(tmp_path: Path) -> None:
    first, second = opened(tmp_path), opened(tmp_path)
    with first.transaction() as change:
        change.execute("INSERT INTO slot VALUES (7, x'AA')")
    assert second.read("SELECT address, value FROM slot") == [(7, b"\xaa")]


def test_a_directory_has_one_owner_until_that_ends(tmp_path: Path) -> None:
    owner = """
import sys, time
from pathlib import Path
from hsm.storage.database import DirectoryLock
lock = DirectoryLock(Path(sys.argv[1]))
print("mine", flush=True)
time.sleep(60)
"""
    arguments = [sys.executable, "-c", owner, str(tmp_path / "state")]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"mine\n"
        with pytest.raises(StorageError, match=r"another process .* is using it"):
            DirectoryLock(tmp_path / "state")
        process.kill()
        process.wait()
    # Killed, it left nothing that would keep the next one out.
    DirectoryLock(tmp_path / "state").close()


def test_a_copy_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    database = opened(tmp_path)
    with database.transaction() as change:
        change.execute("INSERT INTO slot VALUES (7, x'AA')")

    def fails(copy: sqlite3.Connection) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(StorageError, match="No space left"):
        database.copy_to(tmp_path / "copy", fails)
    # What an earlier process left when it was killed is no part of the copy.
    for left in ("copy.part", "copy.part-journal", "copy.part-wal"):
        (tmp_path / left).write_bytes(b"left over")
    database.copy_to(tmp_path / "copy")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy", "state"]
    copy = sqlite3.connect(tmp_path / "copy")
    assert copy.execute("SELECT address, value FROM slot").fetchall() == [(7, b"\xaa")]
    copy.close()
    database.close()


def test_a_change_that_was_never_ended_does_not_block_the_next(tmp_path: Path) -> None:
    database = opened(tmp_path)
    database._connection.execute("BEGIN")  # as when even the ROLLBACK of a failed change fails
    database._connection.execute("INSERT INTO slot VALUES (1, x'00')")
    with database.transaction() as change:
        change.execute("INSERT INTO slot VALUES (2, x'00')")
    assert database.read("SELECT address FROM slot") == [(2,)]
    database.close()


def test_copies_of_older_versions_are_forgotten(tmp_path: Path) -> None:
    database = opened(tmp_path)
    (tmp_path / "state" / "hsm.db.v1").write_bytes(b"older")
    database.forget_copies()
    database.forget_copies()
    assert not (tmp_path / "state" / "hsm.db.v1").exists()
    (tmp_path / "state" / "hsm.db.v1").mkdir()
    with pytest.raises(StorageError, match=r"hsm\.db\.v1"):
        database.forget_copies()
    database.close()
