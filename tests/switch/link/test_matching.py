"""Matching: the cases of the networks' rules, and a model."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from switch.codec.message import Message
from switch.link.matching import Admission, KeyRule, Outstanding, Timers, Verdict

REQUEST = Message("0200", {7: "1122334455", 11: "000042", 32: "970436", 41: "ATM00001"})
REPLY = REQUEST.changed(mti="0210", fields={39: "00"})


def table(**bounds: int) -> Outstanding[str]:
    return Outstanding(KeyRule(), 20.0, **bounds)


def test_a_reply_answers_its_request_once() -> None:
    outstanding = table()
    assert outstanding.ask(REQUEST, "w1", 0.0) is Admission.TAKEN
    assert outstanding.ask(REQUEST.changed(mti="0201"), "again", 1.0) is Admission.KEY_OUTSTANDING
    found = outstanding.answer(REPLY, 3.0)
    assert (found.verdict, found.about, found.seconds) == (Verdict.ANSWERS, "w1", 3.0)
    assert outstanding.answer(REPLY, 4.0).verdict is Verdict.DUPLICATE


def test_the_answer_to_a_reversal_is_not_taken_for_the_withdrawals_with_the_same_stan() -> None:
    outstanding = table()
    outstanding.ask(REQUEST, "withdrawal", 0.0)
    outstanding.ask(REQUEST.changed(mti="0420"), "reversal", 0.0)
    assert outstanding.answer(REPLY.changed(mti="0430"), 1.0).about == "reversal"
    assert outstanding.answer(REPLY, 1.0).about == "withdrawal"


def test_the_whole_type_tells_an_advice_from_a_request() -> None:
    outstanding: Outstanding[str] = Outstanding(KeyRule("mti", (11,)), 20.0)
    outstanding.ask(REQUEST, "request", 0.0)
    assert outstanding.ask(REQUEST.changed(mti="0220"), "advice", 0.0) is Admission.TAKEN
    assert outstanding.answer(REPLY.changed(mti="0230"), 1.0).about == "advice"


def test_after_t2_an_answer_is_late_whether_or_not_the_time_out_was_taken() -> None:
    outstanding = table()
    outstanding.ask(REQUEST, "w1", 0.0)
    assert outstanding.next_due() == 20.0
    assert outstanding.expire(19.9) == []
    assert outstanding.answer(REPLY, 20.0).verdict is Verdict.LATE
    assert outstanding.expire(20.0) == ["w1"]
    late = outstanding.answer(REPLY, 30.0)
    assert (late.verdict, late.about, late.seconds) == (Verdict.LATE, "w1", 30.0)
    assert outstanding.answer(REPLY, 31.0).verdict is Verdict.DUPLICATE, "the second late answer"
    assert outstanding.ask(REQUEST.changed(mti="0201"), "w1 again", 32.0) is Admission.TAKEN
    assert outstanding.answer(REPLY, 33.0).verdict is Verdict.ANSWERS


def test_what_is_past_is_forgotten_in_time_and_by_number() -> None:
    outstanding = table(remembered_max=2)
    for stan in ("000001", "000002", "000003"):
        outstanding.ask(REQUEST.changed(fields={11: stan}), stan, 0.0)
    outstanding.expire(20.0)
    assert outstanding.remembered == 2
    assert outstanding.answer(REPLY.changed(fields={11: "000001"}), 21.0).verdict is Verdict.UNMATCHED
    assert outstanding.answer(REPLY.changed(fields={11: "000003"}), 319.9).verdict is Verdict.LATE
    assert outstanding.answer(REPLY.changed(fields={11: "000002"}), 320.0).verdict is Verdict.UNMATCHED
    outstanding.expire(320.0)
    assert outstanding.remembered == 0


def test_the_table_is_bounded_and_what_was_not_sent_leaves_it() -> None:
    outstanding = table(outstanding_max=1)
    outstanding.ask(REQUEST, "one", 0.0)
    other = REQUEST.changed(fields={11: "000043"})
    assert outstanding.ask(other, "two", 0.0) is Admission.FULL
    assert outstanding.withdraw(REQUEST) == "one"
    assert outstanding.withdraw(REQUEST) is None
    assert outstanding.ask(other, "two", 0.0) is Admission.TAKEN


def test_a_lost_connection_gives_back_what_was_outstanding_and_knows_its_late_answers() -> None:
    outstanding = table()
    outstanding.ask(REQUEST, "w1", 0.0)
    assert outstanding.clear(5.0) == ["w1"]
    assert len(outstanding) == 0
    assert outstanding.answer(REPLY, 9.0).verdict is Verdict.LATE


def test_an_unmatched_reply_says_what_was_compared_and_masks_it() -> None:
    outstanding: Outstanding[str] = Outstanding(KeyRule(elements=(2, 11, 41)), 20.0)
    assert (
        outstanding.answer(REPLY, 0.0).trace
        == "compared class 02, DE 2 -, DE 11 000042, DE 41 ATM00001 with 0 outstanding"
    )
    outstanding.ask(REQUEST.changed(fields={2: "9704360000000001"}), "w1", 0.0)
    outstanding.ask(REQUEST.changed(mti="0800", fields={11: "000099"}), "n1", 0.0)
    trace = outstanding.answer(REPLY.changed(fields={2: "9704360000000019"}), 0.0).trace
    assert trace == (
        "compared class 02, DE 2 970436******0019, DE 11 000042, DE 41 ATM00001 with 2 outstanding; "
        "nearest class 02, DE 2 970436******0001, DE 11 000042, DE 41 ATM00001"
    )


def test_blanks_that_fill_an_element_do_not_count() -> None:
    outstanding = table()
    outstanding.ask(REQUEST.changed(fields={41: "ATM1"}), "w1", 0.0)
    assert outstanding.answer(REPLY.changed(fields={41: "ATM1    "}), 0.0).verdict is Verdict.ANSWERS


@pytest.mark.parametrize(("mti", "elements"), [("class", (52,)), ("class", (11, 35)), ("stan", (11,)), ("class", ())])
def test_a_key_is_made_of_no_secret(mti: str, elements: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="no secret"):
        KeyRule(mti, elements)


@pytest.mark.parametrize(("t0", "t1", "t2"), [(45, 30, 30), (30, 30, 20), (45, 30, 0)])
def test_each_waits_less_long_than_who_asked_it(t0: float, t1: float, t2: float) -> None:
    with pytest.raises(ValueError, match="T2 is shorter"):
        Timers(t0, t1, t2)


class Model(RuleBasedStateMachine):
    """Against dicts that remember everything: every verdict follows from the history of a key."""

    def __init__(self) -> None:
        super().__init__()
        self.outstanding: Outstanding[int] = Outstanding(KeyRule(elements=(11,)), 20.0, outstanding_max=3)
        self.now = 0.0
        self.count = 0
        self.due: dict[str, tuple[int, float]] = {}
        self.past: dict[str, tuple[int, float, bool]] = {}

    @rule(stan=st.sampled_from("abcde"))
    def ask(self, stan: str) -> None:
        self.count += 1
        admission = self.outstanding.ask(Message("0200", {11: stan}), self.count, self.now)
        if stan in self.due:
            assert admission is Admission.KEY_OUTSTANDING
        elif len(self.due) == 3:
            assert admission is Admission.FULL
        else:
            assert admission is Admission.TAKEN
            self.past.pop(stan, None)
            self.due[stan] = (self.count, self.now + 20)

    @rule(stan=st.sampled_from("abcde"))
    def answer(self, stan: str) -> None:
        found = self.outstanding.answer(Message("0210", {11: stan}), self.now)
        if stan in self.due:
            about, due = self.due[stan]
            assert found.about == about
            assert found.verdict is (Verdict.ANSWERS if self.now < due else Verdict.LATE)
            if self.now < due:
                del self.due[stan]
                self.past[stan] = (about, self.now, True)
        elif stan in self.past and self.now < self.past[stan][1] + 300:
            about, since, answered = self.past[stan]
            assert (found.about, found.verdict) == (about, Verdict.DUPLICATE if answered else Verdict.LATE)
            self.past[stan] = (about, since, True)
        else:
            assert found.verdict is Verdict.UNMATCHED
            assert stan in found.trace

    @rule(seconds=st.sampled_from((0.0, 1.0, 19.0, 20.0, 299.0, 301.0)))
    def wait(self, seconds: float) -> None:
        self.now += seconds
        late = {stan: each for stan, each in self.due.items() if each[1] <= self.now}
        assert self.outstanding.expire(self.now) == sorted(about for about, _ in late.values())
        for stan, (about, _) in late.items():
            del self.due[stan]
            self.past[stan] = (about, self.now, False)

    @invariant()
    def agrees(self) -> None:
        assert len(self.outstanding) == len(self.due)
        assert self.outstanding.next_due() == min((due for _, due in self.due.values()), default=None)


TestModel = Model.TestCase
TestModel.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
