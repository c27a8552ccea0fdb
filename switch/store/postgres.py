"""PostgreSQL, by psycopg in pipeline mode: a group costs two round trips, one to fetch and one to write and commit."""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass

import psycopg
from psycopg import errors
from psycopg.types.numeric import Int8BinaryDumper, Int8Dumper
from sqlalchemy import make_url

from switch.store.database import Conflict, Rejected, Unavailable, Uncertain
from switch.store.kinds import KINDS
from switch.store.patience import patient, plain
from switch.store.rows import Row
from switch.store.schema import FORMAT, cells

_CONFLICTS = (
    errors.UniqueViolation, errors.SerializationFailure, errors.DeadlockDetected, errors.LockNotAvailable,
)  # fmt: skip


class PostgresConnection:
    """A connection to the server; see :class:`~switch.store.database.Connection`."""

    blob_type = "BYTEA"
    lock_statement = "LOCK TABLE schema_version IN EXCLUSIVE MODE"

    def __init__(self, conninfo: str) -> None:
        try:
            # BEGIN and COMMIT are ours, so that they travel with the statements.
            self._connection = patient(conninfo, autocommit=True)
            # One size for all integers: else each mix of small and great ones is a statement to prepare of its own.
            self._connection.adapters.register_dumper(int, Int8Dumper)
            self._connection.adapters.register_dumper(int, Int8BinaryDumper)
            self._demand_durable_commits()
        except psycopg.Error as error:
            raise Unavailable(f"PostgreSQL: {type(error).__name__}") from None
        self._begun = False
        self._piping = ExitStack()
        self._pipeline: psycopg.Pipeline | None = None

    def _demand_durable_commits(self) -> None:
        """A server that answers before its log is on the disk is told not to; one that does more is left alone."""
        if self._connection.execute("SHOW synchronous_commit").fetchone() == ("off",):
            self._connection.execute("SET synchronous_commit = on")

    @contextmanager
    def _said(self, uncertain_when_lost: bool = False) -> Iterator[None]:
        if self._connection.closed:
            raise Unavailable("PostgreSQL: the connection is closed")
        try:
            yield
        except _CONFLICTS as error:
            raise Conflict(f"PostgreSQL: {type(error).__name__}") from None
        except psycopg.Error as error:
            if uncertain_when_lost and self._connection.closed:
                raise Uncertain("PostgreSQL: the connection was lost in the commit") from None
            if isinstance(error, psycopg.DataError):
                raise Rejected("a value that PostgreSQL does not take") from None
            raise Unavailable(f"PostgreSQL: {type(error).__name__}") from None
        except (OverflowError, UnicodeError, struct.error):
            raise Rejected("a value that PostgreSQL does not take") from None

    def begin(self) -> None:
        """Begin a transaction: BEGIN goes with whatever is asked first."""
        self._begun = False

    def _piped(self) -> psycopg.Pipeline:
        """The pipeline of this transaction.

        It stays open from the first look to the commit: with its end psycopg sends a Flush behind the Sync, and then the
        server does not count how long the transaction is idle.
        """
        if self._pipeline is None:
            self._pipeline = self._piping.enter_context(self._connection.pipeline())
        return self._pipeline

    def _unpiped(self) -> None:
        self._pipeline = None
        self._piping.close()

    def _begin(self) -> None:
        if not self._begun:
            self._connection.execute("BEGIN")
            self._begun = True

    def run(self, statement: str) -> list[tuple[object, ...]]:
        """What *statement* gives, for migrations."""
        with self._said():
            self._begin()
            cursor = self._connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def fetch(self, wanted: Mapping[type[Row], Collection[str]]) -> dict[tuple[type[Row], str], Row]:
        """The rows that are there of those *wanted*, locked; asked for in one order by everybody, against deadlocks."""
        asked = []
        with self._said():
            pipeline = self._piped()
            self._begin()
            for kind in KINDS:
                if wanted.get(kind):
                    cursor = self._connection.cursor()
                    cursor.execute(FORMAT[kind].select_any.encode(), (sorted(wanted[kind]),))
                    asked.append((kind, cursor))
            pipeline.sync()
            return {(kind, values[0]): kind(*values) for kind, cursor in asked for values in cursor.fetchall()}

    def write(self, steps: Sequence[tuple[type[Row], str, Sequence[Row | str]]]) -> None:
        """Do the *steps* and commit, all in one round trip: after an error the server skips what follows, COMMIT too."""
        with self._said(uncertain_when_lost=True):
            self._piped()
            self._begin()
            for kind, step, rows in steps:
                text = getattr(FORMAT[kind], step).encode()
                self._connection.cursor().executemany(text, [parameters(step, row) for row in rows])
            self._connection.execute("COMMIT")
            self._unpiped()
        self._begun = False

    def rollback(self) -> None:
        """End the transaction as if it had not begun."""
        with self._said():
            with suppress(psycopg.Error):
                # What is said of the statements behind the one at fault.
                self._unpiped()
            self._connection.execute("ROLLBACK")
            self._begun = False

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
        with suppress(psycopg.Error):
            self._unpiped()


def parameters(step: str, row: Row | str) -> tuple[object, ...]:
    """What a *step*'s statement takes: an insert the row, an update the id last, a delete the id."""
    if isinstance(row, str):
        return (row,)
    values = cells(row)
    return values if step == "insert" else (*values[1:], values[0])


@dataclass(frozen=True)
class Postgres:
    """The database at *url*, ``postgresql+psycopg://user:password@host:port/name``."""

    url: str

    def connect(self) -> PostgresConnection:
        """A new connection.  Raises Unavailable."""
        return PostgresConnection(plain(self.url))

    def __repr__(self) -> str:
        """Without the password."""
        return f"Postgres({make_url(self.url)!r})"
