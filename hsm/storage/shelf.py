"""The cards of a state directory; every change of one is on the disk before it is told."""

from __future__ import annotations

from hsm.storage.cards import Card, Role
from hsm.storage.database import Database, StorageError
from hsm.storage.schema import SqlValue

_COLUMNS = "serial, holder, role, tries_left, salt, sealed"


class DatabaseShelf:
    """See ``hsm.storage.cards.CardShelf``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, serial: str) -> Card | None:
        rows = self._database.read(f"SELECT {_COLUMNS} FROM card WHERE serial = ?", serial)  # noqa: S608
        return self._card(rows[0]) if rows else None

    def cards(self) -> tuple[Card, ...]:
        return tuple(map(self._card, self._database.read(f"SELECT {_COLUMNS} FROM card ORDER BY serial")))  # noqa: S608

    def put(self, card: Card) -> None:
        values = (card.serial, card.holder, card.role.value, card.tries_left, card.salt, card.sealed)
        with self._database.transaction() as change:
            change.execute(f"INSERT OR REPLACE INTO card ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)", values)  # noqa: S608

    def remove(self, serial: str) -> None:
        with self._database.transaction() as change:
            change.execute("DELETE FROM card WHERE serial = ?", (serial,))
        self._database.fold()

    def _card(self, row: tuple[SqlValue, ...]) -> Card:
        serial, holder, role, tries_left, salt, sealed = row
        assert isinstance(serial, str)
        assert isinstance(tries_left, int)
        assert isinstance(salt, bytes)
        assert isinstance(sealed, bytes)
        try:
            return Card(serial, str(holder), Role(role), tries_left, salt, sealed)
        except ValueError:
            raise StorageError(self._database.path, f"the card {serial} has an unknown role") from None
