"""A POS terminal: (state, event) → (state, effects).

It keeps the batch of its sales: a void or a refund is about one of them, and a settlement compares their totals with the
host's.  The last sale can be reversed by hand, as long as nothing came after it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from switch.codec.message import Message
from switch.codec.nested import Misfit
from switch.codec.specfile import load
from switch.simulators import talk as to_host
from switch.simulators.batch import Batch, Sale
from switch.simulators.card import Card
from switch.simulators.talk import (
    APPROVED,
    Answered,
    Asked,
    Effect,
    Finished,
    Outcome,
    Retry,
    ReversalAnswered,
    ReversalUnanswered,
    Talk,
    Unanswered,
    text_of,
)
from switch.simulators.terminal import BALANCE, PIN_CHANGE, REFUND, VOID, Offer, Terminal
from switch.simulators.wording import (
    APPROVAL,
    BATCH,
    DATE,
    MERCHANT,
    RESPONSE,
    STAN,
    TERMINAL,
    TIME,
    Chosen,
    Moment,
    request,
    said,
)

SETTLEMENT = Offer("settlement", "", pin=False, amount=False, reversible=False)
"""The reconciliation of a batch: 0500, answered with 00 (it agrees) or 95 (it doesn't)."""
REVERSAL = Offer("reversal", "", pin=False, amount=False)
MISMATCH = "95"


@dataclass(frozen=True)
class Bought:
    """The cashier has entered what was *chosen* for *card*; *block* is the PIN block, empty without a PIN."""

    chosen: Chosen
    card: Card
    block: bytes = field(default=b"", repr=False)


@dataclass(frozen=True)
class Settle:
    """The cashier wants the batch settled."""


@dataclass(frozen=True)
class TakeBack:
    """The cashier wants the last sale reversed."""


PosEvent = (
    Bought | Settle | TakeBack | Answered | Unanswered | ReversalAnswered | ReversalUnanswered | Retry
)  # fmt: skip


@dataclass(frozen=True)
class Pos:
    """The state of a POS terminal: *wanted* is what the host is asked for, *last* the message of the last sale."""

    batch: Batch = field(default_factory=Batch)
    talk: Talk = field(default_factory=Talk)
    wanted: Bought | None = None
    last: tuple[Message, Sale] | None = None

    @property
    def idle(self) -> bool:
        """Could the cashier enter something?"""
        return self.talk.asked is None


Stepped = tuple[Pos, tuple[Effect, ...]]


def step(pos: Pos, event: PosEvent, terminal: Terminal, moment: Moment) -> Stepped:
    """After *event*; what has no place now changes nothing.  Of *moment* the STAN is not used."""
    match event:
        case ReversalAnswered() | ReversalUnanswered() | Retry():
            return _about_reversal(pos, event)
        case Answered() if pos.talk.asked is not None:
            return _answered(replace(pos, talk=replace(pos.talk, asked=None)), pos.talk.asked, event)
        case Unanswered(sent) if pos.talk.asked is not None:
            return _unanswered(pos, pos.talk.asked, sent)
        case Bought() if pos.idle:
            return _bought(pos, event, terminal, moment)
        case Settle() if pos.idle:
            return _settle(pos, terminal, moment)
        case TakeBack() if pos.idle:
            return _take_back(pos)
    return pos, ()


def _about_reversal(pos: Pos, event: ReversalAnswered | ReversalUnanswered | Retry) -> Stepped:
    talk, effects = to_host.reversal_event(pos.talk, event)
    return replace(pos, talk=talk), effects


def _refuse(pos: Pos, offer: Offer, amount: int, text: str) -> Stepped:
    return pos, (Finished(offer, Outcome.REFUSED, text, amount, receipt=False),)


def _bought(pos: Pos, bought: Bought, terminal: Terminal, moment: Moment) -> Stepped:
    chosen = bought.chosen
    wrong = _wrong(pos, chosen)
    if wrong:
        return _refuse(pos, chosen.offer, chosen.amount, wrong)
    talk, batch = pos.talk.next_stan(), pos.batch.next_invoice()
    invoice = batch.invoice_digits if chosen.offer not in (BALANCE, PIN_CHANGE) else ""
    moment = replace(moment, stan=talk.stan_digits)
    try:
        message = request(terminal, chosen, bought.card, bought.block, moment, invoice)
    except Misfit:
        return _refuse(pos, chosen.offer, chosen.amount, "the card can't be read")
    talk, effects = to_host.ask(talk, Asked(message, chosen.offer, chosen.amount, invoice))
    return replace(pos, talk=talk, batch=batch if invoice else pos.batch, wanted=replace(bought, block=b"")), effects


def _wrong(pos: Pos, chosen: Chosen) -> str:
    """Why the terminal won't ask the host for this; empty if it will."""
    sale = chosen.sale
    if pos.talk.owed is not None:
        return "a reversal is not settled yet"
    if pos.batch.full:
        return "the batch is full: settle it first"
    if chosen.offer.amount and not 0 < chosen.amount < 10**12:
        return "an amount is needed"
    if not chosen.offer.of_sale:
        return ""
    if sale is None or sale.undone or sale.offer is REFUND:
        return "no such sale in this batch that could be undone"
    if chosen.amount > sale.amount - sale.refunded or (chosen.offer is VOID and chosen.amount != sale.amount):
        return "more than is left of this sale, or another amount than its own"
    return ""


def _answered(pos: Pos, asked: Asked, answered: Answered) -> Stepped:
    answer = answered.answer
    response = text_of(answer, RESPONSE)
    in_vain = to_host.in_vain(asked, answered) if response == APPROVED else ""
    if in_vain:
        owes = asked.offer.reversible
        talk, reversing = to_host.owe(pos.talk, asked.message, text_of(answer, APPROVAL)) if owes else (pos.talk, ())
        finished = Finished(
            asked.offer, Outcome.UNABLE, in_vain, asked.amount, None, asked.message, answer, asked.invoice,
            reversing=owes,
        )  # fmt: skip
        return replace(pos, talk=talk, wanted=None), (*reversing, finished)
    outcome, text = (Outcome.APPROVED, "approved") if response == APPROVED else (Outcome.DECLINED, "declined")
    if asked.offer is SETTLEMENT:
        text = "the totals don't agree" if response == MISMATCH else text
        pos = replace(pos, batch=pos.batch.settled(), last=None) if outcome is Outcome.APPROVED else pos
    elif outcome is Outcome.APPROVED:
        pos = _entered(pos, asked, text_of(answer, APPROVAL))
    finished = Finished(asked.offer, outcome, text, asked.amount, None, asked.message, answer, asked.invoice)
    return replace(pos, wanted=None), (finished,)


def _entered(pos: Pos, asked: Asked, approval: str) -> Pos:
    """With what was approved in the batch."""
    assert pos.wanted is not None
    sale, batch = pos.wanted.chosen.sale, pos.batch
    if sale is not None:
        again = batch.sale(sale.invoice) or sale
        void = asked.offer is VOID
        batch = batch.with_sale(
            replace(again, undone=void, refunded=again.refunded + (0 if void else asked.amount))
        )  # fmt: skip
    if not asked.invoice or asked.offer is VOID:
        return replace(pos, batch=batch, last=None)
    stan, time, date = (text_of(asked.message, number) for number in (STAN, TIME, DATE))
    made = Sale(asked.invoice, stan, time, date, asked.amount, approval, asked.offer)
    return replace(pos, batch=batch.with_sale(made), last=(asked.message, made))


def _unanswered(pos: Pos, asked: Asked, sent: bool) -> Stepped:
    talk, reversing = to_host.gave_up(pos.talk, asked, sent)
    text = "no answer from the host" if sent else "the host can't be reached"
    finished = Finished(
        asked.offer, Outcome.UNABLE, text, asked.amount, None, asked.message, invoice=asked.invoice,
        reversing=bool(reversing),
    )  # fmt: skip
    return replace(pos, talk=talk, wanted=None), (*reversing, finished)


def _take_back(pos: Pos) -> Stepped:
    if pos.talk.owed is not None:
        return _refuse(pos, REVERSAL, 0, "a reversal is not settled yet")
    if pos.last is None or pos.last[1].offer is REFUND:
        return _refuse(pos, REVERSAL, 0, "there is no last sale to reverse")
    message, sale = pos.last
    sale = pos.batch.sale(sale.invoice) or sale
    if sale.undone or sale.refunded:
        return _refuse(pos, REVERSAL, 0, "the last sale was undone already")
    talk, effects = to_host.owe(pos.talk, message, sale.approval)
    batch = pos.batch.with_sale(replace(sale, undone=True))
    told = Finished(
        REVERSAL, Outcome.APPROVED, "the reversal is on its way", sale.amount, None, message, invoice=sale.invoice,
        reversing=True,
    )  # fmt: skip
    return replace(pos, talk=talk, batch=batch, last=None), (*effects, told)


def _settle(pos: Pos, terminal: Terminal, moment: Moment) -> Stepped:
    if pos.talk.owed is not None:
        return _refuse(pos, SETTLEMENT, 0, "a reversal is not settled yet")
    talk = pos.talk.next_stan()
    plain: dict[int, str | int | bytes] = {
        STAN: talk.stan_digits, TIME: moment.time, DATE: moment.date, TERMINAL: terminal.id,
        MERCHANT: terminal.merchant.ljust(15), BATCH: f"{pos.batch.number:06d}",
    }  # fmt: skip
    message = said(load(terminal.spec), "0500", plain | dict(pos.batch.totals()))
    talk, effects = to_host.ask(talk, Asked(message, SETTLEMENT, 0))
    return replace(pos, talk=talk), effects
