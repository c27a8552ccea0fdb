"""Which transaction a reversal means, and what becomes of both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from switch.flow.books import ADVISED, note, owe
from switch.flow.hop import OWN
from switch.services.responses import APPROVED
from switch.store.rows import Irregular, Noted, Stage, Transaction, key
from switch.store.view import View

INCONSISTENT, NOTHING_TO_DO = "77", "21"
PARTIAL = "partial"
Body = Callable[[Transaction, int], bytes]
"""The reversal of an original of which so much (minor units; 0: nothing) stays, as its issuer must get it."""
Reverse = Callable[[View, Transaction, int, str], str]
"""Takes back so much of an original of our own books, under an id: the response code."""


@dataclass(frozen=True)
class Asked:
    """A reversal: *ids* are the keys its original could have, the likeliest first; *left* is what stays of the amount.

    *tombstone* is entered when there is no original, so that one that comes late is refused.
    """

    ids: Sequence[str]
    pan: str
    amount: int
    left: int
    tombstone: Transaction
    unknown: str


@dataclass(frozen=True)
class Outcome:
    """*response* is what to answer; *wake*: the link that is owed a reversal now, if one is."""

    response: str
    original: str = ""
    wake: str = ""


def reverse(view: View, asked: Asked, body: Body, books: Reverse, now_us: int, notes: Sequence[Noted]) -> Outcome:
    """Do what *asked* asks, once: again, it has the same outcome and changes nothing."""
    note(view, notes)
    found = next((row for id in asked.ids if (row := view.get(Transaction, id)) is not None), None)
    if found is None:
        view.put(asked.tombstone)
        return Outcome(asked.unknown)
    if found.stage == Stage.TOMBSTONE:
        return Outcome(asked.unknown, found.id)
    if (asked.pan, asked.amount) != (found.pan, found.amount) or asked.left > found.amount:
        return Outcome(INCONSISTENT, found.id)
    if found.delivery == ADVISED:
        # Its advice was kept first: somebody has told that it happened, and somebody that it did not.
        view.put(_irregular(found, asked, now_us))
        return Outcome(NOTHING_TO_DO, found.id)
    taken_back = found.amount - asked.left
    waits = found.stage == Stage.AWAITING_ISSUER
    approved = found.stage == Stage.ANSWERED and found.response_code == APPROVED
    if not (waits or approved) or (approved and taken_back <= found.amount_reversed):
        # Nothing was given, or it was taken back before, whoever asked.
        return Outcome(APPROVED, found.id)
    whole = waits or not asked.left
    if found.issuer_link == OWN:
        return _in_own_books(view, found, taken_back, whole, books, now_us)
    if not found.reversal:
        # What moves no money has nothing to take back; its answer, should it still come, is not wanted any more.
        return Outcome(APPROVED, found.id)
    left = 0 if whole else asked.left
    stage = Stage.REVERSAL_OWED if whole else found.stage
    changed = replace(found, stage=stage, amount_reversed=found.amount - left, changed_us=now_us)
    view.put(changed)
    kind = "reversal" if whole else f"{PARTIAL} {left}"
    owe(view, changed, body(found, left), asked.tombstone.position, now_us, kind)
    return Outcome(APPROVED, found.id, found.issuer_link)


def _in_own_books(view: View, found: Transaction, taken_back: int, whole: bool, books: Reverse, now_us: int) -> Outcome:
    more = taken_back - found.amount_reversed
    response = books(view, found, more, f"{found.id}/{taken_back}") if found.response_code == APPROVED else APPROVED
    if response == APPROVED:
        stage = Stage.REVERSED if whole else found.stage
        view.put(replace(found, stage=stage, amount_reversed=taken_back, changed_us=now_us))
    return Outcome(response, found.id)


def _irregular(found: Transaction, asked: Asked, now_us: int) -> Irregular:
    kind = "reversal of what was advised"
    return Irregular(key(kind, found.id), now_us, found.id, asked.tombstone.link, kind, "", "open")
