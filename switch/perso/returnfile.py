"""The return file: what became of each card of an order, for the issuer (protocol-spec/perso/cards.md).

JSON lines: a head, a line for each card from 1 to the last, a line for everything that went wrong, an end with the totals.
A card is told by its number in the order alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from io import BufferedIOBase, TextIOBase
from typing import Any

from switch.perso.chain import HEAD
from switch.perso.journal import Journal, JournalError, Mailer, State
from switch.perso.preparedfile import PreparedHead
from switch.perso.terms import Refused

FORMAT = 1
LINE_BYTES_MAX = 65_536
USUAL_EVENTS = frozenset({"made", "mailer printed"})


@dataclass(frozen=True)
class Returned:
    """Whose return file it is, and the hash of the entry that closed the order in production's audit."""

    issuer: str
    order: str
    audit: str


def read_returned(source: BufferedIOBase, name: str) -> Returned:
    """What the return file *source* says of itself, in its first line and its last.  Raises Refused."""
    first = last = source.readline(LINE_BYTES_MAX)
    while line := source.readline(LINE_BYTES_MAX):
        last = line
    try:
        head, end = json.loads(first), json.loads(last)
        if head["return"] != FORMAT or not last.endswith(b"\n"):
            raise ValueError
        found = Returned(str(head["issuer"]), str(head["order"]), str(end["audit"]))
    except (ValueError, KeyError, TypeError, RecursionError):
        raise Refused(name, None, "", "no return file, or one that is cut off") from None
    if not HEAD.fullmatch(found.audit):
        raise Refused(name, None, "audit", "64 hexadecimal digits")
    return found


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
