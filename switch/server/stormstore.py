"""The stores of a storm: in memory, quick to read, emptied of what was checked, and full of faults."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from enum import Enum
from typing import Any, TypeVar, cast

from switch.saf.works import UNSETTLED
from switch.server.simulated import COMMIT_SECONDS, Memory
from switch.server.stormclock import LifeClock
from switch.store.database import Unavailable, Uncertain
from switch.store.group import Failed, Result, apply
from switch.store.reading import Queue
from switch.store.rows import (
    FINISHED,
    Authorisation,
    Irregular,
    Noted,
    Owed,
    Posting,
    Row,
    SaleName,
    Transaction,
)
from switch.store.standinrows import StandInApproval
from switch.store.view import Place, Work

T = TypeVar("T")
KEY_PARTS, REFERENCE_AT = 6, 4
"""Of :func:`switch.store.rows.transaction_key`."""


def transaction_of(row: Row) -> str:
    """The id of the transaction that *row* is about; empty for none."""
    match row:
        case Transaction() | Authorisation() | StandInApproval():
            return row.id
        case Owed():
            return row.original_id
        case Irregular():
            return row.transaction_id
        case SaleName():
            return row.authorisation_id
        case Posting():
            # A posting that takes back has the transaction's id and an amount.
            parts = row.id.split("/")
            return "/".join(parts[:KEY_PARTS]) if len(parts) >= KEY_PARTS else ""
    return ""


def reference_of(id: str) -> str:
    """DE 37 in the id of a transaction."""
    parts = id.split("/")
    return parts[REFERENCE_AT] if len(parts) == KEY_PARTS else ""


class StormMemory(Memory):
    """Rows by the transaction that they are about; the journal is counted only."""

    def __init__(self) -> None:
        super().__init__()
        self.noted = 0
        self.owed: dict[str, dict[str, Owed]] = {}
        self.unfinished: dict[str, Transaction] = {}
        self._about: dict[str, dict[Place, Row]] = {}

    def write(self, steps: Sequence[tuple[type[Row], str, Sequence[Row | str]]]) -> None:
        """As the protocol has it."""
        self.begin()
        for kind, step, rows in steps:
            if kind is Noted:
                self.noted += len(rows)
                continue
            assert step != "delete", "no work of a transaction deletes rows"
            for row in rows:
                assert isinstance(row, Row)
                self._put(row)

    def _put(self, row: Row) -> None:
        place: Place = (type(row), row.id)
        self.rows[place] = row
        about = transaction_of(row)
        if about:
            self._about.setdefault(reference_of(about), {})[place] = row
        if isinstance(row, Owed):
            waiting = self.owed.setdefault(row.link, {})
            if row.state in UNSETTLED:
                waiting[row.id] = row
            else:
                waiting.pop(row.id, None)
        elif isinstance(row, Transaction):
            if row.stage in FINISHED:
                self.unfinished.pop(row.id, None)
            else:
                self.unfinished[row.id] = row

    def about(self, reference: str, kind: type[T]) -> Iterator[T]:
        """The rows of *kind* about the transaction with that DE 37."""
        return (row for row in self._about.get(reference, {}).values() if isinstance(row, kind))

    def forget(self, reference: str) -> None:
        """Nothing is asked any more about the transaction with that DE 37."""
        for place, row in self._about.pop(reference, {}).items():
            del self.rows[place]
            if isinstance(row, Transaction):
                self.unfinished.pop(row.id, None)


class StormReading:
    """What is asked of such a store beside the writer."""

    def __init__(self, memory: StormMemory) -> None:
        self._memory = memory

    def owed(self, link: str, after: str = "", rows_max: int = 100) -> list[Owed]:
        """As :class:`switch.store.reading.Reading`."""
        self._reach()
        found = (row for row in self._memory.owed.get(link, {}).values() if row.position > after)
        return sorted(found, key=lambda row: row.position)[:rows_max]

    def queues(self) -> list[Queue]:
        """As :class:`switch.store.reading.Reading`."""
        self._reach()
        return [
            Queue(link, len(rows), min(r.queued_us for r in rows.values()), max(r.attempts for r in rows.values()))
            for link, rows in sorted(self._memory.owed.items())
            if rows
        ]

    def in_flight(
        self, after: str = "", owner: str | None = None, *, links: Collection[str] | None = None
    ) -> list[Transaction]:
        """As :class:`switch.store.reading.Reading`."""
        self._reach()
        found = (row for row in self._memory.unfinished.values() if row.position > after)
        rows = (row for row in found if owner in (None, row.owner) and (links is None or row.link in links))
        return sorted(rows, key=lambda row: row.position)

    def _reach(self) -> None:
        if self._memory.away:
            raise Unavailable("the database is away")


class Fate(Enum):
    """What happens to one commit."""

    DONE = "it is done"
    LOST = "it is not done, and nobody knows"
    HIDDEN = "it is done, and nobody knows"
    DIES_BEFORE = "the process dies before it"
    DIES_AFTER = "the process dies after it, before anybody is told"


class StormWriter:
    """Commits what was submitted a moment later, together, each time with a fate."""

    def __init__(
        self, clock: LifeClock, memory: StormMemory, fate: Callable[[], Fate], die: Callable[[], None]
    ) -> None:
        self._clock, self._memory, self._fate, self._die = clock, memory, fate, die
        self._waiting: list[tuple[Work[Any], Callable[[Result[Any]], None]]] = []

    def submit(self, work: Work[T], told: Callable[[Result[T]], None]) -> None:
        """As the store's writer."""
        if not self._waiting:
            self._clock.callLater(COMMIT_SECONDS, self._commit)
        self._waiting.append((work, told))

    def do(self, work: Work[T]) -> T:
        """As the store's writer."""
        result = apply(self._memory.connect(), [work])[0]
        if isinstance(result, Failed):
            raise result.error
        return cast(T, result.value)  # a group's results are those of its works

    def _commit(self) -> None:
        group, self._waiting = self._waiting, []
        fate = self._fate()
        if fate is Fate.DIES_BEFORE:
            self._die()
            return
        results: list[Result[Any]] = [Failed(Uncertain("the connection was lost"))] * len(group)
        if fate is not Fate.LOST:
            done = self._applied([work for work, _ in group])
            results = done if fate is Fate.DONE else results
        if fate is Fate.DIES_AFTER:
            self._die()
        for (_, told), result in zip(group, results, strict=True):
            if self._clock.dead:
                return
            told(result)

    def _applied(self, works: list[Work[Any]]) -> list[Result[Any]]:
        try:
            return apply(self._memory.connect(), works)
        except Unavailable as error:
            return [Failed(error) for _ in works]
