"""What a part of the bureau must not forget: keys under the KM, products, and how far each order is, in SQLite.

Keys are cryptograms that only the HSM opens.  A commit is on disk when it returns (synchronous FULL), so that after a kill
an order is either imported, with its file, or it is not.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from switch.perso.terms import Content, HeldKey, KeyName

_TABLES = """
CREATE TABLE IF NOT EXISTS held_key (
    name TEXT PRIMARY KEY, content TEXT NOT NULL, check_value TEXT NOT NULL, specifier BLOB NOT NULL, officers TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS product (
    issuer TEXT NOT NULL, name TEXT NOT NULL, text TEXT NOT NULL, administrator TEXT NOT NULL, PRIMARY KEY (issuer, name)
);
CREATE TABLE IF NOT EXISTS card_order (
    issuer TEXT NOT NULL, id TEXT NOT NULL, product TEXT NOT NULL, key_version TEXT NOT NULL, cards INTEGER NOT NULL,
    digest TEXT NOT NULL, xof TEXT NOT NULL, imported TEXT NOT NULL, PRIMARY KEY (issuer, id)
);
"""


@dataclass(frozen=True)
class ImportedOrder:
    """An order that was imported: *digest* is the order file's (64 hexadecimal digits), *xof* the name of its file."""

    issuer: str
    order: str
    product: str
    key_version: str
    cards: int
    digest: str
    xof: str
    imported: str


class AlreadyThere(Exception):
    """What is to be added is there already."""


class Books:
    """The books in the file *path*, made if there is none.  Methods raise sqlite3.Error when the file is unusable."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=FULL")
        self._connection.execute("PRAGMA busy_timeout=5000")
        self._connection.executescript(_TABLES)

    def close(self) -> None:
        self._connection.close()

    # --- keys -----------------------------------------------------------------------------------------------------
    def key(self, name: str) -> HeldKey | None:
        """The key *name*, or None."""
        row = self._connection.execute(
            "SELECT name, content, check_value, specifier FROM held_key WHERE name = ?", (name,)
        ).fetchone()
        return _held(row) if row else None

    def all_keys(self) -> list[HeldKey]:
        """All keys, by name."""
        rows = self._connection.execute("SELECT name, content, check_value, specifier FROM held_key ORDER BY name")
        return [_held(row) for row in rows]

    def add_keys(self, keys: list[HeldKey], officers: tuple[str, str]) -> None:
        """Add all *keys*, or none.  Raises AlreadyThere: keys are not replaced, a new version has another name."""
        rows = [
            (k.named.name, k.named.content.value, k.named.check_value, k.specifier, ",".join(officers)) for k in keys
        ]
        with self._transaction("a key of that name"):
            self._connection.executemany("INSERT INTO held_key VALUES (?, ?, ?, ?, ?)", rows)

    # --- products -------------------------------------------------------------------------------------------------
    def product(self, issuer: str, name: str) -> str | None:
        """The text of a product, or None."""
        row = self._connection.execute(
            "SELECT text FROM product WHERE issuer = ? AND name = ?", (issuer, name)
        ).fetchone()
        return str(row[0]) if row else None

    def products(self) -> list[tuple[str, str]]:
        """Issuer and name of each product."""
        return list(self._connection.execute("SELECT issuer, name FROM product ORDER BY issuer, name"))

    def put_product(self, issuer: str, name: str, text: str, administrator: str) -> None:
        """Add a product, or put another text in its place."""
        with self._transaction("this product"):
            self._connection.execute(
                "INSERT OR REPLACE INTO product VALUES (?, ?, ?, ?)", (issuer, name, text, administrator)
            )

    def remove_product(self, issuer: str, name: str) -> bool:
        """Was it there?"""
        with self._transaction("this product"):
            done = self._connection.execute("DELETE FROM product WHERE issuer = ? AND name = ?", (issuer, name))
        return done.rowcount > 0

    # --- orders ---------------------------------------------------------------------------------------------------
    def order(self, issuer: str, order: str) -> ImportedOrder | None:
        """The order, if it was imported."""
        row = self._connection.execute(
            "SELECT * FROM card_order WHERE issuer = ? AND id = ?", (issuer, order)
        ).fetchone()
        return ImportedOrder(*row) if row else None

    def order_of(self, file: str) -> ImportedOrder | None:
        """The order that was imported from a file of that name, ISSUER-ORDER and an ending, if it was."""
        issuer, _, order = file.rpartition(".")[0].partition("-")
        return self.order(issuer, order)

    def orders(self) -> list[ImportedOrder]:
        """All orders that were imported."""
        return [ImportedOrder(*row) for row in self._connection.execute("SELECT * FROM card_order ORDER BY issuer, id")]

    def add_order(self, order: ImportedOrder) -> None:
        """From now on the order is imported.  Raises AlreadyThere."""
        row = (
            order.issuer,
            order.order,
            order.product,
            order.key_version,
            order.cards,
            order.digest,
            order.xof,
            order.imported,
        )
        with self._transaction("this order"):
            self._connection.execute("INSERT INTO card_order VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)

    @contextmanager
    def _transaction(self, what: str) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException as e:
            self._connection.execute("ROLLBACK")
            if isinstance(e, sqlite3.IntegrityError):
                raise AlreadyThere(f"{what} is there already") from None
            raise
        self._connection.execute("COMMIT")


def _held(row: tuple[str, str, str, bytes]) -> HeldKey:
    name, content, check_value, specifier = row
    return HeldKey(KeyName(name, Content(content), check_value), specifier)
