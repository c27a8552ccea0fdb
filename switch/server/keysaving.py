"""What a key machine says goes out when what it has decided before is committed, and in the order in which it was said."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from switch.store.database import StoreError
from switch.store.group import Failed, Result
from switch.store.rows import Row
from switch.store.view import View, Work

S = TypeVar("S")
T = TypeVar("T")
WAITING_MAX = 32
"""Sayings and savings of one machine that wait; while the store is away more come than can be kept."""


class Commits(Protocol):
    """The store's writer."""

    def submit(self, work: Work[T], told: Callable[[Result[T]], None]) -> None:
        """Have *work* done, and *told* called with its result after the commit."""


@dataclass(frozen=True)
class _Save(Generic[S]):
    state: S


class Saving(Generic[S]):
    """The way of one machine's state S into the store, and of its words behind it."""

    def __init__(
        self, writer: Commits, rows: Callable[[S], Sequence[Row]], kept: Callable[[S], None],
        failed: Callable[[Exception], None],
    ) -> None:  # fmt: skip
        """*rows* of a state; *kept* is told each state committed, *failed* why one is not: ``retry`` tries again."""
        self._writer, self._rows, self._kept, self._failed = writer, rows, kept, failed
        self._waiting: deque[_Save[S] | Callable[[], None]] = deque()
        self._saving = False

    def save(self, state: S) -> None:
        """Commit *state* before what is said from now on."""
        if len(self._waiting) >= WAITING_MAX:
            # The newest state tells all that the others would have; what was to be said between them is lost like a
            # message on the wire, and repeated like one.
            head = [self._waiting[0]] if self._saving else []
            self._waiting = deque(head)
        self._waiting.append(_Save(state))
        self._go_on()

    def say(self, send: Callable[[], None]) -> None:
        """Call *send* when everything saved so far is committed; not at all when too much waits."""
        if len(self._waiting) < WAITING_MAX:
            self._waiting.append(send)
            self._go_on()

    def retry(self) -> None:
        """Try again what failed."""
        self._go_on()

    def _go_on(self) -> None:
        while self._waiting and not self._saving:
            head = self._waiting[0]
            if not isinstance(head, _Save):
                self._waiting.popleft()
                head()
                continue
            if not self._submit(head):
                return

    def _submit(self, save: _Save[S]) -> bool:
        """Was it taken?"""
        rows = self._rows(save.state)

        def put(view: View) -> None:
            for row in rows:
                view.put(row)

        self._saving = True
        try:
            self._writer.submit(
                Work(put, [(type(row), row.id) for row in rows]), lambda result: self._done(save, result)
            )
        except StoreError as error:
            self._saving = False
            self._failed(error)
            return False
        return True

    def _done(self, save: _Save[S], result: Result[None]) -> None:
        self._saving = False
        if isinstance(result, Failed):
            self._failed(result.error)
            return
        self._waiting.popleft()
        self._kept(save.state)
        self._go_on()
