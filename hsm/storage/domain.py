"""The Domain Master Key at rest, and the keys stored under it.

A published KM rests by its name, any other sealed in the vault.  Stored keys lie under the KM, as hosts' own do; their
check values are no secret.
"""

from __future__ import annotations

import json
import sqlite3
from hmac import compare_digest
from types import MappingProxyType

from hsm.keys.domain import Domain, Place, StoredKey
from hsm.keys.km import Km, VariantScheme
from hsm.keys.published import PUBLISHED_KMS
from hsm.storage.database import Database, StorageError
from hsm.storage.loaded import CLOSED
from hsm.storage.vault import Vault

KM = "km"
"""The purpose that the KM is sealed for."""


def read_domain(database: Database, vault: Vault | None) -> Domain | None:
    """The KM that rests and its stored keys; None for none.  Raises StorageError, also when *vault* is needed and there
    is none."""
    rows = database.read("SELECT sealed, key FROM km")
    if not rows:
        return None
    ((sealed, content),) = rows
    assert isinstance(content, bytes)
    if sealed and vault is None:
        raise StorageError(database.path, CLOSED)
    try:
        told = json.loads(vault.unseal(KM, content) if sealed and vault is not None else content)
        key = PUBLISHED_KMS[told["published"]] if "published" in told else bytes.fromhex(told["key"])
        return Domain(Km(key, told["name"]), MappingProxyType(dict(map(_stored, _rows(database)))))
    except (ValueError, KeyError, TypeError):
        raise StorageError(database.path, "the Domain Master Key or a key under it is no such key") from None


def _rows(database: Database) -> list[tuple[str, int, bytes, str, int | None]]:
    query = "SELECT type, number, value, kvc, scheme FROM stored_key"
    return database.read(query)  # type: ignore[return-value]  # the table is STRICT


def _stored(row: tuple[str, int, bytes, str, int | None]) -> tuple[Place, StoredKey]:
    code, index, cryptogram, check_value, scheme = row
    as_known = None if scheme is None else VariantScheme(scheme)
    return (code, index), StoredKey(cryptogram, bytes.fromhex(check_value), as_known)


def same_km(one: Domain | None, other: Domain | None) -> bool:
    """Have the two the same KM under the same name, or none?"""
    if one is None or other is None:
        return one is other
    return one.km.name == other.km.name and compare_digest(one.km.material(), other.km.material())


def write_domain(
    change: sqlite3.Connection, database: Database, vault: Vault | None, before: Domain | None, after: Domain | None
) -> bool:
    """Within a transaction, have *after* in place of *before*; was anything deleted or replaced?

    Raises StorageError when the KM must be sealed and there is no *vault*.
    """
    if before is after:
        return False
    was, wanted = ({} if domain is None else domain.stored for domain in (before, after))
    gone = [place for place in was if was[place] != wanted.get(place)]
    change.executemany("DELETE FROM stored_key WHERE type = ? AND number = ?", gone)
    changed = not same_km(before, after)
    if changed:
        change.execute("DELETE FROM km")
        if after is not None:
            change.execute("INSERT INTO km (id, sealed, key) VALUES (1, ?, ?)", _km_row(database, vault, after.km))
    for place, stored in wanted.items():
        if was.get(place) != stored:
            scheme = None if stored.scheme is None else stored.scheme.value
            row = (*place, stored.cryptogram, stored.check_value.hex().upper(), scheme)
            change.execute("INSERT INTO stored_key (type, number, value, kvc, scheme) VALUES (?, ?, ?, ?, ?)", row)
    return bool(gone) or (changed and before is not None)


def _km_row(database: Database, vault: Vault | None, km: Km) -> tuple[bool, bytes]:
    if (published := km.published_name) is not None:
        return False, json.dumps({"published": published, "name": km.name}).encode()
    if vault is None:
        raise StorageError(database.path, CLOSED)
    return True, vault.seal(KM, json.dumps({"key": km.material().hex(), "name": km.name}).encode())
