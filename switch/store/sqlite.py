"""SQLite: one file, write-ahead log, and synchronous=FULL, so that what was committed survives a loss of power.

Each step of a statement lets other threads run, and must then wait for its turn again: so few statements do many rows, and
rows that were written a moment ago are not asked for.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import TypeVar

from switch.store.database import Conflict, Rejected, StoreError, Unavailable, Uncertain
from switch.store.kinds import KINDS
from switch.store.rows import Noted, Row
from switch.store.schema import QMARK, cells, columns

T = TypeVar("T")
BUSY_SECONDS = 5.0
"""How long another program, such as a backup, may hold the file before a group fails."""
AT_ONCE = (64, 32, 16, 8, 4, 2, 1)
"""How many rows a statement takes: few lengths, so that each statement is prepared once."""
STATEMENTS_KEPT_MAX = 512
REMEMBERED_ROWS_MAX = 8192


def _select(kind: type[Row], count: int) -> str:
    """Asks for *count* rows by id."""
    return QMARK[kind].select_one.replace("= ?", f"IN ({', '.join('?' * count)})")


def _write(kind: type[Row], step: str, count: int) -> str:
    """Inserts *count* rows, or updates them: those are there."""
    insert = QMARK[kind].insert
    head, values = insert[: insert.rindex("(")], insert[insert.rindex("(") :]
    statement = head + ", ".join([values] * count)
    if step == "insert":
        return statement
    return f"{statement} ON CONFLICT (id) DO UPDATE SET " + ", ".join(
        f"{name} = excluded.{name}" for name in columns(kind)[1:]
    )


SELECTS = {(kind, count): _select(kind, count) for kind in KINDS for count in AT_ONCE}
WRITES = {(kind, step, n): _write(kind, step, n) for kind in KINDS for step in ("insert", "update") for n in AT_ONCE}


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
                path,
                timeout=BUSY_SECONDS,
                isolation_level=None,
                check_same_thread=False,
                cached_statements=STATEMENTS_KEPT_MAX,
            )
            self._run = self._connection.execute
            self._remembered: dict[tuple[type[Row], str], Row] = {}
            self._version = 0
            try:
                self._run("PRAGMA journal_mode = WAL")
                self._run("PRAGMA synchronous = FULL")
            except sqlite3.Error:
                self._connection.close()
                raise

    def begin(self) -> None:
        """Begin a transaction, which locks every other writer out; what another has changed is no longer remembered."""
        with _said():
            self._run("BEGIN IMMEDIATE")
            ((version,),) = self._run("PRAGMA data_version").fetchall()
        if version != self._version:
            self._version = version
            self._remembered.clear()

    def run(self, statement: str) -> list[tuple[object, ...]]:
        """What *statement* gives, for migrations."""
        with _said():
            return self._run(statement).fetchall()

    def fetch(self, wanted: Mapping[type[Row], Collection[str]]) -> dict[tuple[type[Row], str], Row]:
        """The rows that are there of those *wanted*."""
        remembered = self._remembered
        found: dict[tuple[type[Row], str], Row] = {}
        asked: dict[tuple[type[Row], str], Row] = {}
        with _said():
            for kind, ids in wanted.items():
                unknown = []
                for id in ids:
                    row = remembered.get((kind, id))
                    if row is None:
                        unknown.append(id)
                    else:
                        found[kind, id] = row
                for some in _portions(unknown):
                    for values in self._run(SELECTS[kind, len(some)], some).fetchall():
                        asked[kind, values[0]] = kind(*values)
        self._remember(asked)
        return found | asked

    def write(self, steps: Sequence[tuple[type[Row], str, Sequence[Row | str]]]) -> None:
        """Do the *steps* and commit."""
        kept: dict[tuple[type[Row], str], Row] = {}
        with _said():
            for kind, step, rows in steps:
                if step == "delete":
                    self._connection.executemany(QMARK[kind].delete, [(id,) for id in rows])
                    continue
                whole = [row for row in rows if isinstance(row, Row)]
                for some in _portions(whole):
                    values = tuple(chain.from_iterable(map(cells, some)))
                    self._run(WRITES[kind, step, len(some)], values)
                if kind is not Noted:
                    kept |= {(kind, row.id): row for row in whole}
        # What the disk answered to a failed commit may have reached it all the same.
        with _said(otherwise=Uncertain):
            self._run("COMMIT")
        for kind, step, rows in steps:
            if step == "delete":
                for id in rows:
                    self._remembered.pop((kind, str(id)), None)
        self._remember(kept)

    def _remember(self, rows: Mapping[tuple[type[Row], str], Row]) -> None:
        """Know *rows* until another connection commits something; the oldest are forgotten."""
        remembered = self._remembered
        for place, row in rows.items():
            remembered.pop(place, None)
            remembered[place] = row
        while len(remembered) > REMEMBERED_ROWS_MAX:
            del remembered[next(iter(remembered))]

    def rollback(self) -> None:
        """End the transaction as if it had not begun."""
        with _said():
            if self._connection.in_transaction:
                self._run("ROLLBACK")

    def close(self) -> None:
        """Close the connection."""
        with _said():
            self._connection.close()


def _portions(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """*items* in pieces as long as statements take them."""
    at = 0
    for size in AT_ONCE:
        while len(items) - at >= size:
            yield items[at : at + size]
            at += size


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
