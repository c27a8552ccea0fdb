"""A POS terminal against any host: its batch says what was approved, and what may have been in vain is reversed."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from support.cardholders import CARD, NOON, POS

from switch.codec.codec import codec
from switch.codec.message import Message
from switch.link.answers import reply_mti
from switch.simulators.batch import SALES_MAX, Batch, Sale
from switch.simulators.pos import Bought, Pos, Settle, TakeBack, step
from switch.simulators.talk import (
    Answered,
    Effect,
    Finished,
    Outcome,
    Retry,
    ReversalAnswered,
    ReversalUnanswered,
    Send,
    Unanswered,
)
from switch.simulators.terminal import BALANCE, CASH_ADVANCE, PURCHASE, REFUND, VOID, Offer
from switch.simulators.wording import Chosen


def answer_to(message: Message, response: str) -> Message:
    approval = {38: "A" + str(message.fields[11])[:5]} if response == "00" else {}
    return Message(reply_mti(message.mti), {11: message.fields[11], 41: message.fields[41], 39: response, **approval})


def sent(effects: tuple[Effect, ...]) -> Message:
    (found,) = [each.message for each in effects if isinstance(each, Send)]
    return found


def finished(effects: tuple[Effect, ...]) -> Finished:
    (found,) = [each for each in effects if isinstance(each, Finished)]
    return found


def sold(state: Pos, chosen: Chosen, response: str = "00") -> tuple[Pos, Finished, Message]:
    state, effects = step(state, Bought(chosen, CARD), POS, NOON)
    message = sent(effects)
    state, effects = step(state, Answered(answer_to(message, response)), POS, NOON)
    return state, finished(effects), message


def test_a_sale_is_voided_once() -> None:
    state, done, _ = sold(Pos(), Chosen(PURCHASE, 250_000))
    assert (done.outcome, done.invoice) == (Outcome.APPROVED, "000001")
    sale = state.batch.sale("000001")
    assert sale is not None
    _, effects = step(state, Bought(Chosen(VOID, 1, sale=sale), CARD), POS, NOON)
    assert finished(effects).outcome is Outcome.REFUSED, "a void is of the whole sale"
    state, done, message = sold(state, Chosen(VOID, 250_000, sale=sale))
    assert (done.outcome, message.fields[62]) == (Outcome.APPROVED, "000001")
    again = state.batch.sale("000001")
    _, effects = step(state, Bought(Chosen(VOID, 250_000, sale=again), CARD), POS, NOON)
    assert finished(effects).outcome is Outcome.REFUSED


def test_parts_are_refunded_up_to_the_sale() -> None:
    state, _, _ = sold(Pos(), Chosen(PURCHASE, 300))
    for amount, refused in ((200, False), (101, True), (100, False), (1, True)):
        chosen = Chosen(REFUND, amount, sale=state.batch.sale("000001"))
        state, effects = step(state, Bought(chosen, CARD), POS, NOON)
        if refused:
            assert finished(effects).outcome is Outcome.REFUSED
        else:
            state, _ = step(state, Answered(answer_to(sent(effects), "00")), POS, NOON)
    totals = state.batch.totals()
    assert (totals[86], totals[88], totals[97]) == (300, 300, "C" + "0" * 16)


def test_the_last_sale_is_taken_back_once() -> None:
    state, _, message = sold(Pos(), Chosen(CASH_ADVANCE, 300))
    state, effects = step(state, TakeBack(), POS, NOON)
    reversing = sent(effects)
    assert (reversing.mti, reversing.fields[11], reversing.fields[38]) == ("0420", message.fields[11], "A00000")
    for event in (TakeBack(), Settle(), Bought(Chosen(PURCHASE, 5), CARD)):
        _, effects = step(state, event, POS, NOON)
        assert finished(effects).outcome is Outcome.REFUSED, "first the reversal is settled"
    state, _ = step(state, ReversalAnswered(answer_to(reversing, "00")), POS, NOON)
    _, effects = step(state, TakeBack(), POS, NOON)
    assert finished(effects).outcome is Outcome.REFUSED
    assert state.batch.totals()[89] == 300


def test_a_settlement_compares_and_begins_another_batch() -> None:
    state, _, _ = sold(Pos(), Chosen(PURCHASE, 300))
    state, done, message = _settled(state, "95")
    assert (done.outcome, done.text) == (Outcome.DECLINED, "the totals don't agree")
    assert (message.mti, message.fields[60], message.fields[76], message.fields[88]) == (
        "0500",
        "000001",
        "0000000001",
        300,
    )
    codec(POS.spec).encode(message)
    assert len(state.batch.sales) == 1, "nothing is forgotten until the totals agree"
    state, done, _ = _settled(state, "00")
    assert (done.outcome, state.batch) == (Outcome.APPROVED, Batch(2, 1))


def _settled(state: Pos, response: str) -> tuple[Pos, Finished, Message]:
    state, effects = step(state, Settle(), POS, NOON)
    message = sent(effects)
    state, effects = step(state, Answered(answer_to(message, response)), POS, NOON)
    return state, finished(effects), message


def test_a_full_batch_is_settled_first() -> None:
    sales = tuple(
        Sale(f"{number:06d}", "000001", "120000", "1122", 1, "A1", PURCHASE) for number in range(1, SALES_MAX + 1)
    )
    _, effects = step(Pos(Batch(1, SALES_MAX, sales)), Bought(Chosen(PURCHASE, 1), CARD), POS, NOON)
    assert finished(effects).outcome is Outcome.REFUSED
    assert Batch(999_999, 999_999).next_invoice().invoice == 1
    assert Batch(999_999).settled().number == 1


def test_an_approval_of_another_amount_is_no_approval() -> None:
    state, effects = step(Pos(), Bought(Chosen(PURCHASE, 7), CARD), POS, NOON)
    state, effects = step(state, Answered(answer_to(sent(effects), "00").changed(fields={4: 5})), POS, NOON)
    assert (sent(effects).mti, finished(effects).outcome) == ("0420", Outcome.UNABLE)
    assert state.batch.sales == ()


def test_an_approval_that_the_chip_does_not_accept_is_reversed() -> None:
    state, effects = step(Pos(), Bought(Chosen(PURCHASE, 7), CARD), POS, NOON)
    state, effects = step(state, Answered(answer_to(sent(effects), "00"), accepted=False), POS, NOON)
    assert (sent(effects).mti, finished(effects).outcome) == ("0420", Outcome.UNABLE)
    assert state.batch.sales == ()
    state, effects = step(Pos(), Bought(Chosen(BALANCE), CARD), POS, NOON)
    state, effects = step(state, Answered(answer_to(sent(effects), "00"), accepted=False), POS, NOON)
    assert (state.talk.owed, finished(effects).outcome) == (None, Outcome.UNABLE)


@pytest.mark.parametrize("offer", [PURCHASE, BALANCE])
def test_no_answer_is_reversed_where_money_moves(offer: Offer) -> None:
    state, _ = step(Pos(), Bought(Chosen(offer, 5), CARD), POS, NOON)
    state, effects = step(state, Unanswered(True), POS, NOON)
    assert (sent(effects).mti == "0420") if offer is PURCHASE else not any(isinstance(e, Send) for e in effects)
    assert state.batch.sales == ()


class AnyHost(RuleBasedStateMachine):
    """Everything that can happen to a POS terminal, with books kept beside it."""

    def __init__(self) -> None:
        super().__init__()
        self.pos = Pos()
        self.wanted: Bought | None = None
        self.request: Message | None = None
        self.owed: set[str] = set()
        self.reversed_: set[str] = set()
        self.net = 0

    def take(self, event: object) -> tuple[Effect, ...]:
        self.pos, effects = step(self.pos, event, POS, NOON)  # type: ignore[arg-type]  # rules make events alone
        for effect in effects:
            if isinstance(effect, Send) and effect.reversing:
                self.reversed_.add(str(effect.message.fields[11]))
            elif isinstance(effect, Send):
                assert not self.pos.talk.owed
                self.request = effect.message
        return effects

    @precondition(lambda self: self.pos.idle)
    @rule(amount=st.integers(1, 9), offer=st.sampled_from((PURCHASE, CASH_ADVANCE)))
    def buy(self, amount: int, offer: Offer) -> None:
        self.wanted = Bought(Chosen(offer, amount), CARD)
        self.take(self.wanted)

    @precondition(lambda self: self.pos.idle and self.pos.batch.sales)
    @rule(which=st.integers(0, 50), amount=st.integers(1, 9), offer=st.sampled_from((VOID, REFUND)))
    def undo(self, which: int, amount: int, offer: Offer) -> None:
        sale = self.pos.batch.sales[which % len(self.pos.batch.sales)]
        self.wanted = Bought(Chosen(offer, sale.amount if offer is VOID else amount, sale=sale), CARD)
        self.take(self.wanted)

    @precondition(lambda self: not self.pos.idle)
    @rule(response=st.sampled_from(("00", "00", "51", "95")))
    def answer(self, response: str) -> None:
        assert self.request is not None
        if response == "00" and self.request.mti == "0500":
            self.net = 0
        elif response == "00":
            assert self.wanted is not None
            amount = self.wanted.chosen.amount
            self.net += -amount if self.wanted.chosen.offer in (VOID, REFUND) else amount
        self.take(Answered(answer_to(self.request, response)))

    @precondition(lambda self: not self.pos.idle)
    @rule(sent=st.booleans())
    def no_answer(self, sent: bool) -> None:
        assert self.request is not None
        if sent and self.request.mti == "0200":
            self.owed.add(str(self.request.fields[11]))
        self.take(Unanswered(sent))

    @precondition(lambda self: self.pos.idle)
    @rule()
    def take_back(self) -> None:
        last = self.pos.last
        effects = self.take(TakeBack())
        if finished(effects).outcome is Outcome.APPROVED:
            assert last is not None
            self.owed.add(last[1].stan)
            self.net -= last[1].amount

    @precondition(lambda self: self.pos.idle)
    @rule()
    def settle(self) -> None:
        self.take(Settle())

    @rule(response=st.sampled_from(("00", "21", "91")))
    def reversal_answer(self, response: str) -> None:
        if self.pos.talk.owed is not None:
            self.take(ReversalAnswered(answer_to(self.pos.talk.owed.message, response)))

    @rule(sent=st.booleans())
    def reversal_unanswered(self, sent: bool) -> None:
        self.take(ReversalUnanswered(sent))

    @rule()
    def retry(self) -> None:
        self.take(Retry())

    @invariant()
    def the_batch_says_what_was_approved(self) -> None:
        totals: Mapping[int, str | int] = self.pos.batch.totals()
        sign = 1 if str(totals[97])[0] == "C" else -1
        assert sign * int(str(totals[97])[1:]) == self.net
        assert self.net >= 0
        assert self.owed == self.reversed_
        assert all(sale.refunded <= sale.amount for sale in self.pos.batch.sales)
        assert CARD.pan not in repr(self.pos)


TestAnyHost = AnyHost.TestCase
TestAnyHost.settings = settings(max_examples=200, stateful_step_count=40, deadline=None)
