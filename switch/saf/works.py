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
OPEN, CLOSED = "open", "closed"
NOTE_CHARS_MAX = 1_000
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
            view.put(_irregular(row, ended, now_us, view.get(Irregular, exception_id(row.id))))
        if also is not None:
            also(view, row, ended.end)
        return row

    return Work(decide, [(Owed, ended.id)])


def closed(id: str, reason: str) -> Work[bool]:
    """The work that closes the exception *id* for a *reason*; its outcome: was it open?"""

    def decide(view: View) -> bool:
        row = view.get(Irregular, id)
        if row is None or row.state != OPEN:
            return False
        view.put(replace(row, state=CLOSED, note=_with(row.note, f"closed: {reason}")))
        return True

    return Work(decide, [(Irregular, id)])


def put_back(id: str, reason: str, now_us: int) -> Work[str]:
    """The work that has the message owed again over which the exception *id* is open, from now on for as long as before.

    Its outcome is the link that is owed it; empty when none is open under that id, or it is about nothing that was owed.
    """

    def decide(view: View) -> str:
        row = view.get(Irregular, id)
        if row is None or row.state != OPEN:
            return ""
        places = owed_places(row.link, row.transaction_id)
        owed = next((view.get(Owed, place[1]) for place in places if exception_id(place[1]) == id), None)
        if owed is None or owed.state != Sending.EXPIRED:
            return ""
        lasts_us = owed.expires_us - owed.queued_us
        view.put(
            replace(
                owed, state=Sending.WAITING, next_us=0, response_code="",
                expires_us=now_us + lasts_us if owed.expires_us else 0,
            )
        )  # fmt: skip
        view.put(replace(row, state=CLOSED, note=_with(row.note, f"put back: {reason}")))
        return owed.link

    return Work(decide, [(Irregular, id)])


def exception_id(owed_id: str) -> str:
    """Under which the exception about an owed message is found."""
    return key("store-and-forward", owed_id)


def _with(note: str, more: str) -> str:
    """*note* and *more*, the newest of it if it is long."""
    return f"{note}; {more}"[-NOTE_CHARS_MAX:] if note else more


def _irregular(row: Owed, ended: Conclude, now_us: int, before: Irregular | None) -> Irregular:
    said = f"DE 39 {ended.response}" if ended.response else "no answer"
    note = f"{row.mti} after {row.attempts} attempts: {said}"
    return Irregular(
        id=exception_id(row.id),
        at_us=now_us,
        transaction_id=row.original_id,
        link=row.link,
        kind=WHY[ended.end].format(kind=kind_of(row)),
        # Of one that was put back, what was said of it before stays.
        note=note if before is None else _with(before.note, note),
        state=OPEN,
    )
