"""What a piece of work sees of the store, and what it would change."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar, cast

from switch.store.rows import Row

RowT = TypeVar("RowT", bound=Row)
T_co = TypeVar("T_co", covariant=True)
Place = tuple[type[Row], str]
"""Where a row stands: its kind and its id."""


class Below(Protocol):
    """Where a view looks for what it has not changed itself."""

    def look(self, place: Place) -> Row | None:
        """The row at *place*, or None."""


class View:
    """Rows by id, with this work's own changes seen at once and by nobody else until they are kept.

    A work that raises leaves nothing behind.
    """

    __slots__ = ("_below", "added", "changes")

    def __init__(self, below: Below) -> None:
        self._below = below
        self.changes: dict[Place, Row | None] = {}
        self.added: set[Place] = set()

    def look(self, place: Place) -> Row | None:
        """The row at *place* as this view has it, or None."""
        return self.changes[place] if place in self.changes else self._below.look(place)

    def get(self, kind: type[RowT], id: str) -> RowT | None:
        """The row of *kind* under *id*, or None."""
        return cast("RowT | None", self.look((kind, id)))  # a place's kind is its row's type

    def put(self, row: Row) -> None:
        """*row*, new or instead of the one with its id."""
        self.changes[type(row), row.id] = row

    def add(self, row: Row) -> None:
        """*row*, whose id nobody has used: it is written without a look at what is there.

        When there is one after all, the work fails with :class:`~switch.store.database.Conflict`.
        """
        self.added.add((type(row), row.id))
        self.put(row)

    def erase(self, kind: type[Row], id: str) -> None:
        """No row of *kind* under *id*."""
        self.changes[kind, id] = None

    def keep(self, tried: View) -> None:
        """Take over what *tried*, a view upon this one, has changed: all of several steps, or none."""
        self.changes |= tried.changes
        self.added |= tried.added


@dataclass(frozen=True)
class Work(Generic[T_co]):
    """One piece of work: *decide* reads and changes the view and says the outcome.

    It may be called again, on another view, when the database has another's change in the way; so it does nothing else.
    *needs* are the places that it will certainly look at: they are fetched beforehand, all at once for a group.
    """

    decide: Callable[[View], T_co]
    needs: Iterable[Place] = field(default=())
