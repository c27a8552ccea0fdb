"""A store in a dictionary: what is put there is committed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from switch.store.rows import Row
from switch.store.view import Place, View

T = TypeVar("T")


class Kept:
    """Rows by place."""

    def __init__(self) -> None:
        self.rows: dict[Place, Row] = {}

    def look(self, place: Place) -> Row | None:
        return self.rows.get(place)

    def do(self, decide: Callable[[View], T]) -> T:
        """What *decide* says, and what it changed kept."""
        view = View(self)
        outcome = decide(view)
        for place, row in view.changes.items():
            if row is None:
                self.rows.pop(place, None)
            else:
                self.rows[place] = row
        return outcome

    def every(self, kind: type[T]) -> list[T]:
        """All rows of *kind*, in the order in which they were first put there."""
        return [row for row in self.rows.values() if isinstance(row, kind)]
