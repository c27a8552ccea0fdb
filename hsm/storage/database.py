"""The SQLite file ``hsm.db`` of a state directory: schema, version, transactions."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

DATABASE_NAME = "hsm.db"
DIRECTORY_MODE, FILE_MODE = 0o700, 0o600
APPLICATION_ID = 0x5A4B4559  # "ZKEY", so that another program's database is not taken for ours
SCHEMA_VERSION = 1
BUSY_WAIT_MS = 5_000

# Values are text (hex) or bytes; what must be secret is sealed before it comes here.
_SCHEMA = (
    "CREATE TABLE slot (address INTEGER PRIMARY KEY CHECK (address BETWEEN 0 AND 4095), value BLOB NOT NULL) STRICT",
    "CREATE TABLE vault (id INTEGER PRIMARY KEY CHECK (id = 1), header BLOB NOT NULL) STRICT",
    "CREATE TABLE lmk (name TEXT PRIMARY KEY, kind TEXT NOT NULL, check_value TEXT NOT NULL, comment TEXT NOT NULL,"
    " sealed BLOB NOT NULL) STRICT",
    "CREATE TABLE device (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT",
)


class StorageError(Exception):
    """Something at rest can't be read or written; the message names the file and the reason."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


def check_private(path: Path, what: str, mode: int) -> None:
    """Raises StorageError when *path* belongs to somebody else, or others than its owner may use it."""
    found = path.stat()
    if found.st_uid != os.geteuid():
        raise StorageError(path, f"{what} belongs to another user")
    if stat.S_IMODE(found.st_mode) & 0o077:
        raise StorageError(path, f"{what} is open to others; chmod {mode:o} it")


class Database:
    """An open state directory.  Use it from one thread."""

    def __init__(self, directory: Path) -> None:
        """Open ``hsm.db`` in *directory*, making both when they don't exist.

        Raises StorageError when they can't be made or opened, are open to others, are damaged, or belong to another
        program or a newer version.
        """
        self.path = directory / DATABASE_NAME
        try:
            directory.mkdir(mode=DIRECTORY_MODE, parents=True, exist_ok=True)
            check_private(directory, "the state directory", DIRECTORY_MODE)
            # SQLite would make the file by the umask; its WAL and index files copy the mode of this one.
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, FILE_MODE))
            check_private(self.path, "the database", FILE_MODE)
        except OSError as error:
            raise StorageError(Path(error.filename or self.path), error.strerror or "can't be opened") from None
        self._connection = sqlite3.connect(self.path, timeout=BUSY_WAIT_MS / 1000, isolation_level=None)
        try:
            with self._told():
                self._prepare()
        except BaseException:
            self._connection.close()
            raise

    def _prepare(self) -> None:
        read = self._connection.execute
        read("PRAGMA synchronous = FULL")
        read("PRAGMA foreign_keys = ON")
        read("PRAGMA secure_delete = ON")
        ours, version = self._number("application_id"), self._number("user_version")
        empty = not read("SELECT count(*) FROM sqlite_schema").fetchone()[0]
        if empty and not ours and not version:
            read("PRAGMA journal_mode = WAL")
            self._create()
        elif ours != APPLICATION_ID:
            raise StorageError(self.path, "is the database of another program")
        elif version > SCHEMA_VERSION:
            raise StorageError(
                self.path, f"has schema {version}, made by a newer version; this one knows {SCHEMA_VERSION}"
            )
        elif version < SCHEMA_VERSION:
            raise StorageError(self.path, f"has the unknown schema {version}")
        found = read("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise StorageError(self.path, "is damaged; restore it from a backup")

    def _number(self, pragma: str) -> int:
        return int(self._connection.execute(f"PRAGMA {pragma}").fetchone()[0])

    def _create(self) -> None:
        # Two processes may find the file empty; the second finds it made once it has the lock.
        with self.transaction() as change:
            if self._number("user_version"):
                return
            for statement in _SCHEMA:
                change.execute(statement)
            change.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            change.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")

    @contextmanager
    def _told(self) -> Iterator[None]:
        """SQLite's own errors become StorageErrors; their texts name constraints and files, never values."""
        try:
            yield
        except sqlite3.Error as error:
            raise StorageError(self.path, f"{error}") from None

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """One change: on the disk when the block ends, gone without trace when it raises.  Raises StorageError."""
        with self._told():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def read(self, query: str, *values: str | int) -> list[tuple[str | int | bytes, ...]]:
        """All rows of *query*.  Raises StorageError."""
        with self._told():
            return self._connection.execute(query, values).fetchall()

    def fold(self) -> None:
        """Fold the WAL into the database, so that nothing deleted is left in it.  Raises StorageError."""
        with self._told():
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def close(self) -> None:
        """Close the file; its WAL is folded in."""
        self._connection.close()
