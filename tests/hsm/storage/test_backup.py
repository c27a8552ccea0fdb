"""A backup is the whole directory at one moment, and a restore makes it again or nothing."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from support.resting import PASSPHRASE, live_lmk, opened, read_back, traces

from hsm.keys.masters import Lmk
from hsm.state import State
from hsm.storage import device
from hsm.storage.backup import backup, restore
from hsm.storage.database import Database, DirectoryLock, StorageError
from hsm.storage.keeper import DatabaseKeeper
from hsm.storage.slots import DatabaseSlots
from hsm.storage.vault import Vault

LOG = b"".join(b'{"sequence":%d}\n' % number for number in range(1, 200_000))  # three parts


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hsm.storage.vault._SCRYPT_LOG_N", 14)


@pytest.fixture
def state() -> State:
    lmks: dict[str, Lmk] = {"00": live_lmk("00", "aes-block")}
    return State(lmks=lmks)


@pytest.fixture
def directory(tmp_path: Path, state: State) -> Path:
    directory = tmp_path / "state"
    database = Database(directory)
    DatabaseKeeper(database, Vault(database, PASSPHRASE, make=True)).begin(state, "legacy")
    DatabaseSlots(database).save({7: b"seven"})
    database.close()
    (directory / "audit.jsonl").write_bytes(LOG)
    (directory / "empty").write_bytes(b"")
    (directory / "archive").mkdir(mode=0o700)
    (directory / "archive" / "audit-000001.jsonl").write_bytes(b"{}\n")
    return directory


@pytest.fixture
def file(tmp_path: Path, directory: Path) -> Path:
    file = tmp_path / "backup"
    assert backup(directory, file) == 3
    return file


def test_there_and_back(tmp_path: Path, directory: Path, file: Path, state: State) -> None:
    assert file.stat().st_mode & 0o777 == 0o600
    again = tmp_path / "again"
    assert restore(file, again) == 3
    assert (again / "empty").read_bytes() == b""
    assert (again / "audit.jsonl").read_bytes() == LOG
    assert (again / "archive" / "audit-000001.jsonl").read_bytes() == b"{}\n"
    modes = {path.stat().st_mode & 0o077 for path in (again, *again.rglob("*"))}
    assert modes == {0}
    assert read_back(again) == opened(state)
    database = Database(again)
    assert database.read("SELECT address, value FROM slot") == [(7, b"seven")]
    assert device.noted(database, device.RESTORED)
    database.close()
    # A restored state is backed up like any other.
    assert backup(again, tmp_path / "second") == 3


def test_the_original_is_left_as_it_was(directory: Path, file: Path, state: State) -> None:
    assert read_back(directory) == opened(state)
    database = Database(directory)
    assert device.noted(database, device.RESTORED) is None
    database.close()


def test_what_is_not_folded_yet_is_in_the_backup(tmp_path: Path, directory: Path, state: State) -> None:
    lock = DirectoryLock(directory)  # as a running appliance holds it
    database = Database(directory)
    keeper = DatabaseKeeper(database, Vault(database, PASSPHRASE))
    after = replace(state, tampered="", lmks={"01": live_lmk("01", "variant")})
    keeper.keep(state, after)
    DatabaseSlots(database).save({8: b"eight"})
    backup(directory, tmp_path / "live")
    database.close()
    lock.close()
    restore(tmp_path / "live", tmp_path / "again")
    assert read_back(tmp_path / "again") == opened(after)
    assert not traces(tmp_path, [live_lmk("01", "variant").material()[:8]])


@pytest.mark.parametrize("what", ["file", "database", "in use"])
def test_only_an_empty_directory_is_restored_into(tmp_path: Path, file: Path, what: str) -> None:
    place = tmp_path / "place"
    place.mkdir(mode=0o700)
    if what == "file":
        (place / "notes").write_text("mine")
    if what == "database":
        Database(place).close()
    lock = DirectoryLock(place) if what == "in use" else None
    before = sorted(path.name for path in place.iterdir())
    with pytest.raises(StorageError, match="another process" if lock else "is not empty"):
        restore(file, place)
    assert sorted(path.name for path in place.iterdir()) == before


def test_a_restore_that_was_broken_off_is_no_state_and_is_done_again(tmp_path: Path, file: Path, state: State) -> None:
    place = tmp_path / "place"
    (place / ".restoring").mkdir(mode=0o700, parents=True)
    place.chmod(0o700)
    (place / ".restoring" / "hsm.db").write_bytes(b"half")
    (place / "audit.jsonl").write_bytes(b"half")
    with pytest.raises(StorageError, match="a restore was broken off; run it again"):
        Database(place)
    restore(file, place)
    assert read_back(place) == opened(state)
    # Broken off after all was done.
    (place / ".restoring").mkdir()
    assert read_back(place) == opened(state)
    assert not (place / ".restoring").exists()


def test_what_is_no_backup_is_refused(tmp_path: Path, directory: Path, file: Path) -> None:
    place = tmp_path / "place"
    with pytest.raises(StorageError, match="no such file"):
        restore(tmp_path / "missing", place)
    with pytest.raises(StorageError, match="is no backup"):
        restore(directory / "hsm.db", place)
    with pytest.raises(StorageError, match="not a database"):
        restore(directory / "audit.jsonl", place)
    (tmp_path / "other").mkdir(mode=0o700)
    (tmp_path / "other" / "hsm.db").write_bytes(file.read_bytes())
    (tmp_path / "other" / "hsm.db").chmod(0o600)
    with pytest.raises(StorageError, match="another program"):
        Database(tmp_path / "other")
    assert not place.exists()


def test_a_damaged_backup_is_refused_before_anything_is_written(tmp_path: Path, file: Path) -> None:
    whole = file.read_bytes()
    place = tmp_path / "place"
    for wanted, where in ((b"seven", "slot '7'"), (b'{"sequence":100001}', "backup_file 'audit.jsonl")):
        at = whole.index(wanted)
        file.write_bytes(whole[:at] + bytes((whole[at] ^ 1,)) + whole[at + 1 :])
        with pytest.raises(StorageError, match=f"the record {where}.* is damaged"):
            restore(file, place)
    file.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(StorageError, match=r"damaged|malformed"):
        restore(file, place)
    assert not place.exists()
    file.write_bytes(whole)
    newer = sqlite3.connect(file)
    newer.execute("PRAGMA user_version = 99")
    newer.close()
    with pytest.raises(StorageError, match="newer version"):
        restore(file, place)


@pytest.mark.parametrize("name", ["../outside", "/outside", "archive/../../outside"])
def test_names_that_lead_outside_are_refused(tmp_path: Path, file: Path, name: str) -> None:
    from hsm.storage import schema

    hostile = sqlite3.connect(file)
    schema.prepare(hostile)
    hostile.execute("UPDATE backup_file SET name = ? WHERE name LIKE 'archive%'", (name,))
    hostile.commit()
    hostile.close()
    with pytest.raises(StorageError, match="lies outside"):
        restore(file, tmp_path / "place")
    assert not (tmp_path / "outside").exists()


def test_a_backup_that_cannot_be_written_leaves_nothing(tmp_path: Path, directory: Path) -> None:
    with pytest.raises(StorageError, match="No such file"):
        backup(directory, tmp_path / "nowhere" / "backup")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["state"]
