"""What becomes of a card: its standing, its PIN tries, and what it has used of the day's limits."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from switch.store.rows import Card
from switch.store.view import View, Work

ACTIVE = "active"
STATUSES: Mapping[str, str] = MappingProxyType(
    {
        ACTIVE: "",
        "inactive": "62",
        "restricted": "62",
        "lost": "41",
        "stolen": "43",
        "capture": "04",
        "fraud": "34",
        "closed": "14",
    }
)
"""What a card's status has every request answered with (DE 39); empty: nothing."""
UNKNOWN_STATUS = "62"
EXPIRED, TRIES_EXCEEDED = "54", "75"
OVER_AMOUNT, OVER_COUNT = "61", "65"


def card_id(pan_key: bytes, pan: str) -> str:
    """The id of a card's row: 32 hexadecimal digits; without *pan_key* nobody learns the PAN from it (PCI DSS 3.5.1.1).

    A hash without a key would not do: PANs of an issuer are few enough to try them all.
    """
    return hmac.digest(pan_key, pan.encode(), "sha256").hex()[:32]


def standing(card: Card, business_date: str) -> str:
    """Why no request of *card* can be approved (DE 39); empty when its standing is good.

    A card is good to the end of the month that it names (ISO/IEC 7813).
    """
    refused = STATUSES.get(card.status, UNKNOWN_STATUS)
    if refused:
        return refused
    if business_date[2:6] > card.expires:
        return EXPIRED
    return "" if card.tries_left > 0 else TRIES_EXCEEDED


def wrong_pin(card: Card) -> Card:
    """One try less."""
    return replace(card, tries_left=max(card.tries_left - 1, 0))


def charged(card: Card, amount: int, business_date: str, bounded: bool = True) -> Card | str:
    """*card* after it has used *amount* more of the day's limits; or, where it is *bounded* by them, why it can't (DE 39).

    What comes late of a day that is over counts for the day that has begun, so that nobody has limits of both.
    """
    day = max(card.used_date, business_date)
    amount_used, count_used = (card.amount_used, card.count_used) if card.used_date == day else (0, 0)
    if bounded and amount_used + amount > card.amount_limit:
        return OVER_AMOUNT
    if bounded and count_used + 1 > card.count_limit:
        return OVER_COUNT
    return replace(card, used_date=day, amount_used=amount_used + amount, count_used=count_used + 1)


def relieved(card: Card, amount: int, count: int, business_date: str) -> Card:
    """*card* with *amount* and *count* of *business_date* given back.

    Negative ones are charged again, without a look at limits.
    """
    if card.used_date != business_date:
        return card
    return replace(card, amount_used=max(card.amount_used - amount, 0), count_used=max(card.count_used - count, 0))


def set_status(id: str, status: str) -> Work[bool]:
    """The work that gives the card *id* another of the :data:`STATUSES`; its outcome: is there such a card?"""
    if status not in STATUSES:
        raise ValueError(f"one of {', '.join(STATUSES)} is a card's status")
    return _changing(id, status=status)


def give_tries(id: str, tries: int) -> Work[bool]:
    """The work that gives the card *id* so many PIN tries; its outcome: is there such a card?"""
    return _changing(id, tries_left=tries)


def _changing(id: str, **changes: str | int) -> Work[bool]:
    def change(view: View) -> bool:
        card = view.get(Card, id)
        if card is not None:
            view.put(replace(card, **changes))  # type: ignore[arg-type]  # the two callers above name fields and types
        return card is not None

    return Work(change, [(Card, id)])
