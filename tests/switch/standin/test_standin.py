"""Approvals in an issuer's place: what is agreed, what is counted, and what the issuer is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from support.bookkeeping import owed
from support.hopside import PAN, withdrawal
from support.kept import Kept

from switch.asking import Cause, Holder, NoAnswer, Verified, VerifyPinByPvv
from switch.codec.codec import codec
from switch.codec.message import Message, MessageError
from switch.flow.ports import Decision, Use, WorkingKey
from switch.flow.request import Request
from switch.routing.bins import BinRow, Kind
from switch.saf.events import Conclude, End
from switch.saf.works import conclude
from switch.services.catalogue import Service
from switch.services.servicefile import packaged
from switch.standin import counting
from switch.standin.policy import CardLine, Listing, Policy, Trigger
from switch.standin.standin import Delivery, StandIn, StandInIssuer
from switch.store.numbers import Numbers
from switch.store.rows import Irregular, Owed, Sending, owed_key
from switch.store.standinrows import StandInApproval, StandInBin, StandInCard

DAY = "20261122"
CARD = "c" * 32
BIN = BinRow("970411", "bank i", Kind.MEMBER, "bank-i", "banknet", "970411", "basic")
KEY = WorkingKey("bank-a", Use.PIN, Holder.ZONE, 1, "U" + "1" * 32)
RIGHT, WRONG = [Verified(True)], [Verified(False)]
POLICY = Policy(
    "basic", frozenset({"withdrawal", "purchase"}), frozenset(Trigger), "704", 2_000_000, 3, 3_000_000,
    pvk="U" + "A" * 32, cards={CARD: CardLine(Listing.POSITIVE, pvki="1", pvv="4921")},
)  # fmt: skip


def service(name: str, channel: str = "atm") -> Service:
    return next(row for row in packaged().rows if (row.name, row.channel) == (name, channel))


def request(stan: int = 1, amount: int = 500_000, day: str = DAY, name: str = "withdrawal", **more: object) -> Request:
    message = withdrawal(stan, amount, **more)  # type: ignore[arg-type]  # elements, as the function takes them
    channel = "atm" if name == "withdrawal" else "pos" if name == "purchase" else "atm"
    return Request(f"{day}/{stan}", "bank-a", message, service(name, channel), day, 1, PAN, amount, "704")


def onward(asked: Request, link: str) -> Message:
    assert link == "bank-i"
    return asked.message


class Bench:
    def __init__(self, policy: Policy = POLICY, card: str = CARD) -> None:
        self.store, self.numbers = Kept(), Numbers(1)
        delivery = Delivery(
            onward, lambda link: codec("banknet"), self.numbers.next, lambda: "1122130059", lambda: 5_000_000
        )
        self.standin = StandIn({"basic": policy}, lambda pan: card, delivery)

    def issuer(self, asked: Request, trigger: Trigger = Trigger.SIGNED_OFF, row: BinRow = BIN) -> StandInIssuer:
        found = self.standin.issuer(row, trigger, asked)
        assert found is not None
        return found

    def ask(self, asked: Request, answers: object = RIGHT, trigger: Trigger = Trigger.SIGNED_OFF) -> Decision:
        issuer = self.issuer(asked, trigger)
        questions = self.store.do(lambda view: issuer.questions(view, asked, [KEY]))
        if isinstance(questions, Decision):
            return questions
        given = answers if isinstance(answers, list) else [answers]
        return self.store.do(lambda view: issuer.decide(view, asked, given[: len(questions)]))


def with_line(line: CardLine | None, **changes: object) -> Policy:
    cards: Mapping[str, CardLine] = MappingProxyType({} if line is None else {CARD: line})
    return replace(POLICY, cards=cards, **changes)  # type: ignore[arg-type]  # fields of a policy


def test_an_approval_is_counted_and_owed_to_the_issuer_as_an_advice() -> None:
    bench, asked = Bench(), request()
    decision = bench.ask(asked, trigger=Trigger.TIMED_OUT)
    assert decision.response == "00"
    assert len(decision.approval) == 6
    [row] = bench.store.every(Owed)
    assert row.id == owed_key("bank-i", asked.id, "advice")
    assert (row.mti, row.state, row.queued_us) == ("0220", Sending.WAITING, 5_000_000)
    told = codec("banknet").decode(row.body)
    assert told.mti == "0220"
    assert {n: told.fields[n] for n in (2, 4, 7, 11, 37, 38, 39, 41, 60)} == {
        2: PAN, 4: 500_000, 7: "1122130059", 11: "000001", 37: "000000000001", 38: decision.approval, 39: "00",
        41: "ATM00001", 60: "1002",
    }  # fmt: skip
    assert not {35, 52} & told.fields.keys()
    [approval] = bench.store.every(StandInApproval)
    assert (approval.reason, approval.state, approval.amount) == ("1002", "open", 500_000)
    assert bench.store.every(StandInCard) == [StandInCard(CARD, DAY, 500_000, 1, 0)]
    assert bench.store.every(StandInBin) == [StandInBin("970411", 500_000)]


def test_asked_again_it_decides_as_before_and_counts_once() -> None:
    bench, asked = Bench(), request()
    issuer = bench.issuer(asked)
    first = bench.ask(asked)
    assert bench.store.do(lambda view: issuer.decide(view, asked, RIGHT)) == first
    assert len(bench.store.every(Owed)) == 1
    assert bench.store.every(StandInCard)[0].count_used == 1


def test_what_is_being_reversed_is_not_approved() -> None:
    bench, asked = Bench(), request()
    row = replace(owed(asked.id, 1), state=Sending.SETTLED)
    bench.store.do(lambda view: view.put(row))
    assert bench.ask(asked).response == "91"
    assert bench.store.every(Owed) == [row], "one, not both"


def test_nobody_stands_in_for_what_is_not_agreed() -> None:
    standin = Bench(
        replace(POLICY, triggers=frozenset({Trigger.SIGNED_OFF}), services=frozenset({"withdrawal"}))
    ).standin
    asked = request()
    assert standin.issuer(BIN, Trigger.SIGNED_OFF, asked) is not None
    assert standin.issuer(BIN, Trigger.TIMED_OUT, asked) is None
    assert standin.issuer(replace(BIN, stand_in=""), Trigger.SIGNED_OFF, asked) is None
    assert standin.issuer(replace(BIN, stand_in="other"), Trigger.SIGNED_OFF, asked) is None
    for other in (replace(asked, currency="840"), request(name="purchase"), request(name="balance")):
        assert standin.issuer(BIN, Trigger.SIGNED_OFF, other) is None
    forbidden = replace(asked, service=replace(asked.service, stand_in=False))
    assert standin.issuer(BIN, Trigger.SIGNED_OFF, forbidden) is None


@pytest.mark.parametrize(
    ("line", "listed_only", "response"),
    [
        (None, False, "91"),  # its PIN can't be verified
        (None, True, "91"),
        (CardLine(Listing.NEGATIVE, "43"), False, "43"),
        (CardLine(Listing.POSITIVE), False, "91"),
        (CardLine(Listing.LIMIT, amount=400_000, pvki="1", pvv="4921"), False, "61"),
        (CardLine(Listing.LIMIT, amount=2_900_000, pvki="1", pvv="4921"), True, "00"),
    ],
)
def test_the_issuers_files_decide(line: CardLine | None, listed_only: bool, response: str) -> None:
    assert Bench(with_line(line, listed_only=listed_only)).ask(request()).response == response


def test_a_pin_is_verified_by_the_pvv_that_the_issuer_left() -> None:
    bench, asked = Bench(), request()
    [question] = bench.store.do(lambda view: list(bench.issuer(asked).questions(view, asked, [KEY])))  # type: ignore[arg-type]  # no refusal
    assert question == VerifyPinByPvv(
        Holder.ZONE, KEY.cryptogram, POLICY.pvk, bytes.fromhex("0123456789ABCDEF"), PAN, "1", "4921"
    )
    assert bench.ask(asked, NoAnswer(Cause.NOT_ASKED)).response == "91"
    assert Bench(replace(POLICY, pvk="")).ask(asked).response == "91"
    assert not bench.store.every(Owed)
    without_keys = bench.store.do(lambda view: bench.issuer(asked).questions(view, asked, []))
    assert without_keys == Decision("91")


def test_an_answer_that_is_missing_approves_nothing() -> None:
    bench, asked = Bench(), request()
    issuer = bench.issuer(asked)
    for answers in ([], [None], [Verified(True), Verified(True)]):
        assert bench.store.do(lambda view, given=answers: issuer.decide(view, asked, given)).response == "91"  # type: ignore[misc]


def test_wrong_pins_are_counted_for_a_day() -> None:
    bench = Bench()
    for stan in (1, 2, 3):
        assert bench.ask(request(stan), WRONG).response == "55"
    assert bench.ask(request(4)).response == "75"
    assert bench.ask(request(5, day="20261123")).response == "00"


def test_a_withdrawal_needs_a_pin_and_a_purchase_does_not() -> None:
    bench = Bench(with_line(None))
    for name, response in (("withdrawal", "55"), ("purchase", "00")):
        asked = request(name=name)
        asked = replace(asked, message=asked.message.changed(without=(52,)))
        assert bench.ask(asked).response == response


def test_a_card_is_good_to_the_end_of_its_month() -> None:
    for expires, response in (("2610", "54"), ("2611", "00")):
        asked = request(DE14=expires)
        assert Bench().ask(asked).response == response
        track = request(DE35=f"{PAN}D{expires}1010000000000")
        track = replace(track, message=track.message.changed(without=(14,)))
        assert Bench().ask(track).response == response


def test_limits_of_a_day_and_of_a_prefix() -> None:
    bench = Bench()
    assert bench.ask(request(1, 2_000_001)).response == "61"
    for stan in (2, 3, 4):
        assert bench.ask(request(stan, 600_000)).response == "00"
    assert bench.ask(request(5, 1)).response == "65"
    assert bench.ask(request(6, 1_200_001, "20261123")).response == "91", "too much that the issuer has not been told"
    assert bench.ask(request(7, 1_200_000, "20261123")).response == "00"
    assert bench.ask(request(8, 500, "20261122")).response == "91", "of a day that is over, but it counts for this one"
    assert bench.ask(request(9, 0)).response == "91"


def test_an_issuer_that_could_not_be_told_is_not_stood_in_for() -> None:
    bench, asked = Bench(), request()

    def unsayable(asked: Request, link: str) -> Message:
        raise MessageError("DE 4", None, "something else")

    bench.standin = replace(bench.standin, delivery=replace(bench.standin.delivery, onward=unsayable))
    assert bench.ask(asked).response == "91"
    assert not bench.store.every(StandInApproval)


def test_a_refused_advice_is_an_exception_and_no_exposure() -> None:
    bench, asked = Bench(), request()
    bench.ask(asked)
    [row] = bench.store.every(Owed)
    bench.store.do(conclude(Conclude(row.id, End.REFUSED, "12"), 7, counting.told).decide)
    assert [each.kind for each in bench.store.every(Irregular)] == ["refused advice"]
    assert bench.store.every(StandInApproval)[0].state == "refused"
    assert bench.store.every(StandInBin)[0].exposed == 0


class Counting(RuleBasedStateMachine):
    """Whatever is approved, reversed and told in whatever order: limits hold, and sums are those of the approvals."""

    @initialize()
    def begin(self) -> None:
        self.bench, self.stan = Bench(), 0
        self.given: dict[str, int] = {}

    @rule(
        amount=st.integers(1, 900_000), late=st.booleans(), right=st.booleans() | st.just(True),
        trigger=st.sampled_from(Trigger),
    )  # fmt: skip
    def asks(self, amount: int, late: bool, right: bool, trigger: Trigger) -> None:
        self.stan += 1
        asked = request(self.stan, amount, "20261123" if late else DAY)
        if self.bench.ask(asked, [Verified(right)], trigger).response == "00":
            assert right
            self.given[asked.id] = amount

    @precondition(lambda self: self.given)
    @rule(which=st.integers(0, 99), part=st.integers(1, 3))
    def reversed(self, which: int, part: int) -> None:
        id = sorted(self.given)[which % len(self.given)]
        amount = max(self.given[id] // part, 1)
        if self.given[id]:
            self.given[id] -= amount
            self.bench.store.do(lambda view: counting.leave(view, id, self.given[id]))

    @precondition(lambda self: any(each.state == Sending.WAITING for each in self.bench.store.every(Owed)))
    @rule(end=st.sampled_from(End), twice=st.booleans())
    def told(self, end: End, twice: bool) -> None:
        row = next(each for each in self.bench.store.every(Owed) if each.state == Sending.WAITING)
        for _ in range(1 + twice):
            self.bench.store.do(conclude(Conclude(row.id, end, "00"), 7, counting.told).decide)

    @invariant()
    def sums_agree(self) -> None:
        approvals = {row.id: row for row in self.bench.store.every(StandInApproval)}
        assert {id: row.amount for id, row in approvals.items()} == self.given
        exposed = sum(row.amount for row in approvals.values() if row.state == counting.OPEN)
        assert exposed == sum(row.exposed for row in self.bench.store.every(StandInBin))
        assert exposed <= POLICY.exposure
        for day in (DAY, "20261123"):
            of_day = [row for row in approvals.values() if row.used_date == day and row.amount]
            assert sum(row.amount for row in of_day) <= POLICY.amount_a_day
            assert len(of_day) <= POLICY.count_a_day
        assert {row.original_id for row in self.bench.store.every(Owed)} == approvals.keys()


TestCounting = Counting.TestCase
TestCounting.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
