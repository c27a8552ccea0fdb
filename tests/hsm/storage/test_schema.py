"""Decay of any byte is told with the record's name or changes nothing, and a file of version 1 is brought up to date."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.resting import PASSPHRASE, live_domain, live_lmk, opened, read_back
from support.version1 import of_version_1

from hsm.keys.masters import published_lmk
from hsm.state import State
from hsm.storage import schema
from hsm.storage.cards import Card, Role
from hsm.storage.database import APPLICATION_ID, DATABASE_NAME, Database, StorageError
from hsm.storage.device import count_start
from hsm.storage.keeper import DatabaseKeeper, state_at_rest
from hsm.storage.shelf import DatabaseShelf
from hsm.storage.slots import DatabaseSlots
from hsm.storage.vault import LmkLabel, Vault, labels

# Every byte of the file on demand (minutes); by default every one that is not zero, in steps that reach all of them over
# the runs of a release.
STRIDE = int(os.environ.get("BIT_ROT_STRIDE", "41"))


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hsm.storage.vault._SCRYPT_LOG_N", 14)


def rows_in(directory: Path, tables: dict[str, list[tuple[object, ...]]]) -> dict[str, list[tuple[object, ...]]]:
    columns = {table.name: ", ".join(table.names) for table in schema.TABLES}
    with closing(sqlite3.connect(directory / DATABASE_NAME)) as there:
        return {name: there.execute(f"SELECT {columns[name]} FROM {name}").fetchall() for name in tables}  # noqa: S608


def test_version_1_is_brought_up_to_date(tmp_path: Path) -> None:
    directory = tmp_path / "state"
    rows = of_version_1(directory)
    database = Database(directory)
    assert rows_in(directory, rows) == rows
    assert Vault(database, PASSPHRASE).load("spare")[1] == bytes(range(32))
    assert DatabaseSlots(database).load(0) == b"0123456789ABCDEF"
    assert count_start(database) == 41
    assert state_at_rest(database, None) is None  # the first start will make it, as with a new directory
    database.close()
    aside = directory / "hsm.db.v1"
    assert aside.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in directory.iterdir()) == [DATABASE_NAME, aside.name]
    # The copy can be put back, for the version before this one.
    with closing(sqlite3.connect(aside)) as old:
        assert {table: old.execute(f"SELECT * FROM {table}").fetchall() for table in rows} == rows  # noqa: S608
        assert old.execute("PRAGMA user_version").fetchone() == (1,)


def test_an_upgraded_schema_is_the_present_one(tmp_path: Path) -> None:
    of_version_1(tmp_path / "state")
    Database(tmp_path / "state").close()
    Database(tmp_path / "new").close()

    def statements(directory: Path) -> list[tuple[str, ...]]:
        with closing(sqlite3.connect(directory / DATABASE_NAME)) as there:
            return there.execute("SELECT type, name, sql FROM sqlite_schema ORDER BY name").fetchall()

    assert statements(tmp_path / "state") == statements(tmp_path / "new")


def test_an_upgrade_that_fails_leaves_version_1(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    directory = tmp_path / "state"
    rows = of_version_1(directory)
    monkeypatch.setattr(schema, "TABLES", (*schema.TABLES, schema.TABLES[-1]))
    with pytest.raises(StorageError):
        Database(directory)
    monkeypatch.undo()
    assert rows_in(directory, rows) == rows
    Database(directory).close()
    assert rows_in(directory, rows) == rows


def test_an_older_file_is_left_alone_when_asked_to(tmp_path: Path) -> None:
    of_version_1(tmp_path / "state")
    before = (tmp_path / "state" / DATABASE_NAME).read_bytes()
    with pytest.raises(StorageError, match="the older schema 1; `hsm state upgrade`"):
        Database(tmp_path / "state", upgrading=False)
    assert (tmp_path / "state" / DATABASE_NAME).read_bytes() == before


def test_there_is_no_way_from_an_unknown_version() -> None:
    with pytest.raises(ValueError, match="no way from version 7"):
        schema.upgrade(sqlite3.connect(":memory:"), 7)


def test_the_application_is_named_in_the_file(tmp_path: Path) -> None:
    Database(tmp_path / "state").close()
    assert APPLICATION_ID.to_bytes(4, "big") == b"ZKEY"
    assert (tmp_path / "state" / DATABASE_NAME).read_bytes()[68:72] == b"ZKEY"


values = st.none() | st.integers(-(2**63), 2**63 - 1) | st.text(max_size=3) | st.binary(max_size=3) | st.floats()


@given(st.lists(values, max_size=4), st.lists(values, max_size=4))
def test_no_two_rows_have_one_digest(one: list[schema.SqlValue], other: list[schema.SqlValue]) -> None:
    alike = [(type(value), str(value)) for value in one] == [(type(value), str(value)) for value in other]
    assert (schema.row_digest(*one) == schema.row_digest(*other)) == alike


def populated(directory: Path) -> None:
    """A directory with a row or more in each table."""
    database = Database(directory)
    vault = Vault(database, PASSPHRASE, make=True)
    state = State(
        lmks={"00": live_lmk("00", "aes-block")},
        old_lmks={"01": published_lmk("test-variant", "01")},
        domain=live_domain(7),
    )
    DatabaseKeeper(database, vault).begin(state, "legacy")
    vault.add(LmkLabel("spare", "aes-block", "0" * 16, "a comment"), bytes(range(32)))
    DatabaseSlots(database).save({0: b"0123456789ABCDEF", 1: b"x" * 6_000})
    DatabaseShelf(database).put(Card("00000001", "ALICE", Role.OFFICER, 3, bytes(16), bytes(100)))
    with database.transaction() as change:
        change.execute("INSERT INTO authority (lmk_id, activity) VALUES ('00', 'export.001')")
        change.execute("INSERT INTO hostport (name, field, value) VALUES ('thales', 'header-length', '4')")
        change.execute(
            "INSERT INTO audit_key (id, sealed, key) VALUES (1, 1, ?)", (vault.seal("audit key", bytes(32)),)
        )
        change.execute("INSERT INTO audit_anchor (id, sequence, chain, seal) VALUES (1, 7, zeroblob(32), zeroblob(32))")
    database.close()


# The audit log seals these itself: what it says of them is in the tests of the log.
ITS_OWN = ("audit_anchor", "audit_key")


def content(directory: Path) -> list[object]:
    """All that an appliance takes from *directory*."""
    database = Database(directory)
    try:
        columns = {table.name: ", ".join(table.names) for table in schema.TABLES if table.name not in ITS_OWN}
        return [database.read(f"SELECT {names} FROM {name}") for name, names in columns.items()]  # noqa: S608
    finally:
        database.close()


def flips(whole: bytes) -> Iterator[tuple[int, bytes]]:
    for at in range(0, len(whole), STRIDE):
        if whole[at] or STRIDE == 1 or not at % 7:
            yield at, whole[:at] + bytes((whole[at] ^ 1 << at % 8,)) + whole[at + 1 :]


def test_decay_of_a_byte_is_told_or_changes_nothing(tmp_path: Path) -> None:
    directory = tmp_path / "state"
    populated(directory)
    path = directory / DATABASE_NAME
    whole, wanted = path.read_bytes(), content(directory)
    told, harmless = 0, 0
    for at, decayed in flips(whole):
        path.write_bytes(decayed)
        for left in (path.with_name(DATABASE_NAME + "-wal"), path.with_name(DATABASE_NAME + "-shm")):
            left.unlink(missing_ok=True)
        try:
            found = content(directory)
        except StorageError:
            told += 1
        else:
            assert found == wanted, f"byte {at} decayed unnoticed"
            harmless += 1
    assert told > 20
    print(f"{told} told, {harmless} harmless")


def test_a_decayed_row_is_named(tmp_path: Path) -> None:
    directory = tmp_path / "state"
    populated(directory)
    path = directory / DATABASE_NAME
    whole = path.read_bytes()
    for wanted, named in (
        (b"0123456789ABCDEF", "slot '0'"),
        (b"xxxxxxxxxxxxxxxxxxx", "slot '1'"),
        (b"ALICE", "card '00000001'"),
        (b"pin-attack-limit100", "setting '.in-attack-limit'"),
        (b"export.001", "authority '00 .xport.001'"),
        (b"spare", "lmk '.pare'"),
        (b"test-variant", "loaded 'old 01'"),
        (b"thalesheader-length", "hostport '.hales header-length'"),
    ):
        at = whole.index(wanted)
        for bit in range(8):
            path.write_bytes(whole[:at] + bytes((whole[at] ^ 1 << bit,)) + whole[at + 1 :])
            with pytest.raises(StorageError, match=f"the record {named} is damaged; restore it from a backup"):
                Database(directory)


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("DROP TABLE setting", "the table setting is damaged"),
        ("CREATE TABLE more (a INTEGER) STRICT", "a table too many .'more'"),
        ("ALTER TABLE km ADD COLUMN b INTEGER", "the table km is damaged"),
        ("CREATE TRIGGER evil AFTER INSERT ON audit_key BEGIN SELECT 1; END", "a table too many .'evil'"),
    ],
)
def test_another_schema_is_refused(tmp_path: Path, statement: str, message: str) -> None:
    Database(tmp_path / "state").close()
    with closing(sqlite3.connect(tmp_path / "state" / DATABASE_NAME)) as other:
        schema.prepare(other)
        other.execute(statement)
    with pytest.raises(StorageError, match=message):
        Database(tmp_path / "state")


def test_what_another_program_writes_has_no_digest(tmp_path: Path) -> None:
    Database(tmp_path / "state").close()
    other = sqlite3.connect(tmp_path / "state" / DATABASE_NAME)
    with pytest.raises(sqlite3.OperationalError, match="row_digest"):
        other.execute("INSERT INTO setting (name, value) VALUES ('pin-attack-limit', '1')")
    other.close()


def test_a_state_is_read_back_after_all_this(tmp_path: Path) -> None:
    populated(tmp_path / "state")
    lmks = {"00": live_lmk("00", "aes-block")}
    assert (
        read_back(tmp_path / "state")[1]
        == opened(State(lmks=lmks, old_lmks={"01": published_lmk("test-variant", "01")}))[1]
    )
    database = Database(tmp_path / "state")
    assert [label.name for label in labels(database)] == ["spare"]
    database.close()
