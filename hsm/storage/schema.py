"""The tables of ``hsm.db``, and the way there from earlier versions.

Every row carries a digest of itself: SQLite tells a broken tree, but not a flipped bit in a value.  The digest is a
generated column, so that whoever writes a row writes the digest too.  It guards against decay, not against somebody who
may write the file: what must not be forged is sealed by the vault or chained by the audit log.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from hmac import compare_digest

SCHEMA_VERSION = 2
DIGEST_BYTES = 16

SqlValue = str | int | float | bytes | None


@dataclass(frozen=True)
class Table:
    """A table: *columns* with their types, the names of its *key*; the two of the audit log are sealed by that itself."""

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    digested: bool = True

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names."""
        return tuple(column.split()[0] for column in self.columns)

    @property
    def statement(self) -> str:
        """The statement that makes it."""
        parts = list(self.columns)
        if self.digested:
            row = ", ".join((f"'{self.name}'", *self.names))
            parts.append(f"digest BLOB NOT NULL GENERATED ALWAYS AS (row_digest({row})) STORED")
        # A table without rowid is its own index: no copy of a key lies where no digest covers it.
        if not any("PRIMARY KEY" in column for column in self.columns):
            parts.append(f"PRIMARY KEY ({', '.join(self.key)})")
            return f"CREATE TABLE {self.name} ({', '.join(parts)}) STRICT, WITHOUT ROWID"
        return f"CREATE TABLE {self.name} ({', '.join(parts)}) STRICT"


_ONE = "id INTEGER PRIMARY KEY CHECK (id = 1)"

# Values are text (hex) or bytes; what must be secret is sealed before it comes here.
TABLES = (
    Table(
        "slot",
        ("address INTEGER PRIMARY KEY CHECK (address BETWEEN 0 AND 4095)", "value BLOB NOT NULL"),
        ("address",),
    ),
    Table("vault", (_ONE, "header BLOB NOT NULL"), ("id",)),
    # LMKs that can be loaded by name.
    Table(
        "lmk",
        ("name TEXT NOT NULL", "kind TEXT NOT NULL", "check_value TEXT NOT NULL", "comment TEXT NOT NULL",
         "sealed BLOB NOT NULL"),
        ("name",),
    ),
    # LMKs that are loaded; either the name of a published one, or the sealed material.
    Table(
        "loaded",
        ("store TEXT NOT NULL CHECK (store IN ('live', 'old', 'new'))", "lmk_id TEXT NOT NULL", "kind TEXT NOT NULL",
         "check_value TEXT NOT NULL", "name TEXT NOT NULL", "published TEXT", "sealed BLOB"),
        ("store", "lmk_id"),
    ),
    Table("device", ("name TEXT NOT NULL", "value ANY NOT NULL"), ("name",)),
    Table("setting", ("name TEXT NOT NULL", "value TEXT NOT NULL"), ("name",)),
    Table("authority", ("lmk_id TEXT NOT NULL", "activity TEXT NOT NULL"), ("lmk_id", "activity")),
    Table(
        "card",
        ("serial TEXT NOT NULL", "holder TEXT NOT NULL", "role TEXT NOT NULL", "tries_left INTEGER NOT NULL",
         "salt BLOB NOT NULL", "sealed BLOB NOT NULL"),
        ("serial",),
    ),
    # Pages in the printer's tray, sealed under its own key.
    Table(
        "page",
        ("number INTEGER NOT NULL", "kind TEXT NOT NULL", "printed INTEGER NOT NULL", "sealed BLOB NOT NULL"),
        ("number",),
    ),
    # Small secrets by purpose: sealed by the vault (1), or as they are because no passphrase was ever given (0).
    Table("secret", ("purpose TEXT NOT NULL", "sealed INTEGER NOT NULL", "content BLOB NOT NULL"), ("purpose",)),
    Table("hostport", ("name TEXT NOT NULL", "field TEXT NOT NULL", "value TEXT NOT NULL"), ("name", "field")),
    # The Domain Master Key: sealed by the vault (1), or the name of a published one (0).
    Table("km", (_ONE, "sealed INTEGER NOT NULL", "key BLOB NOT NULL"), ("id",)),
    # Keys under the KM by the two digits of their type; how a transport key is changed, if not as is usual for its type.
    Table(
        "stored_key",
        ("type TEXT NOT NULL", "number INTEGER NOT NULL", "value BLOB NOT NULL", "kvc TEXT NOT NULL",
         "scheme INTEGER"),
        ("type", "number"),
    ),
    Table(
        "audit_anchor",
        (_ONE, "sequence INTEGER NOT NULL", "chain BLOB NOT NULL", "seal BLOB NOT NULL"),
        ("id",),
        digested=False,
    ),
    Table("audit_key", (_ONE, "sealed INTEGER NOT NULL", "key BLOB NOT NULL"), ("id",), digested=False),
)  # fmt: skip
_OF_VERSION_1 = ("slot", "vault", "lmk", "device")


def row_digest(*values: SqlValue) -> bytes:
    """BLAKE2b (RFC 7693), 16 bytes, of a table's name and its row's values, each led by its type and length."""
    made = hashlib.blake2b(digest_size=DIGEST_BYTES)
    for value in values:
        content = value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")
        made.update(f"{type(value).__name__} {len(content)} ".encode() + content)
    return made.digest()


def prepare(connection: sqlite3.Connection) -> None:
    """Let *connection* write rows with their digests, and read text that is damaged."""
    connection.create_function("row_digest", -1, row_digest, deterministic=True)
    connection.text_factory = lambda raw: raw.decode("utf-8", "replace")


def create(change: sqlite3.Connection) -> None:
    """Make all tables within a transaction."""
    for table in TABLES:
        change.execute(table.statement)


def upgrade(change: sqlite3.Connection, version: int) -> None:
    """Bring the tables of *version*, 1 or later, to the present one within a transaction."""
    if version != 1:
        raise ValueError(f"there is no way from version {version}")
    for table in TABLES:
        if table.name in _OF_VERSION_1:
            change.execute(f"ALTER TABLE {table.name} RENAME TO old_{table.name}")
        change.execute(table.statement)
        if table.name in _OF_VERSION_1:
            names = ", ".join(table.names)
            change.execute(f"INSERT INTO {table.name} ({names}) SELECT {names} FROM old_{table.name}")  # noqa: S608
            change.execute(f"DROP TABLE old_{table.name}")


def fault_in(connection: sqlite3.Connection, tables: Iterable[Table] = TABLES) -> str:
    """What is wrong with the schema, which is *tables*, or with a row, by name; empty when nothing is."""
    there = {row[1]: row for row in connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema")}
    for table in tables:
        if there.pop(table.name, None) != ("table", table.name, table.name, table.statement):
            return f"the table {table.name} is damaged"
    if there:
        return f"there is a table too many ({', '.join(sorted(map(repr, there)))[:80]})"
    return next((fault for table in tables if (fault := _damaged_row(connection, table))), "")


def _damaged_row(connection: sqlite3.Connection, table: Table) -> str:
    if not table.digested:
        return ""
    for *values, digest in connection.execute(f"SELECT {', '.join(table.names)}, digest FROM {table.name}"):  # noqa: S608
        if not isinstance(digest, bytes) or not compare_digest(row_digest(table.name, *values), digest):
            key = " ".join(str(value) for name, value in zip(table.names, values, strict=True) if name in table.key)
            return f"the record {table.name} {key[:60]!r} is damaged"
    return ""
