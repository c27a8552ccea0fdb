"""When a share is to be taken, and until when it is certainly ours.

A process is taken for dead when its lease has not changed for some time by the clock of who looks: clocks are never
compared.  An owner whose word has not been committed for as long lets go by itself, before anybody may take over: others
count from when they saw its last word, which was not before it was said.  That keeps two from talking to one partner; that
they do nothing twice needs no clock at all, for it is decided by the lease's term where anything is written.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from switch.store.rows import Lease

PREFIX = "share "


@dataclass(frozen=True)
class Standing:
    """One share as one process sees it.

    *row* is its lease as it was last seen, and *since* when that changed; *held* the lease if it is ours, *sure_until* then
    the time until which nobody can have taken it over.  While nobody has it we do not take it before *barred_until*.
    *at_home*: is it ours when nobody has it?  Times are seconds by a clock of our own that is never set.
    """

    share: str
    at_home: bool
    since: float
    row: Lease | None = None
    held: Lease | None = None
    sure_until: float = 0.0
    barred_until: float = 0.0

    @property
    def id(self) -> str:
        """The lease's."""
        return PREFIX + self.share

    def seen(self, row: Lease | None, now: float) -> Standing:
        """The lease is *row* now."""
        return self if row == self.row else replace(self, row=row, since=now)

    def wanted(self, now: float, patience_seconds: float) -> bool:
        """Is it time to take it?  What is free is at once its own member's, and anybody's after a while."""
        free = self.row is None or not self.row.owner
        if self.held is not None or (free and now < self.barred_until):
            return False
        return (free and self.at_home) or now - self.since >= patience_seconds

    def taken(self, lease: Lease, sure_until: float) -> Standing:
        """It is ours."""
        return replace(self, held=lease, sure_until=sure_until)

    def renewed(self, lease: Lease, sure_until: float) -> Standing:
        """A sign of life was committed under *lease*."""
        return self if self.held != lease else replace(self, sure_until=max(self.sure_until, sure_until))

    def given_up(self, now: float, barred_seconds: float = 0.0) -> Standing:
        """It is not ours any more, and for so long we don't want it."""
        return replace(self, held=None, since=now, barred_until=now + barred_seconds)
