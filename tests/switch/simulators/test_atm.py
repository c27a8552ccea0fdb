"""An ATM against a host that answers anything, or nothing, in any order."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from support.cardholders import ATM, CARD, CASSETTES, NOON, PIN

from switch.codec.message import Message
from switch.link.answers import reply_mti
from switch.simulators.atm import Atm, Cancelled, CardIn, PinTyped, Presented, Serviced, Stage, step
from switch.simulators.cassette import Cassette, worth
from switch.simulators.talk import (
    Answered,
    Dispense,
    Effect,
    Finished,
    Outcome,
    Retry,
    RetryLater,
    Return,
    ReversalAnswered,
    ReversalUnanswered,
    Reversed,
    Send,
    Unanswered,
)
from switch.simulators.terminal import BALANCE, PIN_CHANGE, TRANSFER, WITHDRAWAL, Offer
from switch.simulators.wording import Chosen

BLOCK = bytes(range(8))


def answer_to(message: Message, response: str) -> Message:
    fields = {number: message.fields[number] for number in (2, 3, 4, 11, 12, 13, 41) if number in message.fields}
    approval = {38: "A00001"} if response == "00" else {}
    return Message(reply_mti(message.mti), {**fields, 39: response, **approval})


def kinds(effects: tuple[Effect, ...]) -> list[str]:
    return [type(each).__name__ for each in effects]


def held(cassettes: tuple[Cassette, ...]) -> int:
    return sum(each.note * each.count for each in cassettes)


def asked(offer: Chosen, state: Atm | None = None) -> tuple[Atm, tuple[Effect, ...]]:
    """An ATM that has asked its host."""
    state = state or Atm(CASSETTES)
    for event in (CardIn(CARD.stripe), PinTyped(BLOCK)):
        state, _ = step(state, event, ATM, NOON)
    return step(state, offer, ATM, NOON)


def test_a_withdrawal() -> None:
    state, effects = asked(Chosen(WITHDRAWAL, 700_000))
    assert isinstance(effects[0], Send)
    message = effects[0].message
    assert (message.mti, message.fields[4], message.fields[52], message.fields[35]) == (
        "0200",
        700_000,
        BLOCK,
        CARD.track_2,
    )
    assert state.block == b"", "the block is kept no longer than it is needed"
    state, effects = step(state, Answered(answer_to(message, "00")), ATM, NOON)
    assert effects == (Dispense((1, 2)),)
    state, effects = step(state, Presented((1, 2)), ATM, NOON)
    assert kinds(effects) == ["Return", "Finished"]
    finished = effects[1]
    assert isinstance(finished, Finished)
    assert (finished.outcome, finished.actual, finished.approval) == (Outcome.APPROVED, 700_000, "A00001")
    assert (state.idle, held(state.cassettes)) == (True, held(CASSETTES) - 700_000)


def test_what_the_dispenser_does_not_give_is_reversed() -> None:
    for given, actual in (((0, 0), None), ((1, 0), 500_000), ((1, 1), 600_000)):
        state, effects = asked(Chosen(WITHDRAWAL, 700_000))
        assert isinstance(effects[0], Send)
        state, _ = step(state, Answered(answer_to(effects[0].message, "00")), ATM, NOON)
        state, effects = step(state, Presented(given), ATM, NOON)
        assert kinds(effects) == ["Send", "Return", "Finished"]
        reversing = effects[0]
        assert isinstance(reversing, Send)
        assert reversing.reversing
        assert str(reversing.message.fields.get(95, ""))[:12] == (f"{actual:012d}" if actual else "")
        assert not state.dispenser
        _, effects = asked(Chosen(WITHDRAWAL, 500_000), replace(state, talk=replace(state.talk, owed=None)))
        assert isinstance(effects[-1], Finished)
        assert effects[-1].outcome is Outcome.REFUSED


def test_no_answer_is_reversed_if_it_was_sent_and_moves_money() -> None:
    transfer = Chosen(TRANSFER, 5, from_id="1", to_id="2")
    for chosen, sent, reversed_ in (
        (Chosen(WITHDRAWAL, 500_000), True, True),
        (Chosen(WITHDRAWAL, 500_000), False, False),
        (transfer, True, True),
        (Chosen(BALANCE), True, False),
        (Chosen(PIN_CHANGE, new_block=BLOCK), True, False),
    ):
        state, _ = asked(chosen)
        state, effects = step(state, Unanswered(sent), ATM, NOON)
        assert any(isinstance(each, Send) for each in effects) is reversed_
        assert (state.talk.owed is not None) is reversed_
        assert isinstance(effects[-1], Finished)
        assert effects[-1].outcome is Outcome.UNABLE


def test_a_reversal_is_repeated_until_it_is_settled() -> None:
    state, _ = asked(Chosen(WITHDRAWAL, 500_000))
    state, _ = step(state, Unanswered(True), ATM, NOON)
    types = []
    for event in (ReversalUnanswered(False), ReversalUnanswered(True), *("91", "96", "68", "90")):
        owed = state.talk.owed
        assert owed is not None
        given = ReversalAnswered(answer_to(owed.message, event)) if isinstance(event, str) else event
        state, effects = step(state, given, ATM, NOON)
        assert kinds(effects) == ["RetryLater"]
        state, effects = step(state, Retry(), ATM, NOON)
        assert isinstance(effects[0], Send)
        types.append(effects[0].message.mti)
        assert step(state, Retry(), ATM, NOON) == (state, ()), "one at a time"
    assert types == ["0420"] + ["0421"] * 5, "a repeat says that it is one, once the first has left"
    assert state.talk.owed is not None
    stranger = answer_to(state.talk.owed.message.changed(fields={11: "999999"}), "00")
    assert step(state, ReversalAnswered(stranger), ATM, NOON) == (state, ())
    for response, irregular in (("00", False), ("21", False), ("25", False), ("12", True)):
        settled, effects = step(state, ReversalAnswered(answer_to(state.talk.owed.message, response)), ATM, NOON)
        assert settled.talk.owed is None
        assert effects == (Reversed("000001", response, irregular),)


def test_a_card_that_sticks_behind_a_transaction_is_told() -> None:
    state, effects = asked(Chosen(BALANCE))
    assert isinstance(effects[0], Send)
    stuck = replace(state, jammed=True)
    stuck, effects = step(stuck, Answered(answer_to(effects[0].message, "00")), ATM, NOON)
    assert Return(keep=True) in effects
    assert isinstance(effects[-1], Finished)
    assert effects[-1].text == "approved; the card is stuck"
    assert stuck.retained == 1


def test_an_approval_that_the_chip_does_not_accept_is_reversed() -> None:
    state, effects = asked(Chosen(WITHDRAWAL, 700_000))
    assert isinstance(effects[0], Send)
    state, effects = step(state, Answered(answer_to(effects[0].message, "00"), accepted=False), ATM, NOON)
    assert kinds(effects) == ["Send", "Return", "Finished"], "no money is counted out"
    assert (state.talk.owed is not None, held(state.cassettes)) == (True, held(CASSETTES))
    state, effects = asked(Chosen(BALANCE))
    assert isinstance(effects[0], Send)
    state, effects = step(state, Answered(answer_to(effects[0].message, "00"), accepted=False), ATM, NOON)
    assert kinds(effects) == ["Return", "Finished"]
    assert state.talk.owed is None, "there is nothing to reverse"
    finished = effects[-1]
    assert isinstance(finished, Finished)
    assert finished.outcome is Outcome.UNABLE


def test_an_approval_of_another_amount_is_no_approval() -> None:
    state, effects = asked(Chosen(WITHDRAWAL, 700_000))
    assert isinstance(effects[0], Send)
    other = answer_to(effects[0].message, "00").changed(fields={4: 500_000})
    state, effects = step(state, Answered(other), ATM, NOON)
    assert kinds(effects) == ["Send", "Return", "Finished"]
    assert state.talk.owed is not None
    assert held(state.cassettes) == held(CASSETTES)


def test_what_a_dispenser_claims_beyond_its_order_is_not_believed() -> None:
    state, effects = asked(Chosen(WITHDRAWAL, 700_000))
    assert isinstance(effects[0], Send)
    state, _ = step(state, Answered(answer_to(effects[0].message, "00")), ATM, NOON)
    state, effects = step(state, Presented((2, 2)), ATM, NOON)
    assert isinstance(effects[-1], Finished)
    assert (effects[-1].outcome, effects[-1].actual) == (Outcome.APPROVED, 700_000)


def test_cards_that_are_retained_or_stuck_or_unreadable() -> None:
    state, effects = asked(Chosen(BALANCE))
    assert isinstance(effects[0], Send)
    state, effects = step(state, Answered(answer_to(effects[0].message, "43")), ATM, NOON)
    assert Return(keep=True) in effects
    assert state.retained == 1
    state, effects = step(Atm(CASSETTES), CardIn(CARD.stripe[:-1] + "?"), ATM, NOON)
    assert kinds(effects) == ["Return", "Finished"]
    jammed, _ = step(Atm(CASSETTES), Serviced(CASSETTES, jammed=True), ATM, NOON)
    _, effects = step(jammed, CardIn(CARD.stripe), ATM, NOON)
    assert kinds(effects) == ["Finished"], "the reader takes none"


def test_without_paper_there_is_money_and_no_receipt() -> None:
    bare, _ = step(Atm(CASSETTES), Serviced(CASSETTES, paper=False), ATM, NOON)
    state, effects = asked(Chosen(BALANCE), bare)
    assert isinstance(effects[0], Send)
    _, effects = step(state, Answered(answer_to(effects[0].message, "00")), ATM, NOON)
    assert isinstance(effects[-1], Finished)
    assert (effects[-1].receipt, effects[-1].text) == (False, "approved; no receipt")


class AnyHost(RuleBasedStateMachine):
    """Everything that can happen to an ATM, with books kept beside it."""

    def __init__(self) -> None:
        super().__init__()
        self.atm = Atm(CASSETTES)
        self.request: Message | None = None
        self.answered = ""
        self.to_reverse: dict[str, int | None] = {}  # STAN → what the cardholder has of it; what must be reversed
        self.reversals: dict[str, list[Message]] = {}
        self.settled: list[str] = []
        self.approved = self.dispensed = 0

    def take(self, event: object) -> tuple[Effect, ...]:
        self.atm, effects = step(self.atm, event, ATM, NOON)  # type: ignore[arg-type]  # rules make events alone
        for effect in effects:
            if isinstance(effect, Send) and effect.reversing:
                self.reversals.setdefault(str(effect.message.fields[11]), []).append(effect.message)
            elif isinstance(effect, Send):
                assert self.atm.talk.owed is None, "nothing is asked while a reversal is owed"
                self.request = effect.message
            elif isinstance(effect, Reversed):
                self.settled.append(effect.stan)
        return effects

    @precondition(lambda self: self.atm.idle)
    @rule(
        amount=st.sampled_from((100_000, 700_000, 700_000, 1_200_000, 50_000)),
        offer=st.sampled_from((WITHDRAWAL, WITHDRAWAL, TRANSFER, BALANCE, PIN_CHANGE)),
        until=st.sampled_from(("chosen", "chosen", "chosen", "pin", "card")),
    )
    def come(self, amount: int, offer: Offer, until: str) -> None:
        self.take(CardIn(CARD.stripe))
        if until != "card":
            self.take(PinTyped(BLOCK))
        if until == "chosen":
            self.take(Chosen(offer, amount, from_id="1", to_id="2", new_block=BLOCK))

    @precondition(lambda self: self.atm.stage in (Stage.PIN, Stage.CHOOSING))
    @rule()
    def cancel(self) -> None:
        self.take(Cancelled())

    @rule(what=st.sampled_from(("card", "pin", "choice", "cancel", "answer", "silence", "notes", "refill")))
    def something_else(self, what: str) -> None:
        """What has no place in the stage changes nothing; an idle ATM can be filled up."""
        stage, asked_ = self.atm.stage, self.request
        events: dict[str, tuple[object, frozenset[Stage]]] = {
            "card": (CardIn(CARD.stripe), frozenset({Stage.IDLE})),
            "pin": (PinTyped(BLOCK), frozenset({Stage.PIN})),
            "choice": (Chosen(WITHDRAWAL, 100_000), frozenset({Stage.CHOOSING})),
            "cancel": (Cancelled(), frozenset({Stage.PIN, Stage.CHOOSING})),
            "silence": (Unanswered(True), frozenset({Stage.ASKED})),
            "notes": (Presented((1, 1)), frozenset({Stage.DISPENSING})),
        }
        if asked_ is not None:
            events["answer"] = (Answered(answer_to(asked_, "00")), frozenset({Stage.ASKED}))
        if what == "refill" and self.atm.idle:
            self.dispensed -= held(CASSETTES) - held(self.atm.cassettes)
            self.approved -= held(CASSETTES) - held(self.atm.cassettes)
            self.take(Serviced(CASSETTES))
        elif what in events and stage not in events[what][1]:
            before = self.atm
            assert self.take(events[what][0]) == ()
            assert self.atm == before

    @precondition(lambda self: self.atm.stage is Stage.ASKED)
    @rule(response=st.sampled_from(("00", "00", "00", "51", "43")))
    def answer(self, response: str) -> None:
        assert self.request is not None
        self.answered = response
        effects = self.take(Answered(answer_to(self.request, response)))
        dispenses = [each for each in effects if isinstance(each, Dispense)]
        withdrawal = str(self.request.fields[3])[:2] == "01"
        assert len(dispenses) == (response == "00" and withdrawal)
        if dispenses:
            amount = self.request.fields[4]
            assert isinstance(amount, int)
            assert worth(dispenses[0].counts, self.atm.cassettes) == amount
            self.approved += amount

    @precondition(lambda self: self.atm.stage is Stage.ASKED)
    @rule(sent=st.booleans())
    def no_answer(self, sent: bool) -> None:
        assert self.request is not None
        if sent and str(self.request.fields[3])[:2] in ("01", "40"):
            self.to_reverse[str(self.request.fields[11])] = None
        self.take(Unanswered(sent))

    @precondition(lambda self: self.atm.stage is Stage.DISPENSING)
    @rule(short=st.tuples(st.integers(0, 3), st.integers(0, 3)), whole=st.booleans(), claims=st.booleans())
    def present(self, short: tuple[int, int], whole: bool, claims: bool) -> None:
        assert self.request is not None
        told = self.atm.counting
        given = told if whole else (max(0, told[0] - short[0]), max(0, told[1] - short[1]))
        more = claims and whole and self.atm.cassettes[0].count > told[0]
        actual = worth(given, self.atm.cassettes)
        self.dispensed += actual
        if more:
            # What a dispenser claims beyond what it was told is not believed.
            self.take(Presented((told[0] + 1, told[1])))
            return
        if given != told:
            self.to_reverse[str(self.request.fields[11])] = actual
        self.take(Presented(given))

    @precondition(lambda self: self.atm.talk.owed)
    @rule(response=st.sampled_from(("00", "25", "91", "12")), same=st.booleans())
    def reversal_answer(self, response: str, same: bool) -> None:
        owed = self.atm.talk.owed
        if owed is not None:
            answer = answer_to(owed.message if same else owed.message.changed(fields={11: "999999"}), response)
            self.take(ReversalAnswered(answer))
            assert (self.atm.talk.owed is None) is (same and response != "91")

    @precondition(lambda self: self.atm.talk.owed and self.atm.talk.owed.under_way)
    @rule(sent=st.booleans())
    def reversal_unanswered(self, sent: bool) -> None:
        if self.atm.talk.owed is not None and self.atm.talk.owed.under_way:
            assert any(isinstance(each, RetryLater) for each in self.take(ReversalUnanswered(sent)))

    @precondition(lambda self: self.atm.talk.owed)
    @rule()
    def retry(self) -> None:
        owed = self.atm.talk.owed
        effects = self.take(Retry())
        if owed is not None and not owed.under_way:
            assert isinstance(effects[0], Send)
            assert effects[0].message.mti == ("0421" if owed.sent else "0420")

    @invariant()
    def books_agree(self) -> None:
        assert self.dispensed == held(CASSETTES) - held(self.atm.cassettes)
        assert self.dispensed <= self.approved
        assert self.reversals.keys() == self.to_reverse.keys(), "what must be reversed is, and nothing else"
        for stan, messages in self.reversals.items():
            actual = self.to_reverse[stan]
            first = messages[0].changed(mti="0420")
            assert all(each.changed(mti="0420") == first for each in messages), "a repeat is the same"
            assert str(first.fields.get(95, "0" * 12))[:12] == f"{actual or 0:012d}"
        assert len(self.settled) == len(set(self.settled))
        owed = self.atm.talk.owed
        still = {str(owed.message.fields[11])} if owed else set()
        assert set(self.settled) | still == set(self.to_reverse), "none is lost"

    @invariant()
    def nothing_is_shown(self) -> None:
        shown = repr(self.atm)
        assert CARD.pan not in shown
        assert PIN not in shown
        assert BLOCK.hex() not in shown
        assert repr(BLOCK)[2:-1] not in shown


TestAnyHost = AnyHost.TestCase
TestAnyHost.settings = settings(max_examples=200, stateful_step_count=40, deadline=None)
