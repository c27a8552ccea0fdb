"""SQLite: one file, write-ahead log, and synchronous=FULL, so that what was committed survives a loss of power."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from switch.store.database import Conflict, Rejected, StoreError, Unavailable, Uncertain
from switch.store.rows import Row
from switch.store.schema import QMARK, cells

BUSY_SECONDS = 5.0
"""How long another program, such as a backup, may hold the file before a group fails."""


@contextmanager
def _said(otherwise: type[StoreError] = Unavailable) -> Iterator[None]:
    try:
        yield
    except sqlite3.IntegrityError:
        raise Conflict("an id was used twice") from None
    except (OverflowError, UnicodeError, sqlite3.DataError, sqlite3.ProgrammingError):
        raise Rejected("a value that SQLite does not take") from None
    except sqlite3.Error as error:
        raise otherwise(f"SQLite: {getattr(error, 'sqlite_errorname', 'closed')}") from None


class SqliteConnection:
    """A connection to the file; see :class:`~switch.store.database.Connection`."""

    blob_type = "BLOB"
    lock_statement = ""

    def __init__(self, path: str) -> None:
        with _said():
            self._connection = sqlite3.connect(
                path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False, cached_statements=256
            )
            self._run = self._connection.execute
            try:
                self._run("PRAGMA journal_mode = WAL")
                self._run("PRAGMA synchronous = FULL")
            except sqlite3.Error:
                self._connection.close()
                raise

    def begin(self) -> None:
        """Begin a transaction, which locks every other writer out."""
        with _said():
            self._run("BEGIN IMMEDIATE")

    def run(self, statement: str) -> list[tuple[object, ...]]:
        """What *statement* gives, for migrations."""
        with _said():
            return self._run(statement).fetchall()

    def fetch(self, wanted: Mapping[type[Row], Collection[str]]) -> dict[tuple[type[Row], str], Row]:
        """The rows that are there of those *wanted*."""
        found: dict[tuple[type[Row], str], Row] = {}
        with _said():
            for kind, ids in wanted.items():
                statement = QMARK[kind].select_one
                for id in ids:
                    values = self._run(statement, (id,)).fetchone()
                    if values is not None:
                        found[kind, id] = kind(*values)
        return found

    def write(self, steps: Sequence[tuple[type[Row], str, Sequence[Row | str]]]) -> None:
        """Do the *steps* and commit."""
        many = self._connection.executemany
        with _said():
            for kind, step, rows in steps:
                many(getattr(QMARK[kind], step), [parameters(step, row) for row in rows])
        # What the disk answered to a failed commit may have reached it all the same.
        with _said(otherwise=Uncertain):
            self._run("COMMIT")

    def rollback(self) -> None:
        """End the transaction as if it had not begun."""
        with _said():
            if self._connection.in_transaction:
                self._run("ROLLBACK")

    def close(self) -> None:
        """Close the connection."""
        with _said():
            self._connection.close()


def parameters(step: str, row: Row | str) -> tuple[object, ...]:
    """What a *step*'s statement takes: an insert the row, an update the id last, a delete the id."""
    if isinstance(row, str):
        return (row,)
    values = cells(row)
    return values if step == "insert" else (*values[1:], values[0])


@dataclass(frozen=True)
class Sqlite:
    """The database in the file at *path*."""

    path: str

    @property
    def url(self) -> str:
        """``sqlite:///`` and the path."""
        return f"sqlite:///{self.path}"

    def connect(self) -> SqliteConnection:
        """A new connection; the file is made when it is not there.  Raises Unavailable."""
        return SqliteConnection(self.path)
