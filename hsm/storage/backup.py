"""A state directory as one file, and one file as a state directory again.

A backup is a copy of the database, made by SQLite while the appliance goes on, with the other files of the directory (the
audit log, a host's key) in a table of their own.  What is sealed stays sealed.  The database is copied first: a log may
have entries that its anchor in the database does not know yet, but not the other way round.

A restore unpacks into ``.restoring`` inside the directory and moves the database last, so that at every instant the
directory either is not there for an appliance, or is whole.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from hsm.storage import device, schema
from hsm.storage.database import (
    APPLICATION_ID,
    DATABASE_NAME,
    FILE_MODE,
    RESTORING_NAME,
    Database,
    DirectoryLock,
    StorageError,
    private_directory,
    synced,
)

BACKUP_ID = 0x5A4B4542  # "ZKEB": not to be opened as a state directory's database
PART_BYTES_MAX = 1_048_576
FILES = schema.Table(
    "backup_file", ("name TEXT NOT NULL", "part INTEGER NOT NULL", "content BLOB NOT NULL"), ("name", "part")
)


def backup(directory: Path, file: Path) -> int:
    """Copy the state *directory* into *file*, its owner's alone; how many other files it holds besides the database.

    Raises StorageError.
    """
    database = Database(directory, upgrading=False)
    try:
        names: list[str] = []

        def finish(copy: sqlite3.Connection) -> None:
            copy.execute(f"PRAGMA application_id = {BACKUP_ID}")
            copy.execute("BEGIN")
            copy.execute(FILES.statement)
            for path in _others(directory):
                names.append(path.relative_to(directory).as_posix())
                for part, content in enumerate(_parts(path)):
                    copy.execute(
                        "INSERT INTO backup_file (name, part, content) VALUES (?, ?, ?)", (names[-1], part, content)
                    )
            copy.execute("COMMIT")

        database.copy_to(file, finish)
        return len(names)
    finally:
        database.close()


def _others(directory: Path) -> Iterator[Path]:
    for path in sorted(directory.rglob("*")):
        ours = path.name.startswith(DATABASE_NAME) or path.name.endswith(".part") or RESTORING_NAME in path.parts
        if path.is_file() and not path.is_symlink() and not ours:
            yield path


def _parts(path: Path) -> Iterator[bytes]:
    with path.open("rb") as opened:
        # Whoever appends to it meanwhile is not waited for; an empty file has one empty part.
        left = os.fstat(opened.fileno()).st_size
        yield opened.read(min(left, PART_BYTES_MAX))
        while (left := left - PART_BYTES_MAX) > 0:
            yield opened.read(min(left, PART_BYTES_MAX))


def restore(file: Path, directory: Path) -> int:
    """Make *directory*, which must be empty or not there, what it was in the backup *file*; how many files it has.

    Raises StorageError, before anything is written when the backup is damaged.
    """
    if not file.is_file():
        raise StorageError(file, "there is no such file")
    with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)) as source:
        try:
            schema.prepare(source)
            _check(file, source)
            lock = DirectoryLock(directory)
            try:
                return _unpacked(source, directory)
            finally:
                lock.close()
        except sqlite3.Error as error:
            raise StorageError(file, f"{error}") from None
        except OSError as error:
            raise StorageError(Path(error.filename or directory), error.strerror or "can't be written") from None


def _check(file: Path, source: sqlite3.Connection) -> None:
    if source.execute("PRAGMA application_id").fetchone()[0] != BACKUP_ID:
        raise StorageError(file, "is no backup of a state directory")
    version = source.execute("PRAGMA user_version").fetchone()[0]
    if version > schema.SCHEMA_VERSION:
        raise StorageError(
            file, f"has schema {version}, made by a newer version; this one knows {schema.SCHEMA_VERSION}"
        )
    if source.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
        raise StorageError(file, "is damaged; take another backup")
    # The tables of an older version are looked at when they are brought up to date.
    fault = schema.fault_in(source, (*schema.TABLES, FILES)) if version == schema.SCHEMA_VERSION else ""
    if fault:
        raise StorageError(file, f"{fault}; take another backup")


def _unpacked(source: sqlite3.Connection, directory: Path) -> int:
    stage = directory / RESTORING_NAME
    if (directory / DATABASE_NAME).exists() or (any(directory.iterdir()) and not stage.exists()):
        raise StorageError(directory, "is not empty; restore into a directory of its own")
    # An earlier restore was broken off: nothing here was ever in use.
    for left in directory.iterdir():
        shutil.rmtree(left) if left.is_dir() else left.unlink()
    private_directory(stage)
    synced(directory)
    names = [str(row[0]) for row in source.execute("SELECT DISTINCT name FROM backup_file ORDER BY name")]
    for name in names:
        _unpack(source, name, directory)
    _database(source, stage / DATABASE_NAME)
    (stage / DATABASE_NAME).replace(directory / DATABASE_NAME)
    synced(directory)
    stage.rmdir()
    return len(names)


def _unpack(source: sqlite3.Connection, name: str, directory: Path) -> None:
    relative = PurePosixPath(name)
    if relative.is_absolute() or ".." in relative.parts:
        raise StorageError(directory, f"{name[:80]!r} lies outside")
    path = directory / relative
    private_directory(path.parent)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE), "wb") as opened:
        for (content,) in source.execute("SELECT content FROM backup_file WHERE name = ? ORDER BY part", (name,)):
            opened.write(content)
        opened.flush()
        os.fsync(opened.fileno())
    synced(path.parent)


def _database(source: sqlite3.Connection, path: Path) -> None:
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE))
    with closing(sqlite3.connect(path, isolation_level=None)) as target:
        schema.prepare(target)
        # Until it is moved it is nobody's: no log is needed to undo a half of it.
        target.execute("PRAGMA journal_mode = OFF")
        source.backup(target)
        target.execute("DROP TABLE backup_file")
        device.note(target, device.RESTORED, datetime.now(UTC).isoformat(timespec="seconds"))
        target.execute("VACUUM")
        target.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    synced(path)
