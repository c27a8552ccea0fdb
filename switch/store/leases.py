"""Which process works on a link, when several share one database.

A lease lasts until a time, and its owner renews it before.  Clocks only decide when another may take it over: whether
what a process does is still its business is decided by the lease's *term*, in the same transaction of the database, so a
process that was slow, or whose clock is wrong, does nothing after it was replaced.
"""

from __future__ import annotations

from dataclasses import replace

from switch.store.rows import Lease
from switch.store.view import View


def take(view: View, id: str, owner: str, now_us: int, lasts_us: int) -> Lease | None:
    """The lease of *id* for *owner*, taken or renewed; None while it is another's.

    *owner* names one run of a process: after a restart it is another.
    """
    there = view.get(Lease, id)
    if there is None:
        lease = Lease(id, owner, 1, now_us + lasts_us)
    elif there.owner == owner:
        lease = replace(there, until_us=max(there.until_us, now_us + lasts_us))
    elif there.until_us > now_us:
        return None
    else:
        lease = Lease(id, owner, there.term + 1, now_us + lasts_us)
    view.put(lease)
    return lease


def held(view: View, lease: Lease) -> bool:
    """Whether nobody has taken *lease* over; nobody will before the work that asks is committed."""
    there = view.get(Lease, lease.id)
    return there is not None and (there.owner, there.term) == (lease.owner, lease.term)


def release(view: View, lease: Lease) -> None:
    """Let another take it at once.  Nothing, when another has."""
    if held(view, lease):
        view.put(Lease(lease.id, "", lease.term, 0))
