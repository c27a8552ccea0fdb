"""The store of one run of the switch: opened, brought up to date, and with numbers of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from switch.operator.views import Kept
from switch.saf.works import closed, put_back
from switch.store.database import Unavailable
from switch.store.group import Result
from switch.store.numbers import Numbers, begin_era
from switch.store.opening import database, migrate
from switch.store.reading import Queue, Reading
from switch.store.rows import Irregular, Noted, Transaction
from switch.store.view import Work
from switch.store.writer import Deliver, Writer, at_once, value_of

T = TypeVar("T")
ANSWER_SECONDS_MAX = 10.0
GROUPS_APART_SECONDS = 0.003
"""At a thousand withdrawals a second, works that come within so long are written for a third of what they cost apart."""
SQLITE = "sqlite:///"


def now_us() -> int:
    """The time, microseconds since 1970."""
    return time.time_ns() // 1000


class _Delivery:
    """Results are told in the writer's own thread until there is a reactor that they can be brought to."""

    def __init__(self) -> None:
        self.to: Deliver = at_once

    def __call__(self, call: Callable[[], None]) -> None:
        self.to(call)


class Store:
    """What the parts of the switch need of the store; *era* is that of this run."""

    def __init__(self, url: str) -> None:
        """The store at *url*, its tables up to date.  Raises StoreError, and OSError for a folder that can't be made."""
        opened = database(url)
        if url.startswith(SQLITE):
            Path(url.removeprefix(SQLITE)).parent.mkdir(parents=True, exist_ok=True)
        migrate(opened)
        self._delivery = _Delivery()
        self.writer = Writer(opened, self._delivery)
        try:
            self.era = self.writer.do(begin_era())
        except BaseException:
            self.writer.close()
            raise
        self.numbers = Numbers(self.era)
        self.reading = Reading(opened)

    def deliver(self, to: Deliver) -> None:
        """Tell results through *to* from now on.  Before that, works are done and waited for: ``writer.do``."""
        self._delivery.to = to
        self.writer.apart_seconds = GROUPS_APART_SECONDS

    def close(self) -> None:
        """Do what waits, then let go."""
        self.writer.close()
        self.reading.close()


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

    def close_irregular(self, id: str, reason: str) -> bool:
        """Close one."""
        return done(self._store.writer, closed(id, reason))

    def put_back(self, id: str, reason: str) -> str:
        """Have its message owed again."""
        return done(self._store.writer, put_back(id, reason, now_us()))

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
