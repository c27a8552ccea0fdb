"""What stand-in has used of a card's day and of a prefix's exposure, and how it is given back."""

from __future__ import annotations

from dataclasses import replace

from switch.saf.events import End
from switch.saf.works import ADVICE, kind_of
from switch.standin.policy import CardLine, Policy
from switch.store.rows import Owed
from switch.store.standinrows import StandInApproval, StandInBin, StandInCard
from switch.store.view import View

OPEN = "open"
OVER_AMOUNT, OVER_COUNT, INOPERATIVE, TRIES_EXCEEDED = "61", "65", "91", "75"


def day_of(view: View, card: str, business_date: str) -> StandInCard:
    """What *card* has used of the day; of one that is over it counts for the one that has begun, not for both."""
    row = view.get(StandInCard, card)
    if row is None or row.used_date < business_date:
        return StandInCard(card, business_date, 0, 0, 0)
    return row


def exposed(view: View, prefix: str) -> int:
    """What the issuer of *prefix* has not yet been told, in minor units."""
    row = view.get(StandInBin, prefix)
    return 0 if row is None else row.exposed


def over(view: View, policy: Policy, line: CardLine | None, prefix: str, used: StandInCard, amount: int) -> str:
    """Which limit *amount* would pass (DE 39); empty for none."""
    most = line.amount if line is not None and line.amount is not None else policy.amount_a_day
    if used.pins_wrong >= policy.pin_tries:
        return TRIES_EXCEEDED
    if used.amount_used + amount > most:
        return OVER_AMOUNT
    if used.count_used + 1 > policy.count_a_day:
        return OVER_COUNT
    return INOPERATIVE if exposed(view, prefix) + amount > policy.exposure else ""


def charge(view: View, used: StandInCard, approval: StandInApproval) -> None:
    """Enter *approval*, and count it."""
    view.put(replace(used, amount_used=used.amount_used + approval.amount, count_used=used.count_used + 1))
    view.put(StandInBin(approval.prefix, exposed(view, approval.prefix) + approval.amount))
    view.put(approval)


def wrong_pin(used: StandInCard) -> StandInCard:
    """One wrong PIN more."""
    return replace(used, pins_wrong=used.pins_wrong + 1)


def leave(view: View, transaction_id: str, left: int) -> None:
    """Of what was approved here only *left* stays; the rest counts neither for the card nor, while open, for the prefix.

    Nothing happens to what was not approved here, or of which no more stays already.
    """
    approval = view.get(StandInApproval, transaction_id)
    if approval is None or not 0 <= left < approval.amount:
        return
    amount = approval.amount - left
    view.put(replace(approval, amount=left))
    used = view.get(StandInCard, approval.card)
    if used is not None and used.used_date == approval.used_date:
        count = used.count_used - (not left)
        view.put(replace(used, amount_used=max(used.amount_used - amount, 0), count_used=max(count, 0)))
    if approval.state == OPEN:
        _uncover(view, approval.prefix, amount)


def told(view: View, row: Owed, end: End) -> None:
    """*row* is not owed any more: what it told of is the issuer's now, or an exception, and no exposure of ours.

    One of the things that are changed in the commit that ends it.  What an operator had sent again may end once more.
    """
    approval = view.get(StandInApproval, row.original_id)
    if kind_of(row) == ADVICE and approval is not None:
        view.put(replace(approval, state=end.value))
        if approval.state == OPEN:
            _uncover(view, approval.prefix, approval.amount)


def _uncover(view: View, prefix: str, amount: int) -> None:
    view.put(StandInBin(prefix, max(exposed(view, prefix) - amount, 0)))
