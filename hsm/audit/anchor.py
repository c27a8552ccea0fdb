"""The audit log's key, and the latest entry that was written, both in ``hsm.db``.

The anchor is committed after each group of entries on a connection of its own that leaves syncing to ``sync``: a killed
process loses nothing by that, and it costs a few microseconds.  It never folds the WAL while unsynced, because that could
damage the database when the power fails.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from hmac import compare_digest
from pathlib import Path
from typing import Protocol

from hsm.audit.chain import GENESIS, KEY_BYTES, Chain
from hsm.audit.record import AuditUnwritable

PURPOSE = "audit key"
ANCHORS_UNSYNCED_MAX = 4_000
"""Each leaves 4 KiB in the WAL until it is folded."""

_BUSY_WAIT_SECONDS = 5.0
_PUT = "UPDATE audit_anchor SET sequence = ?, chain = ?, seal = ?"


class AuditFileError(AuditUnwritable):
    """The audit log can't be read or written, or is not whole; the message names the file."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"audit log {path}: {reason}")
        self.path = path


class Sealer(Protocol):
    """The vault, as far as the audit log needs it; see ``hsm.storage.vault``."""

    def seal(self, purpose: str, content: bytes) -> bytes: ...

    def unseal(self, purpose: str, sealed: bytes) -> bytes:
        """What was sealed for *purpose*.  Raises StorageError."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """The latest entry that was written: *sequence* 0 and *mac* GENESIS when there was none."""

    sequence: int = 0
    mac: bytes = GENESIS


class KeySealed(AuditFileError):
    """The audit key lies sealed, and no passphrase was given."""


class AnchorBook:
    """Key and anchor in the database at *path*, which exists and has their tables."""

    def __init__(self, path: Path, sealer: Sealer | None = None) -> None:
        self._path = path
        self._sealer = sealer
        self.unsynced_count = 0
        with self._told():
            self._connection = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=_BUSY_WAIT_SECONDS, isolation_level=None
            )
            try:
                self._connection.execute("PRAGMA wal_autocheckpoint = 0")
                self._connection.execute("PRAGMA secure_delete = ON")
                self._connection.execute("PRAGMA synchronous = OFF")
            except BaseException:
                self._connection.close()
                raise
        self._execute = self._connection.execute

    @contextmanager
    def _told(self) -> Iterator[None]:
        """SQLite's own errors become AuditFileErrors; their texts name files, never values."""
        try:
            yield
        except sqlite3.Error as error:
            raise AuditFileError(self._path, f"{error}") from None

    @contextmanager
    def _synced(self) -> Iterator[None]:
        """What is written within is on the disk before what follows."""
        with self._told():
            self._execute("PRAGMA synchronous = FULL")
            try:
                yield
            finally:
                self._execute("PRAGMA synchronous = OFF")

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._execute("BEGIN IMMEDIATE")
        try:
            yield
            self._execute("COMMIT")
        finally:
            if self._connection.in_transaction:
                self._execute("ROLLBACK")

    def key(self) -> bytes | None:
        """The key, 32 bytes; None when there is none yet.

        A key that lies in the clear is sealed once there is a sealer.  Raises KeySealed without it, AuditFileError for
        a key that is damaged, StorageError when its seal does not open.
        """
        with self._told():
            rows = self._execute("SELECT sealed, key FROM audit_key").fetchall()
        if not rows:
            return None
        sealed, key = rows[0]
        if sealed and self._sealer is None:
            raise KeySealed(self._path, "its key is sealed; give the passphrase (HSM_PASSPHRASE)")
        if not isinstance(key, bytes) or sealed not in (0, 1):
            raise AuditFileError(self._path, "its key is damaged; restore hsm.db from a backup")
        if self._sealer is not None:
            if sealed:
                key = self._sealer.unseal(PURPOSE, key)
            else:
                with self._synced():
                    self._execute("UPDATE audit_key SET sealed = 1, key = ?", (self._sealer.seal(PURPOSE, key),))
                    # Else the clear key would stay in the WAL.
                    self._execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        if len(key) != KEY_BYTES:
            raise AuditFileError(self._path, "its key is damaged; restore hsm.db from a backup")
        return key

    def new_key(self) -> bytes:
        """A new key and, in the same transaction, an anchor before the first entry."""
        key = os.urandom(KEY_BYTES)
        kept = key if self._sealer is None else self._sealer.seal(PURPOSE, key)
        with self._synced(), self._transaction():
            self._execute("DELETE FROM audit_key")
            self._execute("INSERT INTO audit_key VALUES (1, ?, ?)", (self._sealer is not None, kept))
            self._execute("DELETE FROM audit_anchor")
            anchor = (0, GENESIS, Chain(key).seal(0, GENESIS))
            self._execute("INSERT INTO audit_anchor VALUES (1, ?, ?, ?)", anchor)
        return key

    def anchor(self, chain: Chain) -> Anchor | None:
        """The anchor, None when there is none or its seal is not right."""
        with self._told():
            rows = self._execute("SELECT sequence, chain, seal FROM audit_anchor").fetchall()
        if not rows:
            return None
        sequence, mac, seal = rows[0]
        if not (isinstance(sequence, int) and sequence >= 0 and isinstance(mac, bytes) and isinstance(seal, bytes)):
            return None
        return Anchor(sequence, mac) if compare_digest(chain.seal(sequence, mac), seal) else None

    def put(self, chain: Chain, anchor: Anchor) -> None:
        """Have *anchor* be the latest; a killed process leaves it there, a power failure may not."""
        try:
            self._execute(_PUT, (anchor.sequence, anchor.mac, chain.seal(anchor.sequence, anchor.mac)))
        except sqlite3.Error as error:
            raise AuditFileError(self._path, f"{error}") from None
        self.unsynced_count += 1

    def sync(self, chain: Chain, anchor: Anchor) -> None:
        """As ``put``, on to the disk."""
        with self._synced():
            with self._transaction():
                # SQLite writes, and so syncs, nothing for a row that stays as it is.
                self._execute("UPDATE audit_anchor SET sequence = -1")
                self._execute(_PUT, (anchor.sequence, anchor.mac, chain.seal(anchor.sequence, anchor.mac)))
            if self.unsynced_count >= ANCHORS_UNSYNCED_MAX:
                self._execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
                self.unsynced_count = 0

    def close(self) -> None:
        """Close; the last to close folds the WAL in, so that must be synced."""
        with closing(self._connection), self._told():
            self._execute("PRAGMA synchronous = FULL")
