"""An ATM: (state, event) → (state, effects).

    IDLE → PIN → CHOOSING → ASKED → DISPENSING → IDLE

Money is counted out only after an approval, and what the dispenser doesn't give out of it is reversed: all of it, or the
rest by naming the actual amount.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum

from switch.codec.message import Message
from switch.codec.nested import Misfit
from switch.simulators import talk as to_host
from switch.simulators.card import Card, CardUnreadable, swiped
from switch.simulators.cassette import Cassette, Counts, notes_for, taken_out, worth
from switch.simulators.talk import (
    APPROVED,
    Answered,
    Asked,
    Dispense,
    Effect,
    Finished,
    Outcome,
    Retry,
    Return,
    ReversalAnswered,
    ReversalUnanswered,
    Talk,
    Unanswered,
    text_of,
)
from switch.simulators.terminal import TRANSFER, WITHDRAWAL, Terminal
from switch.simulators.wording import APPROVAL, RESPONSE, Chosen, Moment, request

RETAINED = frozenset({"04", "41", "43"})
"""DE 39 that asks for the card: capture, lost, stolen."""


class Stage(Enum):
    """Where the cardholder stands."""

    IDLE = "no card"
    PIN = "the card is in; its PIN is awaited"
    CHOOSING = "a service is awaited"
    ASKED = "the host is asked"
    DISPENSING = "banknotes are counted out"


@dataclass(frozen=True)
class CardIn:
    """A card was put in: what is on its stripe, and what its chip says (empty: it has none, or is not read by it).

    *chip_track* is the chip's own track 2.
    """

    stripe: str = field(repr=False)
    chip: bytes = field(default=b"", repr=False)
    chip_track: str = field(default="", repr=False)


@dataclass(frozen=True)
class PinTyped:
    """The keypad made a PIN block, 8 bytes, of what was typed."""

    block: bytes = field(repr=False)


@dataclass(frozen=True)
class Cancelled:
    """The cardholder pressed Cancel, or went away."""


@dataclass(frozen=True)
class Presented:
    """The dispenser has given out *counts*, which may be less than what it should have."""

    counts: Counts


@dataclass(frozen=True)
class Serviced:
    """Someone has opened the ATM: other *cassettes*, paper or none, a card jam or none, the *dispenser* in order."""

    cassettes: tuple[Cassette, ...]
    paper: bool = True
    jammed: bool = False
    dispenser: bool = True


AtmEvent = (
    CardIn | PinTyped | Chosen | Cancelled | Presented | Serviced | Answered | Unanswered | ReversalAnswered
    | ReversalUnanswered | Retry
)  # fmt: skip


@dataclass(frozen=True)
class Atm:
    """The state of an ATM.

    *approved* is the answer whose money is being counted out, *counting* the notes.  *jammed*: a card sticks in the
    reader.  *dispenser* is false since it has failed.
    """

    cassettes: tuple[Cassette, ...]
    stage: Stage = Stage.IDLE
    card: Card | None = None
    block: bytes = field(default=b"", repr=False)
    talk: Talk = field(default_factory=Talk)
    approved: tuple[Asked, Message] | None = None
    counting: Counts = ()
    paper: bool = True
    jammed: bool = False
    dispenser: bool = True
    retained: int = 0

    @property
    def idle(self) -> bool:
        """Could a card be put in?"""
        return self.stage is Stage.IDLE


Stepped = tuple[Atm, tuple[Effect, ...]]


def step(atm: Atm, event: AtmEvent, terminal: Terminal, moment: Moment) -> Stepped:
    """After *event*; what has no place in the stage changes nothing.  Of *moment* the STAN is not used."""
    match event, atm.stage:
        case ((ReversalAnswered() | ReversalUnanswered() | Retry()), _):
            talk, effects = to_host.reversal_event(atm.talk, event)
            return replace(atm, talk=talk), effects
        case Serviced(cassettes, paper, jammed, dispenser), Stage.IDLE:
            return replace(atm, cassettes=cassettes, paper=paper, jammed=jammed, dispenser=dispenser), ()
        case CardIn(), Stage.IDLE:
            return _card_in(atm, event)
        case PinTyped(block), Stage.PIN:
            return replace(atm, stage=Stage.CHOOSING, block=block), ()
        case Chosen(), Stage.CHOOSING:
            return _chosen(atm, event, terminal, moment)
        case Cancelled(), (Stage.PIN | Stage.CHOOSING):
            return _end(atm, Finished(None, Outcome.REFUSED, "cancelled", receipt=False))
        case Answered(), Stage.ASKED:
            return _answered(atm, event)
        case Unanswered(sent), Stage.ASKED:
            return _unanswered(atm, sent)
        case Presented(counts), Stage.DISPENSING:
            return _presented(atm, counts)
    return atm, ()


def _end(atm: Atm, finished: Finished, *before: Effect, keep: bool = False) -> Stepped:
    """Finish with the cardholder.  A card that can't come out stays in the reader, which is out of order then."""
    stuck = atm.jammed and not keep
    idle = replace(
        atm, stage=Stage.IDLE, card=None, block=b"", approved=None, counting=(), retained=atm.retained + (keep or stuck)
    )
    if finished.receipt and not atm.paper:
        finished = replace(finished, receipt=False, text=f"{finished.text}; no receipt")
    if stuck:
        finished = replace(finished, text=f"{finished.text}; the card is stuck")
    return idle, (*before, Return(keep or stuck), finished)


def _refuse(atm: Atm, chosen: Chosen | None, text: str) -> Stepped:
    offer, amount = (chosen.offer, chosen.amount) if chosen else (None, 0)
    return _end(atm, Finished(offer, Outcome.REFUSED, text, amount, receipt=False))


def _card_in(atm: Atm, event: CardIn) -> Stepped:
    if atm.jammed:
        return atm, (Finished(None, Outcome.REFUSED, "the card reader is out of order", receipt=False),)
    try:
        card = replace(swiped(event.stripe), chip=event.chip, chip_track=event.chip_track)
    except CardUnreadable:
        return _refuse(atm, None, "the card can't be read")
    return replace(atm, stage=Stage.PIN, card=card), ()


def _chosen(atm: Atm, chosen: Chosen, terminal: Terminal, moment: Moment) -> Stepped:
    assert atm.card is not None
    wrong = _wrong(atm, chosen)
    if wrong:
        return _refuse(atm, chosen, wrong)
    counts = notes_for(chosen.amount, atm.cassettes) if chosen.offer is WITHDRAWAL else ()
    if counts is None:
        return _refuse(atm, chosen, "these banknotes don't make this amount")
    talk = atm.talk.next_stan()
    try:
        message = request(terminal, chosen, atm.card, atm.block, replace(moment, stan=talk.stan_digits))
    except Misfit:
        return _refuse(atm, chosen, "the card can't be read")
    talk, effects = to_host.ask(talk, Asked(message, chosen.offer, chosen.amount))
    return replace(atm, stage=Stage.ASKED, talk=talk, block=b"", counting=counts), effects


def _wrong(atm: Atm, chosen: Chosen) -> str:
    """Why the ATM won't ask the host for this; empty if it will."""
    if atm.talk.owed is not None:
        return "a reversal is not settled yet"
    if chosen.offer is WITHDRAWAL and not atm.dispenser:
        return "the dispenser is out of order"
    if chosen.offer.amount and not 0 < chosen.amount < 10**12:
        return "an amount is needed"
    if chosen.offer is TRANSFER and not (chosen.from_id and chosen.to_id):
        return "two accounts are needed"
    return ""


def _answered(atm: Atm, answered: Answered) -> Stepped:
    asked, answer = atm.talk.asked, answered.answer
    assert asked is not None
    atm = replace(atm, talk=replace(atm.talk, asked=None))
    response = text_of(answer, RESPONSE)
    in_vain = to_host.in_vain(asked, answered) if response == APPROVED else ""
    if in_vain:
        owes = asked.offer.reversible
        talk, reversing = to_host.owe(atm.talk, asked.message, text_of(answer, APPROVAL)) if owes else (atm.talk, ())
        finished = Finished(
            asked.offer, Outcome.UNABLE, in_vain, asked.amount, None, asked.message, answer, reversing=owes
        )  # fmt: skip
        return _end(replace(atm, talk=talk), finished, *reversing)
    if response == APPROVED and asked.offer is WITHDRAWAL:
        return replace(atm, stage=Stage.DISPENSING, approved=(asked, answer)), (Dispense(atm.counting),)
    outcome, text = (Outcome.APPROVED, "approved") if response == APPROVED else (Outcome.DECLINED, "declined")
    finished = Finished(asked.offer, outcome, text, asked.amount, None, asked.message, answer)
    return _end(atm, finished, keep=response in RETAINED)


def _unanswered(atm: Atm, sent: bool) -> Stepped:
    asked = atm.talk.asked
    assert asked is not None
    talk, reversing = to_host.gave_up(atm.talk, asked, sent)
    text = "no answer from the bank" if sent else "the bank can't be reached"
    finished = Finished(
        asked.offer, Outcome.UNABLE, text, asked.amount, None, asked.message, reversing=bool(reversing)
    )  # fmt: skip
    return _end(replace(atm, talk=talk), finished, *reversing)


def _presented(atm: Atm, counts: Counts) -> Stepped:
    assert atm.approved is not None
    asked, answer = atm.approved
    # A dispenser can't give out what it was not told to; what it says beyond that is not believed.
    given = tuple(min(each, told) for each, told in zip(counts, atm.counting, strict=True))
    actual = worth(given, atm.cassettes)
    atm = replace(atm, cassettes=taken_out(given, atm.cassettes))
    if given == atm.counting:
        done = Finished(asked.offer, Outcome.APPROVED, "take your money", asked.amount, actual, asked.message, answer)
        return _end(atm, done)
    talk, reversing = to_host.owe(atm.talk, asked.message, text_of(answer, APPROVAL), actual or None)
    text = "only part of the amount could be dispensed" if actual else "nothing could be dispensed"
    finished = Finished(
        asked.offer, Outcome.UNABLE, text, asked.amount, actual, asked.message, answer, reversing=True
    )  # fmt: skip
    return _end(replace(atm, talk=talk, dispenser=False), finished, *reversing)
