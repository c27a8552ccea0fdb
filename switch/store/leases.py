"""Which process works on what, when several share one database.

No clock decides whose a lease is: who takes it must have *seen* it as it still is, and the *term* rises.  Whether what a
process does is still its business is found out in the transaction of the database that does it, so a process that was
slow, or whose clock is wrong, does nothing after it was replaced.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

from switch.store.database import StoreError
from switch.store.group import Result
from switch.store.rows import Lease
from switch.store.view import View, Work

T = TypeVar("T")


class Replaced(StoreError):
    """Another process has taken over what the work was for: nothing of it was written."""


def take(view: View, id: str, owner: str, seen: Lease | None, until_us: int) -> Lease | None:
    """The lease of *id* for *owner*, in a new term; None when it is not any more as it was *seen*.

    *owner* names one run of a process: after a restart it is another.  *until_us* is for operators.
    """
    there = view.get(Lease, id)
    if there != seen:
        return None
    lease = Lease(id, owner, 1 if there is None else there.term + 1, until_us)
    view.put(lease)
    return lease


def renew(view: View, lease: Lease, until_us: int) -> bool:
    """A sign of life, which all who look at the lease see: False when another has it."""
    there = view.get(Lease, lease.id)
    if there is None or not held(view, lease):
        return False
    # It changes even when the clock was set back: nobody else knows that its owner lives.
    view.put(replace(there, until_us=max(there.until_us + 1, until_us)))
    return True


def held(view: View, lease: Lease) -> bool:
    """Whether nobody has taken *lease* over; nobody will before the work that asks is committed."""
    there = view.get(Lease, lease.id)
    return there is not None and (there.owner, there.term) == (lease.owner, lease.term)


def release(view: View, lease: Lease) -> None:
    """Let another take it at once.  Nothing, when another has."""
    if held(view, lease):
        view.put(Lease(lease.id, "", lease.term, 0))


def fenced(work: Work[T], lease: Lease) -> Work[T]:
    """*work*, done only while *lease* is held; else it fails with Replaced."""

    def decide(view: View) -> T:
        if not held(view, lease):
            raise Replaced(f"{lease.id}: another process has taken over")
        return work.decide(view)

    return Work(decide, [*work.needs, (Lease, lease.id)])


class Submits(Protocol):
    """The store's writer."""

    def submit(self, work: Work[T], told: Callable[[Result[T]], None]) -> None:
        """As :meth:`switch.store.writer.Writer.submit`."""


@dataclass(frozen=True)
class Fenced:
    """A writer for what is done under *lease*; under None, nothing is."""

    writer: Submits
    lease: Lease | None

    def submit(self, work: Work[T], told: Callable[[Result[T]], None]) -> None:
        """As the writer's.  Raises Replaced."""
        if self.lease is None:
            raise Replaced("another process works on this")
        self.writer.submit(fenced(work, self.lease), told)
