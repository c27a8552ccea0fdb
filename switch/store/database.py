"""What the store asks of a database."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from switch.store.rows import Row


class StoreError(Exception):
    """A piece of work was not done.  No value of a row is told."""


class Unavailable(StoreError):
    """The database cannot be reached or cannot write: nothing of the work was written."""


class Uncertain(StoreError):
    """The connection was lost in the commit: the work was written as a whole, or not at all, and nobody knows which.

    The same work done again finds its own rows if it was.
    """


class Conflict(StoreError):
    """Another has changed what the work depends on, again and again, or an id was used twice."""


class Rejected(StoreError):
    """The database does not take a value of the work: an integer of more than 64 bits, a text with a NUL."""


class Connection(Protocol):
    """One connection to a database.  Every method raises Unavailable, Conflict or Rejected, and nothing else."""

    blob_type: str
    """What a column of bytes is called."""
    lock_statement: str
    """How a migration keeps others out; empty where ``begin`` does."""

    def begin(self) -> None:
        """Begin a transaction."""

    def run(self, statement: str) -> list[tuple[object, ...]]:
        """What *statement*, which takes no values, gives: for migrations."""

    def fetch(self, wanted: Mapping[type[Row], Collection[str]]) -> dict[tuple[type[Row], str], Row]:
        """The rows that are there of those *wanted*, locked against others until the transaction ends."""

    def write(self, steps: Sequence[tuple[type[Row], str, Sequence[Row | str]]]) -> None:
        """Do the *steps*, each a kind, ``insert``, ``update`` or ``delete``, and its rows (ids, to delete), then commit.

        Raises Uncertain as well, when it is the commit that failed for lack of a connection.
        """

    def rollback(self) -> None:
        """End the transaction as if it had not begun; a connection that is lost already may stay so."""

    def close(self) -> None:
        """Close the connection."""


class Database(Protocol):
    """A database that can be connected to."""

    @property
    def url(self) -> str:
        """Its URL, as SQLAlchemy has it."""

    def connect(self) -> Connection:
        """A new connection.  Raises Unavailable."""
