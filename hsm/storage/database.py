"""The SQLite file ``hsm.db`` of a state directory: opening, transactions, copies; and who owns the directory."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from hsm.storage import schema
from hsm.storage.schema import SCHEMA_VERSION, SqlValue

DATABASE_NAME = "hsm.db"
DIRECTORY_MODE, FILE_MODE = 0o700, 0o600
APPLICATION_ID = 0x5A4B4559  # "ZKEY", so that another program's database is not taken for ours
BUSY_WAIT_MS = 5_000
RESTORING_NAME = ".restoring"
"""Where a backup is unpacked; while it is there, the restore is not over."""


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


def private_directory(directory: Path) -> None:
    """Have *directory*, made if need be, and only for its owner.  Raises StorageError."""
    try:
        directory.mkdir(mode=DIRECTORY_MODE, parents=True, exist_ok=True)
        check_private(directory, "the state directory", DIRECTORY_MODE)
    except OSError as error:
        raise StorageError(Path(error.filename or directory), error.strerror or "can't be opened") from None


class DirectoryLock:
    """The state directory is this process's alone until ``close``."""

    def __init__(self, directory: Path) -> None:
        """Raises StorageError when another process has it."""
        private_directory(directory)
        self._descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._descriptor)
            raise StorageError(directory, "another process (hsm serve?) is using it; stop that first") from None

    def close(self) -> None:
        """Let others have it."""
        os.close(self._descriptor)


class Database:
    """An open state directory.  Use it from one thread."""

    def __init__(self, directory: Path, *, upgrading: bool = True) -> None:
        """Open ``hsm.db`` in *directory*, making both when they don't exist, and *upgrading* an older one or refusing it.

        Raises StorageError when they can't be made or opened, are open to others, are damaged (naming the record), or
        belong to another program or a newer version.
        """
        self.path = directory / DATABASE_NAME
        private_directory(directory)
        try:
            _check_restored(directory)
            # SQLite would make the file by the umask; its WAL and index files copy the mode of this one.
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, FILE_MODE))
            check_private(self.path, "the database", FILE_MODE)
        except OSError as error:
            raise StorageError(Path(error.filename or self.path), error.strerror or "can't be opened") from None
        self._connection = sqlite3.connect(self.path, timeout=BUSY_WAIT_MS / 1000, isolation_level=None)
        try:
            with self._told():
                self._prepare(upgrading)
        except BaseException:
            self._connection.close()
            raise

    def _prepare(self, upgrading: bool) -> None:
        schema.prepare(self._connection)
        read = self._connection.execute
        read("PRAGMA synchronous = FULL")
        read("PRAGMA foreign_keys = ON")
        read("PRAGMA secure_delete = ON")
        ours, version = self._number("application_id"), self._number("user_version")
        empty = not read("SELECT count(*) FROM sqlite_schema").fetchone()[0]
        if not (empty and not ours and not version):
            if ours != APPLICATION_ID:
                raise StorageError(self.path, "is the database of another program")
            if version > SCHEMA_VERSION:
                raise StorageError(
                    self.path, f"has schema {version}, made by a newer version; this one knows {SCHEMA_VERSION}"
                )
            if version < 1:
                raise StorageError(self.path, f"has the unknown schema {version}")
            if version < SCHEMA_VERSION and not upgrading:
                raise StorageError(
                    self.path, f"has the older schema {version}; `hsm state upgrade` brings it up to date"
                )
            self._check_tree()
        read("PRAGMA journal_mode = WAL")
        if version < SCHEMA_VERSION:
            if version:
                self._copy_aside(version)
            self._bring_up_to_date()
        fault = schema.fault_in(self._connection)
        if fault:
            raise StorageError(self.path, f"{fault}; restore it from a backup")

    def _check_tree(self) -> None:
        found = self._connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise StorageError(self.path, "is damaged; restore it from a backup")

    def _number(self, pragma: str) -> int:
        return int(self._connection.execute(f"PRAGMA {pragma}").fetchone()[0])

    def _bring_up_to_date(self) -> None:
        # Two processes may find the file empty or old; the second finds it made once it has the lock.
        with self.transaction() as change:
            version = self._number("user_version")
            if version == SCHEMA_VERSION:
                return
            if version:
                schema.upgrade(change, version)
            else:
                schema.create(change)
            change.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            change.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        self.fold()

    def _copy_aside(self, version: int) -> None:
        """Leave a copy ``hsm.db.v1`` of the file as it was."""
        aside = self.path.with_name(f"{DATABASE_NAME}.v{version}")
        if not aside.exists():
            self.copy_to(aside)

    def copy_to(self, path: Path, finish: Callable[[sqlite3.Connection], None] = lambda copy: None) -> None:
        """Copy all that is committed to the file *path*, which appears whole or not at all, once *finish* has seen to it.

        Other processes may go on writing meanwhile.  Raises StorageError.
        """
        part = path.with_name(path.name + ".part")
        with self._told():
            try:
                _discard(part)
                os.close(os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE))
                with closing(sqlite3.connect(part, isolation_level=None)) as target:
                    schema.prepare(target)
                    self._connection.backup(target)
                    # One file, without a log beside it.
                    target.execute("PRAGMA journal_mode = DELETE")
                    finish(target)
                synced(part)
                part.replace(path)
                synced(path.absolute().parent)
            except OSError as error:
                raise StorageError(path, error.strerror or "can't be written") from None
            finally:
                _discard(part)

    def forget_copies(self) -> None:
        """Delete the copies that upgrades left: what they hold was destroyed, or lies under a passphrase no longer used."""
        for version in range(1, SCHEMA_VERSION):
            aside = self.path.with_name(f"{DATABASE_NAME}.v{version}")
            try:
                aside.unlink(missing_ok=True)
            except OSError as error:
                raise StorageError(aside, error.strerror or "can't be deleted") from None

    @contextmanager
    def _told(self) -> Iterator[None]:
        """SQLite's own errors become StorageErrors; their texts name constraints and files, never values."""
        try:
            yield
        except UnicodeDecodeError:
            # SQLite quotes what it could not read.
            raise StorageError(self.path, "is damaged; restore it from a backup") from None
        except sqlite3.Error as error:
            raise StorageError(self.path, f"{error}") from None

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """One change: on the disk when the block ends, gone without trace when it raises.  Raises StorageError."""
        with self._told():
            if self._connection.in_transaction:
                # A disk that failed may have refused even the end of an earlier change.
                self._connection.execute("ROLLBACK")
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def read(self, query: str, *values: str | int) -> list[tuple[SqlValue, ...]]:
        """All rows of *query*.  Raises StorageError."""
        with self._told():
            return self._connection.execute(query, values).fetchall()

    def fold(self) -> bool:
        """Fold the WAL into the database, so that nothing deleted is left in it; could it all be folded?

        Raises StorageError.
        """
        with self._told():
            busy = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            return not busy

    def close(self) -> None:
        """Close the file; its WAL is folded in."""
        self._connection.close()


def synced(path: Path) -> None:
    """Have the file or directory *path* on the disk.  Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _discard(database: Path) -> None:
    """Delete a database that nobody uses, with what SQLite may have left beside it when a process was killed."""
    for suffix in ("", "-journal", "-wal", "-shm"):
        database.with_name(database.name + suffix).unlink(missing_ok=True)


def _check_restored(directory: Path) -> None:
    restoring = directory / RESTORING_NAME
    if not restoring.exists():
        return
    if not (directory / DATABASE_NAME).exists():
        raise StorageError(directory, "a restore was broken off; run it again")
    # The database comes last, so all but this was done.
    restoring.rmdir()
