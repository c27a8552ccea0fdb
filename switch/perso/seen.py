"""Which cards of an order were seen already, without memory that grows and without a PAN on disk."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import sqlite3


class Seen:
    """Values seen once: a table of keyed hashes that SQLite spills to a file of its own, gone when this is closed."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._table = sqlite3.connect("", isolation_level=None)
        self._table.execute("PRAGMA synchronous=OFF")
        self._table.execute("CREATE TABLE seen (hash BLOB PRIMARY KEY) WITHOUT ROWID")
        self._table.execute("BEGIN")

    def is_new(self, value: str) -> bool:
        """Was *value* not given before?"""
        found = hmac.digest(self._key, value.encode(), hashlib.sha256)[:16]
        return self._table.execute("INSERT OR IGNORE INTO seen VALUES (?)", (found,)).rowcount == 1

    def close(self) -> None:
        self._table.close()
