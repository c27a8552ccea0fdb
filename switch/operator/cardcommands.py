"""The issuer's cards: how one stands, the hot list, PIN tries."""

from __future__ import annotations

from collections.abc import Sequence

from switch.issuer.cards import STATUSES
from switch.issuer.config import TRIES_MAX
from switch.operator.command import FromRecords, Lines, misused
from switch.operator.ports import CommandRefused, Records
from switch.operator.words import columns

USAGE = f"PAN [status {'|'.join(STATUSES)} | tries N]"


def card(records: Records, words: Sequence[str]) -> Lines:
    """One card, after it was changed if that was asked."""
    if not words or len(words) not in (1, 3):
        raise misused("card", USAGE)
    pan, *change = words
    if not (pan.isdecimal() and pan.isascii()):
        raise misused("card", USAGE)
    if change and not _changed(records, pan, *change):
        raise CommandRefused("we have issued no such card")
    row = records.card(pan)
    if row is None:
        raise CommandRefused("we have issued no such card")
    shown = {
        "pan": row.pan,
        "status": row.status,
        "expires": row.expires,
        "PIN tries left": row.tries_left,
        "used": f"{row.amount_used} in {row.count_used}, {row.used_date}" if row.used_date else "never",
        "limits of a day": f"{row.amount_limit} in {row.count_limit}",
    }
    return columns(("field", "value"), list(shown.items()))


def _changed(records: Records, pan: str, what: str, value: str) -> bool:
    if what == "status" and value in STATUSES:
        return records.set_card_status(pan, value)
    if what == "tries" and value.isdecimal() and len(value) <= 2 and int(value) <= TRIES_MAX:
        return records.give_card_tries(pan, int(value))
    raise misused("card", USAGE)


COMMANDS = (FromRecords("card", USAGE, "a card of ours: how it stands; another status; PIN tries", card),)
