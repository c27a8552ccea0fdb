"""The return file: what became of each card of an order, for the issuer (protocol-spec/perso/cards.md).

JSON lines: a head, a line for each card from 1 to the last, a line for everything that went wrong, an end with the totals.
A card is told by its number in the order alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from io import TextIOBase
from typing import Any

from switch.perso.journal import Journal, JournalError, Mailer, State
from switch.perso.preparedfile import PreparedHead

FORMAT = 1
USUAL_EVENTS = frozenset({"made", "mailer printed"})


def write_return(out: TextIOBase, head: PreparedHead, journal: Journal, audit_head: str, at: str) -> Mapping[str, int]:
    """Write the return file of an order whose every card is made or rejected; its totals.

    *audit_head* is the hash of the last entry in production's audit, *at* ISO 8601 in UTC.  Raises JournalError while
    something is open, or where the cards do not come to those of the order.
    """
    wrong = journal.open_points()
    if wrong:
        raise JournalError("; ".join(wrong))

    def put(told: Mapping[str, Any]) -> None:
        out.write(json.dumps(told, separators=(",", ":")) + "\n")

    put({"return": FORMAT, "issuer": head.issuer, "order": head.order, "product": head.product, "closed": at})
    totals = {State.MADE.value: 0, State.REJECTED.value: 0, "mailers": 0}
    for number, card in enumerate(journal.cards(), 1):
        if card.sequence != number:
            raise JournalError(f"card {number} is missing")
        totals[card.state.value] += 1
        totals["mailers"] += card.mailer is Mailer.PRINTED
        made = card.state is State.MADE
        told: dict[str, Any] = {"card": number, "state": card.state.value}
        told |= {"chip": card.chip, "mailer": card.mailer.value} if made else {"why": card.why}
        put(told)
    if totals[State.MADE.value] + totals[State.REJECTED.value] != head.cards:
        raise JournalError(f"{head.cards} cards were ordered, {totals} are told")
    for event in journal.events():
        if event.what not in USUAL_EVENTS:
            put({"event": event.what, "card": event.sequence, "at": event.at, "who": event.who, "why": event.why})
    put({"total": totals, "ordered": head.cards, "audit": audit_head})
    return totals
