"""The LMKs that are loaded, at rest: a published one by its name, any other sealed in the vault.

An LMK that was loaded by name from the vault is sealed here once more: what is loaded and what can be loaded are apart,
as an HSM's memory and the custodians' cards are.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from hmac import compare_digest

from hsm.keys.masters import PUBLISHED_NAMES, Lmk, lmk_of_material, published_lmk
from hsm.storage.database import Database, StorageError
from hsm.storage.vault import Vault

STORES = ("live", "old", "new")
CLOSED = "the vault is closed: give a passphrase (HSM_PASSPHRASE or --passphrase-file) or --key-file"


def purpose(store: str, lmk_id: str, kind: str, check_value: str, name: str) -> str:
    """What the seal of a loaded LMK binds."""
    return "loaded LMK " + json.dumps([store, lmk_id, kind, check_value, name])


def read_loaded(database: Database, vault: Vault | None) -> dict[str, dict[str, Lmk]]:
    """The loaded LMKs by store and identifier.  Raises StorageError, also when *vault* is needed and there is none."""
    found: dict[str, dict[str, Lmk]] = {store: {} for store in STORES}
    for row in database.read("SELECT store, lmk_id, kind, check_value, name, published, sealed FROM loaded"):
        store, lmk_id, kind, check_value, name = map(str, row[:5])
        published, sealed = row[5:]
        if published is not None:
            made = published_lmk(str(published), lmk_id)
            found[store][lmk_id] = lmk_of_material(kind, lmk_id, made.material(), name)
        elif vault is None:
            raise StorageError(database.path, CLOSED)
        else:
            assert isinstance(sealed, bytes)
            material = vault.unseal(purpose(store, lmk_id, kind, check_value, name), sealed)
            found[store][lmk_id] = lmk_of_material(kind, lmk_id, material, name)
    return found


def same(one: Lmk | None, other: Lmk | None) -> bool:
    """Are the two the same LMK under the same name?"""
    if one is None or other is None or one is other:
        return one is other
    alike = (one.kind, one.lmk_id, one.name) == (other.kind, other.lmk_id, other.name)
    return alike and compare_digest(one.material(), other.material())


def write_loaded(
    change: sqlite3.Connection,
    database: Database,
    vault: Vault | None,
    store: str,
    before: Mapping[str, Lmk],
    after: Mapping[str, Lmk],
) -> bool:
    """Within a transaction, have *after* in *store* in place of *before*; was anything sealed deleted or replaced?

    Raises StorageError when an LMK must be sealed and there is no *vault*.
    """
    changed = [lmk_id for lmk_id in before if not same(before[lmk_id], after.get(lmk_id))]
    for lmk_id in changed:
        change.execute("DELETE FROM loaded WHERE store = ? AND lmk_id = ?", (store, lmk_id))
    for lmk_id, lmk in after.items():
        if lmk_id in before and lmk_id not in changed:
            continue
        label = (store, lmk_id, lmk.kind, lmk.check_value, lmk.name)
        published = _published_name(lmk)
        sealed = None
        if published is None:
            if vault is None:
                raise StorageError(database.path, CLOSED)
            sealed = vault.seal(purpose(*label), lmk.material())
        change.execute("INSERT OR REPLACE INTO loaded VALUES (?, ?, ?, ?, ?, ?, ?)", (*label, published, sealed))
    return bool(changed)


def _published_name(lmk: Lmk) -> str | None:
    if not lmk.is_test:
        return None
    return next(name for name in PUBLISHED_NAMES if published_lmk(name, lmk.lmk_id).kind == lmk.kind)
