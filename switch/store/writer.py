"""The one thread that writes."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

from switch.store.database import Connection, Database, StoreError, Unavailable, Uncertain
from switch.store.group import Failed, Result, apply
from switch.store.view import Work

T = TypeVar("T")
Told = Callable[[Result[Any]], None]
"""Takes a result; the result's type is that of the work it was given with, which a queue of all sorts cannot say."""
Deliver = Callable[[Callable[[], None]], None]


class Full(StoreError):
    """As many works wait as may wait: nothing was taken.  ``on_room`` tells when it is worth trying again."""


def at_once(call: Callable[[], None]) -> None:
    """Deliver in the writer's own thread."""
    call()


class Writer:
    """Does works in the order in which they were submitted, a group of them in each transaction.

    A group is what came while the one before was written, or within ``apart_seconds`` of its beginning, *group_works_max*
    at most: a lonely work waits for nobody, and many share one commit.  *works_max* bounds those that wait.  Results are
    told through *deliver*, which is given one call for a group and may bring it to another thread; *on_room* is delivered
    once after a refusal, when half the queue is free again.

    While the database cannot be reached, works fail as they come; each new group tries it again.
    """

    def __init__(
        self,
        database: Database,
        deliver: Deliver = at_once,
        on_room: Callable[[], None] | None = None,
        works_max: int = 10_000,
        group_works_max: int = 200,
    ) -> None:
        self._database = database
        self._deliver = deliver
        self._on_room = on_room
        self.works_max = works_max
        self.group_works_max = group_works_max
        self.apart_seconds = 0.0
        """Groups begin so long after each other, or later."""
        self._next_at = 0.0
        self._waiting: deque[tuple[Work[Any], Told]] = deque()
        self._changed = threading.Condition()
        self._refused = False
        self._closing = False
        self._connection: Connection | None = None
        self.callbacks_failed = 0
        """How many of those who were to be told raised: their own fault, which stops nobody else's writes."""
        self._thread = threading.Thread(target=self._serve, name="store-writer", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """How many works wait."""
        return len(self._waiting)

    def submit(self, work: Work[T], told: Callable[[Result[T]], None]) -> None:
        """Have *work* done, and *told* called with its result after the commit.

        Raises Full, and Unavailable when the writer was closed.
        """
        with self._changed:
            if self._closing:
                raise Unavailable("the store is closed")
            if len(self._waiting) >= self.works_max:
                self._refused = True
                raise Full(f"{self.works_max} works wait already")
            self._waiting.append((work, told))
            self._changed.notify()

    def do(self, work: Work[T]) -> T:
        """Have *work* done and wait for it: for a program's start, never within a callback.

        Raises what the work raised, or StoreError.
        """
        ended = threading.Event()
        results: list[Result[T]] = []

        def told(result: Result[T]) -> None:
            results.append(result)
            ended.set()

        self.submit(work, told)
        ended.wait()
        return value_of(results[0])

    def close(self) -> None:
        """Do what waits, then stop.  May be called twice."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join()

    def _serve(self) -> None:
        while group := self._next():
            unreached = self._reach()
            if unreached is not None:
                # Each new try may take seconds, so all that wait learn of this one.
                group += self._rest()
                self._tell([told for _, told in group], [Failed(unreached) for _ in group])
                continue
            self._tell([told for _, told in group], self._results([work for work, _ in group]))
        self._drop()

    def _next(self) -> list[tuple[Work[Any], Told]]:
        with self._changed:
            while not self._waiting and not self._closing:
                self._changed.wait()
        # Each group costs by itself, whatever is in it; a moment later there are more works to share that.
        time.sleep(max(0.0, self._next_at - time.monotonic()))
        self._next_at = time.monotonic() + self.apart_seconds
        with self._changed:
            group = [self._waiting.popleft() for _ in range(min(len(self._waiting), self.group_works_max))]
            room = self._refused and len(self._waiting) <= self.works_max // 2
            self._refused = self._refused and not room
        if room and self._on_room is not None:
            self._call(self._on_room)
        return group

    def _rest(self) -> list[tuple[Work[Any], Told]]:
        with self._changed:
            rest = list(self._waiting)
            self._waiting.clear()
        return rest

    def _reach(self) -> StoreError | None:
        try:
            self._connection = self._connection or self._database.connect()
        except StoreError as error:
            return error
        except Exception as fault:
            return Unavailable(f"what speaks to the database broke: {type(fault).__name__}")
        return None

    def _results(self, works: list[Work[Any]]) -> list[Result[Any]]:
        assert self._connection is not None
        results: list[Result[Any]]
        try:
            results = apply(self._connection, works)
        except Exception as fault:
            # A fault of what speaks to the database costs one group its certainty.  Without this thread nothing would
            # ever be kept again, and nobody told.
            results = [Failed(Uncertain(f"what speaks to the database broke: {type(fault).__name__}"))] * len(works)
        if any(isinstance(each, Failed) and isinstance(each.error, Unavailable | Uncertain) for each in results):
            self._drop()
        return results

    def _drop(self) -> None:
        """Begin the next group on a new connection, whatever state this one is in."""
        if self._connection is not None:
            with contextlib.suppress(Exception):
                self._connection.close()
            self._connection = None

    def _tell(self, all_told: list[Told], results: list[Result[Any]]) -> None:
        def call() -> None:
            for told, result in zip(all_told, results, strict=True):
                try:
                    told(result)
                except Exception:
                    self.callbacks_failed += 1

        self._call(call)

    def _call(self, call: Callable[[], None]) -> None:
        try:
            self._deliver(call)
        except Exception:
            self.callbacks_failed += 1


def value_of(result: Result[T]) -> T:
    """The outcome of a work that was done.  Raises what a failed one failed with."""
    if isinstance(result, Failed):
        raise result.error
    return result.value
