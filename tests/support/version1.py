"""A state directory as the first version made it."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from support.resting import PASSPHRASE

from hsm.storage.database import DATABASE_NAME, Database
from hsm.storage.vault import LmkLabel, Vault

# As version 1 made it; not derived from anything.
VERSION_1 = """
PRAGMA journal_mode = WAL;
CREATE TABLE slot (address INTEGER PRIMARY KEY CHECK (address BETWEEN 0 AND 4095), value BLOB NOT NULL) STRICT;
CREATE TABLE vault (id INTEGER PRIMARY KEY CHECK (id = 1), header BLOB NOT NULL) STRICT;
CREATE TABLE lmk (name TEXT PRIMARY KEY, kind TEXT NOT NULL, check_value TEXT NOT NULL, comment TEXT NOT NULL,
 sealed BLOB NOT NULL) STRICT;
CREATE TABLE device (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
PRAGMA application_id = 1514882393;
PRAGMA user_version = 1;
"""


def of_version_1(directory: Path) -> dict[str, list[tuple[object, ...]]]:
    """A state directory of version 1 with a row or more in each table, and those rows."""
    directory.mkdir(mode=0o700)
    made = Database(directory.with_name("of now"))
    Vault(made, PASSPHRASE, make=True).add(LmkLabel("spare", "aes-block", "0" * 16, "a comment"), bytes(range(32)))
    rows: dict[str, list[tuple[object, ...]]] = {
        "slot": [(0, b"0123456789ABCDEF"), (4095, b"x" * 8192)],
        "vault": list(made.read("SELECT id, header FROM vault")),
        "lmk": list(made.read("SELECT name, kind, check_value, comment, sealed FROM lmk")),
        "device": [("starts", 41)],
    }
    made.close()
    shutil.rmtree(directory.with_name("of now"))
    with closing(sqlite3.connect(directory / DATABASE_NAME, isolation_level=None)) as old:
        old.executescript(VERSION_1)
        for table, values in rows.items():
            old.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(values[0]))})", values)  # noqa: S608
    (directory / DATABASE_NAME).chmod(0o600)
    return rows
