"""Many pieces of work in one transaction of the database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from switch.store.database import Conflict, Connection, Rejected, StoreError, Unavailable, Uncertain
from switch.store.kinds import KINDS
from switch.store.rows import Row
from switch.store.view import Place, View, Work

T = TypeVar("T")
TRIES_TOGETHER, TRIES_ALONE = 2, 5


@dataclass(frozen=True)
class Done(Generic[T]):
    """The work's outcome, *value*, which is committed with all that the work changed."""

    value: T


@dataclass(frozen=True)
class Failed:
    """Why the work changed nothing: *error* is a StoreError, or what the work itself raised.

    After :class:`~switch.store.database.Uncertain` alone it may have changed everything it would.
    """

    error: Exception


Result = Done[T] | Failed


def apply(connection: Connection, works: Sequence[Work[object]]) -> list[Result[object]]:
    """Do *works* in their order and commit; the result of each.

    A conflict with another process has all of them decide again.  When that does not help, or when the database refuses a
    value, halves are done apart, until the work at fault is alone and fails by itself.
    """
    error: StoreError = Conflict("another changes the same rows")
    for _ in range(TRIES_ALONE if len(works) == 1 else TRIES_TOGETHER):
        try:
            return _once(connection, works)
        except (Conflict, Rejected) as refused:
            error = refused
            try:
                connection.rollback()
            except StoreError as lost:
                return [Failed(lost) for _ in works]
            if isinstance(refused, Rejected):
                break
        except (Unavailable, Uncertain) as lost:
            return [Failed(lost) for _ in works]
    if len(works) == 1:
        return [Failed(error)]
    half = len(works) // 2
    return apply(connection, works[:half]) + apply(connection, works[half:])


class _Fetched:
    """The rows of a group as the database had them, and as the works done so far have changed them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.before: dict[Place, Row | None] = {}
        self.now: dict[Place, Row | None] = {}

    def look(self, place: Place) -> Row | None:
        if place not in self.now:
            self.fetch([place])
        return self.now[place]

    def fetch(self, places: Sequence[Place]) -> None:
        """Look for *places*, those not known already, all at once."""
        wanted: dict[type[Row], set[str]] = {}
        for kind, id in places:
            if (kind, id) not in self.before:
                wanted.setdefault(kind, set()).add(id)
        if wanted:
            found = self._connection.fetch(wanted)
            for kind, ids in wanted.items():
                for id in ids:
                    row = found.get((kind, id))
                    self.before[kind, id] = row
                    self.now.setdefault((kind, id), row)

    def keep(self, view: View) -> None:
        """Take over what a work has changed.  Raises Conflict when it added what another of the group has put there."""
        if any(self.now.get(place) is not None for place in view.added):
            raise Conflict("an id was used twice")
        for place in view.added:
            self.before.setdefault(place, None)
        self.now |= view.changes

    def steps(self) -> list[tuple[type[Row], str, list[Row | str]]]:
        """What must be written: of each row its last state only, in one order for everybody."""
        changed = [place for place in self.now if place not in self.before]
        self.fetch(changed)
        found: dict[tuple[type[Row], str], list[Row | str]] = {}
        for place in sorted(self.now, key=lambda place: place[1]):
            kind, id = place
            before, now = self.before[place], self.now[place]
            if now is None:
                if before is not None:
                    found.setdefault((kind, "delete"), []).append(id)
            elif before is None:
                found.setdefault((kind, "insert"), []).append(now)
            elif now is not before and now != before:
                found.setdefault((kind, "update"), []).append(now)
        orders = ((kind, step) for kind in KINDS for step in ("delete", "update", "insert"))
        return [(kind, step, found[kind, step]) for kind, step in orders if (kind, step) in found]


def _once(connection: Connection, works: Sequence[Work[object]]) -> list[Result[object]]:
    connection.begin()
    fetched = _Fetched(connection)
    fetched.fetch([place for work in works for place in work.needs])
    results: list[Result[object]] = []
    for work in works:
        view = View(fetched)
        try:
            value = work.decide(view)
        except (Conflict, Rejected, Unavailable, Uncertain):
            raise
        except Exception as error:
            results.append(Failed(error))
            continue
        try:
            fetched.keep(view)
        except Conflict as error:
            results.append(Failed(error))
        else:
            results.append(Done(value))
    connection.write(fetched.steps())
    return results
