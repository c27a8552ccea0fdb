"""What store-and-forward changes in the store; each change is made upon the row as it is there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

from switch.saf.events import Attempt, Conclude, End
from switch.store.rows import Irregular, Owed, Sending, key, owed_key
from switch.store.view import Place, View, Work

ADVICE, REVERSAL = "advice", "reversal"
KINDS = (ADVICE, REVERSAL)
"""What can be owed about one original, by the last part of the row's id."""
UNSETTLED = (Sending.WAITING, Sending.SENT)
WHY: Mapping[End, str] = MappingProxyType(
    {
        End.REFUSED: "refused {kind}",
        End.EXPIRED: "expired {kind}",
        End.UNSAYABLE: "{kind} that cannot be sent",
    }
)
"""The kinds of exceptions, as :class:`~switch.store.rows.Irregular` has them."""
Also = Callable[[View, Owed, End], None]
"""What else changes, in the same commit, when a message is not owed any more."""


def kind_of(row: Owed) -> str:
    """``advice`` or ``reversal``."""
    return ADVICE if row.mti[1] == "2" else REVERSAL


def owed_places(link: str, original_id: str) -> list[Place]:
    """What ``owe`` looks at."""
    return [(Owed, owed_key(link, original_id, kind)) for kind in KINDS]


def owe(view: View, row: Owed) -> Owed:
    """See to it that *row* is owed; what is owed now, which is the row that was there first if there was one.

    A message about an original goes behind those that its receiver must get before it, although the number in *row* may
    have been drawn by a process that started earlier.
    """
    before = view.get(Owed, row.id)
    if before is not None:
        return before
    position = row.position
    for place in owed_places(row.link, row.original_id):
        other = view.look(place)
        if isinstance(other, Owed) and other.state in UNSETTLED and other.position >= position:
            position = f"{other.position}0"
    row = replace(row, position=position)
    view.put(row)
    return row


def attempt(begun: Attempt) -> Work[Owed | None]:
    """The work that enters an attempt; its outcome is the row, or None when it is not owed any more."""

    def decide(view: View) -> Owed | None:
        row = view.get(Owed, begun.id)
        if row is None or row.state not in UNSETTLED:
            return None
        row = replace(
            row, state=Sending.SENT, attempts=row.attempts + 1, next_us=begun.next_us, response_code=begun.response
        )
        view.put(row)
        return row

    return Work(decide, [(Owed, begun.id)])


def conclude(ended: Conclude, now_us: int, also: Also | None = None) -> Work[Owed | None]:
    """The work that ends an obligation, with an exception unless it is settled; *also* changes what follows from it.

    Its outcome is the row, or None when another has ended it otherwise.  Done twice, it changes nothing the second time.
    """
    state = Sending.SETTLED if ended.end is End.SETTLED else Sending.EXPIRED

    def decide(view: View) -> Owed | None:
        row = view.get(Owed, ended.id)
        if row is None or row.state not in UNSETTLED:
            return row if row is not None and row.state == state else None
        row = replace(row, state=state, response_code=ended.response)
        view.put(row)
        if ended.end is not End.SETTLED:
            view.put(_irregular(row, ended, now_us))
        if also is not None:
            also(view, row, ended.end)
        return row

    return Work(decide, [(Owed, ended.id)])


def _irregular(row: Owed, ended: Conclude, now_us: int) -> Irregular:
    said = f"DE 39 {ended.response}" if ended.response else "no answer"
    return Irregular(
        id=key("store-and-forward", row.id),
        at_us=now_us,
        transaction_id=row.original_id,
        link=row.link,
        kind=WHY[ended.end].format(kind=kind_of(row)),
        note=f"{row.mti} after {row.attempts} attempts: {said}",
        state="open",
    )
