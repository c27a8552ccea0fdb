"""The store of one run of the switch: opened, brought up to date, and with numbers of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from switch.operator.views import Kept
from switch.store.database import Unavailable
from switch.store.group import Result
from switch.store.numbers import Numbers, begin_era
from switch.store.opening import database, migrate
from switch.store.reading import Queue, Reading
from switch.store.rows import Irregular, Noted, Transaction
from switch.store.view import View, Work
from switch.store.writer import Deliver, Writer, value_of

T = TypeVar("T")
ANSWER_SECONDS_MAX = 10.0
OPEN, CLOSED = "open", "closed"


def now_us() -> int:
    """The time, microseconds since 1970."""
    return time.time_ns() // 1000


@dataclass(frozen=True)
class Store:
    """What the parts of the switch need of the store; *era* is that of this run."""

    writer: Writer
    reading: Reading
    numbers: Numbers
    era: int

    def close(self) -> None:
        """Do what waits, then let go."""
        self.writer.close()
        self.reading.close()


def open_store(url: str, deliver: Deliver, first: Sequence[Work[object]] = ()) -> Store:
    """The store at *url*; *first* is done before anything else, and in order.  Raises StoreError and what they raise."""
    opened = database(url)
    if url.startswith("sqlite:///"):
        Path(url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    migrate(opened)
    # While nothing runs that results could be delivered to, they are waited for.
    beginning = Writer(opened)
    try:
        era = beginning.do(begin_era())
        for work in first:
            beginning.do(work)
    finally:
        beginning.close()
    return Store(Writer(opened, deliver), Reading(opened), Numbers(era), era)


class StoreRecords:
    """What operators ask of the store; see :class:`switch.operator.ports.Records`.  Never on the reactor's thread."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def now_us(self) -> int:
        """The time."""
        return now_us()

    def latest(self, count: int, pan_last: str = "", stan: str = "", terminal: str = "") -> Sequence[Transaction]:
        """The latest transactions."""
        return self._store.reading.latest(count, pan_last, stan, terminal)

    def transaction(self, id: str) -> Transaction | None:
        """The transaction *id*."""
        return self._store.reading.transaction(id)

    def journal(self, id: str) -> Sequence[Noted]:
        """Its messages."""
        return self._store.reading.journal(id)

    def queues(self) -> Sequence[Queue]:
        """What links are owed."""
        return self._store.reading.queues()

    def irregular(self) -> Sequence[Irregular]:
        """Open exceptions."""
        return self._store.reading.irregular()

    def close_irregular(self, id: str) -> bool:
        """Close one."""

        def close(view: View) -> bool:
            row = view.get(Irregular, id)
            if row is None or row.state != OPEN:
                return False
            view.put(replace(row, state=CLOSED))
            return True

        return done(self._store.writer, Work(close, [(Irregular, id)]))

    def kept(self) -> Kept:
        """What a scrape asks."""
        return Kept(tuple(self._store.reading.queues()), self._store.reading.irregular_count())


def done(writer: Writer, work: Work[T], seconds_max: float = ANSWER_SECONDS_MAX) -> T:
    """*work* done, waited for in a thread that is not the reactor's, so long at most.

    Raises StoreError and what the work raised.
    """
    ended = threading.Event()
    results: list[Result[T]] = []

    def told(result: Result[T]) -> None:
        results.append(result)
        ended.set()

    writer.submit(work, told)
    if not ended.wait(seconds_max):
        raise Unavailable("the store did not answer in time; it may have been done")
    return value_of(results[0])
