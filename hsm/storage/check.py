"""Is every record of a state directory whole?  What SQLite and the digests can't see: seals that don't open, words that
mean nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from hsm.storage.cards import CardError, CardRack
from hsm.storage.database import Database, StorageError
from hsm.storage.domain import KM
from hsm.storage.keeper import fraud_at_rest, state_at_rest
from hsm.storage.schema import TABLES
from hsm.storage.secrets import AUDIT_KEY, RACK_KEY, secret
from hsm.storage.shelf import DatabaseShelf
from hsm.storage.vault import Vault, labels

# Purpose and sealed content; of LMKs only that there is one, because they are opened by their labels.
_SEALED = " UNION ALL ".join(
    (
        "SELECT 'lmk', '' FROM lmk",
        "SELECT 'loaded', '' FROM loaded WHERE sealed IS NOT NULL",
        "SELECT purpose, content FROM secret WHERE sealed",
        f"SELECT '{AUDIT_KEY}', key FROM audit_key WHERE sealed",  # noqa: S608 (a name of ours)
        f"SELECT '{KM}', key FROM km WHERE sealed",  # noqa: S608
    )
)


@dataclass(frozen=True)
class Checked:
    """How many records were looked at, those that are bad, each named, and how many sealed ones were not opened."""

    records: int
    faults: tuple[str, ...]
    unopened: int


def check(database: Database, vault: Vault | None) -> Checked:
    """Look at every record of *database*, whose rows are whole, or it would not have opened.

    Without *vault* what is sealed is counted and not opened.  Raises StorageError when the file can't be read.
    """
    counts = (database.read(f"SELECT count(*) FROM {table.name}")[0][0] for table in TABLES)  # noqa: S608
    sealed = database.read(_SEALED)
    faults = tuple(fault for look in _looks(database, vault) if (fault := _fault(look)))
    return Checked(sum(map(int, map(str, counts))), faults, 0 if vault is not None else len(sealed))


def _fault(look: Callable[[], object]) -> str:
    try:
        look()
    except StorageError as fault:
        return fault.reason
    except CardError as fault:
        return str(fault)
    return ""


def _looks(database: Database, vault: Vault | None) -> Iterator[Callable[[], object]]:
    yield partial(fraud_at_rest, database)
    if vault is not None or not database.read(
        "SELECT 1 FROM loaded WHERE sealed IS NOT NULL UNION SELECT 1 FROM km WHERE sealed"
    ):
        yield partial(state_at_rest, database, vault)
    if vault is not None:
        for label in labels(database):
            yield partial(vault.load, label.name)
        for purpose, content in database.read(_SEALED):
            if isinstance(content, bytes):
                yield partial(vault.unseal, str(purpose), content)
    ((rack_key_sealed,),) = database.read("SELECT coalesce(max(sealed), 2) FROM secret WHERE purpose = ?", RACK_KEY)
    if rack_key_sealed == 0 or (rack_key_sealed == 1 and vault is not None):
        yield partial(_check_cards, database, vault)


def _check_cards(database: Database, vault: Vault | None) -> None:
    rack = CardRack(DatabaseShelf(database), secret(database, vault, RACK_KEY))
    for card in rack.cards():
        rack.check(card)
