"""Work beside the reactor's thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar, cast

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorFromThreads, IReactorThreads, IReactorTime
from twisted.internet.threads import deferToThreadPool

T = TypeVar("T")


class Apart(Protocol):
    """Calls something that waits in another thread."""

    def __call__(self, call: Callable[[], T]) -> Deferred[T]: ...


def in_thread(reactor: IReactorTime, call: Callable[[], T]) -> Deferred[T]:
    """What *call* gives, called in one of *reactor*'s threads."""
    pool = cast(IReactorThreads, reactor).getThreadPool()
    return deferToThreadPool(cast(IReactorFromThreads, reactor), pool, call)
