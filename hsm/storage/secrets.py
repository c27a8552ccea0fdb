"""Small secrets at rest, by purpose: sealed when the vault is open, else as they are.

Without a passphrase there is nothing to seal them under; then they are as safe as the file.  Once one is given they are
sealed, and never lie open again.
"""

from __future__ import annotations

import os
import sqlite3

from hsm.storage.database import Database, StorageError
from hsm.storage.domain import KM
from hsm.storage.loaded import CLOSED, purpose
from hsm.storage.vault import LmkLabel, Vault

RACK_KEY = "the card rack's key"
PRINTER_KEY = "the printer's key"
AUDIT_KEY = "audit key"
SECRET_BYTES = 32


def secret(database: Database, vault: Vault | None, wanted: str) -> bytes:
    """The secret for the purpose *wanted*, 32 bytes, made at random when there is none.

    Raises StorageError, also when it is sealed and there is no *vault*.
    """
    rows = database.read("SELECT sealed, content FROM secret WHERE purpose = ?", wanted)
    if not rows:
        content = os.urandom(SECRET_BYTES)
        with database.transaction() as change:
            put_secret(change, vault, wanted, content)
        return content
    ((sealed, content_there),) = rows
    assert isinstance(content_there, bytes)
    if sealed:
        if vault is None:
            raise StorageError(database.path, CLOSED)
        return vault.unseal(wanted, content_there)
    if vault is not None:
        with database.transaction() as change:
            put_secret(change, vault, wanted, content_there)
        database.fold()
    return content_there


def put_secret(change: sqlite3.Connection, vault: Vault | None, wanted: str, content: bytes) -> None:
    """Keep *content* for the purpose *wanted*, within a transaction."""
    kept = content if vault is None else vault.seal(wanted, content)
    change.execute(
        "INSERT OR REPLACE INTO secret (purpose, sealed, content) VALUES (?, ?, ?)", (wanted, vault is not None, kept)
    )


def reseal(change: sqlite3.Connection, old: Vault, new: Vault) -> None:
    """Seal everything under *new* that lies under *old*, within a transaction.  Raises VaultError for what is damaged."""
    for name, kind, check_value, comment, sealed in change.execute(
        "SELECT name, kind, check_value, comment, sealed FROM lmk"
    ).fetchall():
        moved = old.resealed_lmk(LmkLabel(name, kind, check_value, comment), sealed, new)
        change.execute("UPDATE lmk SET sealed = ? WHERE name = ?", (moved, name))
    for *label, sealed in change.execute(
        "SELECT store, lmk_id, kind, check_value, name, sealed FROM loaded WHERE sealed IS NOT NULL"
    ).fetchall():
        bound = purpose(*label)
        moved = new.seal(bound, old.unseal(bound, sealed))
        change.execute("UPDATE loaded SET sealed = ? WHERE store = ? AND lmk_id = ?", (moved, *label[:2]))
    for bound, content in change.execute("SELECT purpose, content FROM secret WHERE sealed").fetchall():
        put_secret(change, new, bound, old.unseal(bound, content))
    reseal_audit_key(change, old, new)
    for (key,) in change.execute("SELECT key FROM km WHERE sealed").fetchall():
        change.execute("UPDATE km SET key = ?", (new.seal(KM, old.unseal(KM, key)),))


def reseal_audit_key(change: sqlite3.Connection, old: Vault, new: Vault) -> None:
    """As ``reseal``, of the audit log's key alone: the log goes on, whatever becomes of the rest."""
    for (key,) in change.execute("SELECT key FROM audit_key WHERE sealed").fetchall():
        change.execute("UPDATE audit_key SET key = ?", (new.seal(AUDIT_KEY, old.unseal(AUDIT_KEY, key)),))


def change_passphrase(database: Database, vault: Vault, passphrase: bytes) -> None:
    """Have everything lie under *passphrase*, in one transaction.  Raises StorageError, and then nothing has changed."""
    # A copy from before an upgrade opens under the old passphrase, which may be why there is a new one.
    database.forget_copies()
    with database.transaction() as change:
        renewed = vault.renewed(change, passphrase)
        reseal(change, vault, renewed)
    vault.become(renewed)
    database.fold()
