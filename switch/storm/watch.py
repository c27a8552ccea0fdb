"""What is held against the rules: every message as it goes, every transaction when it is over, the sums at last."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Protocol, TypeVar

from switch.codec.message import Message
from switch.issuer.accounts import settlement_id
from switch.ledger.ledger import ledger_balance, trial_balance
from switch.saf.events import End
from switch.saf.rules import SETTLING
from switch.saf.works import KINDS, UNSETTLED, WHY
from switch.services.responses import APPROVED
from switch.store.rows import (
    FINISHED,
    Account,
    Authorisation,
    Irregular,
    Owed,
    Sending,
    Stage,
    Transaction,
    owed_key,
)
from switch.storm.asked import MONEYLESS, WITHIN
from switch.storm.deal import Deal, Standing
from switch.storm.rules import Rule, Violation

T = TypeVar("T")
REVERSAL, ADVICE = "reversal", "advice"
DELIVERY_SECONDS = 1.0
"""Within so long the switch has entered that it could not deliver an approval."""
REFERENCE, RESPONSE, REPLACEMENT = 37, 39, 95
UNKEPT = frozenset({"96", "89", "94", "68", "30", "12", "91"})
"""How a request is refused of which nothing is entered."""
REFUSED = frozenset(WHY[End.REFUSED].format(kind=kind) for kind in KINDS)
"""Exceptions over which books may differ: the issuer does not pay what was approved in its place, or does not take back
what its receiver has spent since."""
STORY_MAX = 200


class Rows(Protocol):
    """A node's store."""

    def about(self, reference: str, kind: type[T]) -> Iterator[T]:
        """The rows of *kind* about the transaction with that DE 37."""

    def every(self, kind: type[T]) -> list[T]:
        """All rows of *kind*."""


class Watch:
    """*switch* and *issuers* by name are the nodes' stores; *deals* by DE 37 are those that are not over yet."""

    def __init__(
        self, switch: str, stores: Mapping[str, Rows], deals: Mapping[str, Deal], troubles: Callable[[], int]
    ) -> None:
        """*troubles*: how many the switch has had, of those that can keep it from committing something."""
        self._switch, self._stores, self._deals, self._troubles = switch, stores, deals, troubles
        self.counts: Counter[str] = Counter()
        self.counted_on: Counter[str] = Counter()
        """By issuer: what its settlement account must hold."""

    # -- messages

    def said(self, node: str, link: str, message: Message, at: float) -> None:
        """*node* has given *message* to *link*'s connection.  Raises Violation."""
        deal = self._deals.get(str(message.fields.get(REFERENCE, "")))
        if deal is None:
            return
        deal.said_at = at
        _note(deal, f"{at:.4f} {node} -> {link}", message)
        rows = list(self._stores[node].about(deal.reference, Transaction))
        kind = message.mti[1:3]
        if kind in ("21", "23"):
            self._answer(node, deal, message, rows)
        elif kind == "43":
            known = bool(rows) or message.fields[RESPONSE] not in SETTLING
            _holds(known, Rule.COMMITTED_FIRST, deal, f"{node} acknowledges a reversal that it has not kept")
        elif kind == "20":
            self._asked_on(node, deal, rows)
        elif kind in ("22", "42"):
            self._owed_on(node, link, deal, message)

    def _asked_on(self, node: str, deal: Deal, rows: list[Transaction]) -> None:
        _holds(bool(rows), Rule.COMMITTED_FIRST, deal, f"{node} sends on what it has not kept")
        _holds(not deal.taken_back_on, Rule.IN_ORDER, deal, "the original goes after its reversal")
        deal.sent_on += 1
        _holds(deal.sent_on == 1, Rule.ONE_ANSWER, deal, "it is sent on twice")

    def _owed_on(self, node: str, link: str, deal: Deal, message: Message) -> None:
        owed = list(self._stores[node].about(deal.reference, Owed))
        begun = [row for row in owed if row.attempts and row.mti[:3] == message.mti[:3]]
        _holds(bool(begun), Rule.COMMITTED_FIRST, deal, f"{node} sends {message.mti} without an attempt kept")
        if message.mti[1] == "2":
            _holds(not deal.taken_back_on, Rule.IN_ORDER, deal, "an advice goes after the reversal")
            return
        deal.taken_back_on = deal.taken_back_on or REPLACEMENT not in message.fields
        left = int(str(message.fields.get(REPLACEMENT, "0"))[:12])
        waiting = any(row.mti == "0220" and row.state in UNSETTLED for row in owed)
        _holds(not waiting, Rule.IN_ORDER, deal, "the reversal goes before the advice of its original")
        if message.mti == "0420":
            deal.reversals_begun[left] = deal.reversals_begun.get(left, 0) + 1
            _holds(deal.reversals_begun[left] == 1, Rule.ACKNOWLEDGED, deal, "a repeat is not marked as one")
        _holds(len(deal.reversals_begun) <= 2, Rule.ONE_OBLIGATION, deal, "many reversals of one original")

    def _answer(self, node: str, deal: Deal, message: Message, rows: list[Transaction]) -> None:
        response = str(message.fields[RESPONSE])
        if response == APPROVED:
            kept = any(row.response_code == APPROVED and row.answer for row in rows if row.service) or (
                message.mti[1:3] == "23" and bool(rows)
            )
            dead = any(row.stage == Stage.TOMBSTONE for row in rows)
            _holds(not dead, Rule.TOMBSTONES, deal, f"{node} approves what was reversed before")
            rule = Rule.LATE_STAYS if deal.late and node == self._switch else Rule.COMMITTED_FIRST
            _holds(kept, rule, deal, f"{node} delivers an approval that it has not kept")
        elif response not in UNKEPT:
            kept = any(response in (row.response_code, "21" if message.mti[1:3] == "23" else "") for row in rows)
            _holds(kept, Rule.COMMITTED_FIRST, deal, f"{node} delivers {response}, which it has not kept")
        if node != self._switch or message.mti[1:3] != "21":
            return
        deal.answered += 1
        rule = Rule.LATE_STAYS if deal.late else Rule.ONE_ANSWER
        _holds(deal.answered <= deal.heard, rule, deal, "more answers than requests")
        final = {code for code in (*deal.responses, response) if code != "94"}
        _holds(len(final) <= 1, Rule.SAME_AGAIN, deal, f"different answers: {sorted(final)}")
        deal.responses.add(response)
        if deal.sent_on and not deal.in_time and deal.service not in MONEYLESS:
            # The issuer may have done it, and the switch has answered otherwise, or in its place.
            kind = ADVICE if response == APPROVED else REVERSAL
            _holds(
                self._owes(deal, kind), Rule.ONE_OBLIGATION, deal, f"it is answered {response}, and no {kind} is owed"
            )

    def _owes(self, deal: Deal, kind: str) -> bool:
        """Has the switch entered that the issuer is to get that about *deal*?"""
        rows = self._stores[self._switch].about(deal.reference, Owed)
        return any(row.id == owed_key(row.link, row.original_id, kind) for row in rows)

    def unsaid(self, node: str, link: str, message: Message, at: float) -> None:
        """*node* could not deliver *message*, an answer, to *link*."""
        deal = self._deals.get(str(message.fields.get(REFERENCE, "")))
        if deal is None or node != self._switch or message.mti[1:3] != "21" or message.fields[RESPONSE] != APPROVED:
            return
        _note(deal, f"{at:.4f} {node} could not tell {link}", message)
        if deal.unsaid is None:
            deal.unsaid = at, self._troubles()

    def _owes_by_itself(self, deal: Deal, at: float) -> None:
        """An approval that could not be delivered is taken back before anybody asks for that.  Raises Violation."""
        if deal.unsaid is None or deal.service in MONEYLESS:
            return
        since, troubles = deal.unsaid
        if troubles == self._troubles() and at - since > DELIVERY_SECONDS:
            text = "an approval was not delivered, and no reversal is owed"
            _holds(self._owes(deal, REVERSAL), Rule.ONE_OBLIGATION, deal, text)

    def heard(self, node: str, link: str, message: Message, at: float) -> None:
        """*message* came to *node* by *link*."""
        deal = self._deals.get(str(message.fields.get(REFERENCE, "")))
        if deal is None:
            return
        _note(deal, f"{at:.4f} {node} <- {link}", message)
        if node != self._switch:
            return
        if message.mti[1:3] == "20":
            deal.heard += 1
        elif message.mti[1:3] == "21":
            rows = self._stores[node].about(deal.reference, Transaction)
            waits = any(row.stage == Stage.AWAITING_ISSUER for row in rows)
            deal.late, deal.in_time = deal.late or not waits, deal.in_time or waits
        elif message.mti[1:3] == "42":
            self._owes_by_itself(deal, at)
        elif message.mti[1:3] in ("43", "23"):
            deal.settled_by.append(str(message.fields.get(RESPONSE, "")))

    # -- the end of one

    def settled(self, deal: Deal) -> bool:
        """Is nothing under way about *deal* any more?"""
        if deal.returns:
            return False
        for rows in self._stores.values():
            # A reversal that the issuer refuses is an exception, and the transaction stays as it is.
            refused = {row.transaction_id for row in rows.about(deal.reference, Irregular)}
            stages = [row.stage for row in rows.about(deal.reference, Transaction) if row.id not in refused]
            if any(stage not in FINISHED for stage in stages):
                return False
            if any(row.state in UNSETTLED for row in rows.about(deal.reference, Owed)):
                return False
        return deal.standing in (Standing.GIVEN, Standing.DECLINED, Standing.OVER)

    def over(self, deal: Deal) -> None:
        """Compare what everybody has of *deal*.  Raises Violation."""
        exceptions = [row for rows in self._stores.values() for row in rows.about(deal.reference, Irregular)]
        self.counts["exceptions"] += len(exceptions)
        for row in exceptions:
            self.counts[f"exception: {row.kind}"] += 1
        self._obligations(deal, exceptions)
        issuer = self._stores[deal.issuer]
        booked = 0
        for each in issuer.about(deal.reference, Authorisation):
            _holds(0 <= each.returned <= each.amount, Rule.WITHIN, deal, "more is given back than was taken")
            booked += each.amount - each.returned
        for there in issuer.about(deal.reference, Transaction):
            taken = booked if there.stage == Stage.TOMBSTONE else 0
            _holds(not taken, Rule.TOMBSTONES, deal, "what was reversed before it came is booked")
        for there in self._stores[self._switch].about(deal.reference, Transaction):
            _holds(0 <= there.amount_reversed <= there.amount, Rule.WITHIN, deal, "more is reversed than there was")
        if deal.service in MONEYLESS:
            return
        kept = deal.kept - deal.given_back
        if any(row.kind in REFUSED for row in exceptions):
            self.counts["refusals over which books differ"] += booked != kept
        else:
            text = f"{deal.acquirer} counts on {kept}, {deal.issuer} has booked {booked}"
            _holds(booked == kept, Rule.MONEY, deal, text)
        if deal.sale is not None:
            # Of the sale so much less is booked.
            deal.sale.returns -= 1
            deal.sale.given_back += booked
            self.counts[f"{deal.service}s in force"] += booked > 0
        elif deal.service not in WITHIN:
            self.counted_on[deal.issuer] += booked
        self.counts[f"{deal.standing.name.lower()}"] += 1

    def _obligations(self, deal: Deal, exceptions: Iterable[Irregular]) -> None:
        excused = {row.transaction_id for row in exceptions}
        for row in self._stores[self._switch].about(deal.reference, Owed):
            whole = row.id == owed_key(row.link, row.original_id, REVERSAL)
            self.counts["reversals delivered" if whole else "advices and partial reversals delivered"] += 1
            if row.state == Sending.SETTLED:
                heard = row.response_code in SETTLING and row.response_code in deal.settled_by
                _holds(heard, Rule.ACKNOWLEDGED, deal, "an obligation ended without an acknowledgement")
            else:
                _holds(row.original_id in excused, Rule.ENDS, deal, "an obligation ended without an exception")
            kept = whole and deal.standing is Standing.GIVEN and deal.service not in MONEYLESS
            _holds(not kept, Rule.ONE_OBLIGATION, deal, "a reversal of what its acquirer keeps was invented")

    # -- the end of all

    def end(self, names: Iterable[str]) -> None:
        """Compare the sums of the issuers *names*.  Raises Violation."""
        for name in names:
            accounts = self._stores[name].every(Account)
            for sums in trial_balance(accounts).values():
                if sums != (0, 0):
                    raise Violation(Rule.LEDGER, f"{name}: the trial balance is {sums}")
            held = sum(ledger_balance(row) for row in accounts if row.id == settlement_id("centre"))
            if held != self.counted_on[name]:
                raise Violation(Rule.LEDGER, f"{name} owes {held}, the acquirers count on {self.counted_on[name]}")


def _note(deal: Deal, where: str, message: Message) -> None:
    if len(deal.story) < STORY_MAX:
        deal.story.append(f"{where} {message.mti} {message.fields.get(RESPONSE, '')!s}".rstrip())


def _holds(true: bool, rule: Rule, deal: Deal, text: str) -> None:
    if not true:
        raise Violation(rule, f"transaction {deal.number}, {deal.service} of {deal.amount}: {text}")
