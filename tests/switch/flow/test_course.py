"""Courses of transactions on one hop, with the far ends, the clock, the store and the HSM in the test's hands."""

from __future__ import annotations

import pytest
from support.hopside import ACQUIRER, ISSUER, HopBench, approval, reversal, withdrawal

from switch.asking import Cause, NoAnswer
from switch.codec.message import Message
from switch.flow.answers import original_stan
from switch.flow.books import UNPROVED
from switch.flow.partner import Partner, Unproved
from switch.link.events import Order
from switch.store.rows import Irregular, Noted, Stage


def test_an_approved_withdrawal_passes_and_is_kept() -> None:
    bench = HopBench()
    bench.issuer.says = approval
    bench.acquirer.say(withdrawal())
    bench.pass_()
    (asked,), (answered,) = bench.issuer.take(), bench.acquirer.take()
    assert (asked.mti, asked.fields[15], asked.fields[4]) == ("0200", "1122", 500_000)
    assert (answered.mti, answered.fields[39], answered.fields[38]) == ("0210", "00", "123456")
    assert 52 not in answered.fields
    assert 35 not in answered.fields
    (row,) = bench.rows()
    assert (row.stage, row.response_code, row.approval, row.service) == (Stage.ANSWERED, "00", "123456", "withdrawal")
    assert [(n.link, n.direction, n.mti) for n in bench.memory.every(Noted)] == [
        ("bank-a", "in", "0200"), ("bank-i", "out", "0200"), ("bank-i", "in", "0210"), ("bank-a", "out", "0210"),
    ]  # fmt: skip
    assert bench.exchange.figures.answered == {("withdrawal", "00"): 1}
    assert bench.exchange.under_way == 0


def test_a_decline_passes_unchanged_and_owes_nothing() -> None:
    bench = HopBench()
    bench.issuer.says = lambda asked: approval(asked, "51")
    bench.acquirer.say(withdrawal())
    bench.pass_()
    assert [m.fields[39] for m in bench.acquirer.take()] == ["51"]
    assert not bench.owed()
    assert bench.rows()[0].response_code == "51"


def test_nothing_is_sent_before_it_is_kept_nor_delivered_before_the_answer_is() -> None:
    bench = HopBench()
    bench.memory.away = True
    bench.acquirer.say(withdrawal())
    bench.pass_()
    assert not bench.issuer.take()
    assert not bench.acquirer.take(), "whether it was approved before only the store could tell"
    bench.memory.away = False
    bench.acquirer.say(withdrawal(2))
    bench.pass_()
    (asked,) = bench.issuer.take()
    bench.memory.away = True
    bench.issuer.say(approval(asked))
    bench.pass_()
    assert not bench.acquirer.take()


def test_a_repeat_of_what_was_approved_is_not_denied_while_the_store_is_away() -> None:
    bench = HopBench()
    bench.issuer.says = approval
    bench.acquirer.say(withdrawal())
    bench.pass_()
    (answered,) = bench.acquirer.take()
    bench.memory.away = True
    bench.acquirer.say(withdrawal().changed(mti="0201"))
    bench.pass_()
    assert not bench.acquirer.take()
    bench.memory.away = False
    bench.acquirer.say(withdrawal().changed(mti="0201"))
    bench.pass_()
    assert bench.acquirer.take() == [answered]


def test_an_approval_that_could_not_be_delivered_is_not_given_to_a_repeat() -> None:
    bench = HopBench()
    bench.acquirer.say(withdrawal())
    bench.pass_()
    (asked,) = bench.issuer.take()
    bench.links[ACQUIRER].disconnected()
    bench.issuer.say(approval(asked))
    bench.pass_()
    assert [owed.mti for owed in bench.owed()] == ["0420"]
    bench.links[ACQUIRER].order(Order.OPEN)
    bench.links[ACQUIRER].connected(bench.acquirer)
    bench.acquirer.say(withdrawal().changed(mti="0201"))
    bench.pass_()
    assert [m.fields[39] for m in bench.acquirer.take() if m.mti == "0210"] == ["68"]


MIDNIGHT = 12 * 3600.0
"""The bench begins at noon."""


def test_a_repeat_after_the_date_has_turned_is_one() -> None:
    bench = HopBench()
    bench.issuer.says = approval
    bench.pass_(MIDNIGHT - 1.0)
    bench.acquirer.say(withdrawal())
    bench.pass_()
    (answered,) = (m for m in bench.acquirer.take() if m.mti == "0210")
    bench.pass_(5.0)
    bench.acquirer.say(withdrawal().changed(mti="0201"))
    bench.pass_()
    assert [m for m in bench.acquirer.take() if m.mti == "0210"] == [answered]
    assert len(bench.rows()) == 1
    # The same numbers in a message of another time are another transaction.
    bench.acquirer.say(withdrawal(DE7="1123000004"))
    bench.pass_()
    assert len(bench.rows()) == 2


@pytest.mark.parametrize(("written", "response"), [("1122235959", "94"), ("1123000500", "94"), ("1123003000", "00")])
def test_a_reversal_before_the_date_turns_bars_what_was_written_before_it(written: str, response: str) -> None:
    bench = HopBench()
    bench.issuer.says = approval
    bench.pass_(MIDNIGHT - 1.0)
    bench.acquirer.say(reversal().changed(fields={7: "1122235959"}))
    bench.pass_()
    bench.pass_(5.0)
    bench.acquirer.take()
    bench.acquirer.say(withdrawal(DE7=written))
    bench.pass_()
    assert [m.fields[39] for m in bench.acquirer.take() if m.mti == "0210"] == [response]


def test_a_request_that_comes_after_its_advice_and_the_turn_of_the_date_is_refused() -> None:
    bench = HopBench()
    bench.pass_(MIDNIGHT - 1.0)
    bench.acquirer.say(advice().changed(fields={7: "1122235959"}))
    bench.pass_()
    bench.pass_(5.0)
    bench.acquirer.take()
    bench.acquirer.say(withdrawal(DE7="1122235930"))
    bench.pass_()
    assert [m.fields[39] for m in bench.acquirer.take() if m.mti == "0210"] == ["94"]


def test_a_time_out_declines_and_owes_one_reversal() -> None:
    bench = HopBench()
    bench.acquirer.say(withdrawal())
    bench.pass_()
    bench.pass_(20.0)
    assert [m.fields[39] for m in bench.acquirer.take()] == ["68"]
    (owed,) = bench.owed()
    assert (owed.link, owed.original_id) == (ISSUER, bench.rows()[0].id)
    body = bench.links[ISSUER].codec.decode(owed.body)
    assert (body.mti, body.fields[11], original_stan(body)) == ("0420", "000001", "000001")
    assert body.fields[7] == "1122120020"
    assert not {52, 35, 14} & body.fields.keys()
    # The late answer is kept and moves nothing; nor does the acquirer's own reversal owe another.
    (asked,) = bench.issuer.take()
    bench.issuer.say(approval(asked))
    bench.acquirer.say(reversal())
    bench.pass_()
    assert [m.mti for m in bench.acquirer.take()] == ["0430"]
    assert bench.owed() == [owed]
    assert bench.rows()[0].stage == Stage.REVERSAL_OWED


def test_the_issuers_end_of_the_line() -> None:
    bench = HopBench()
    bench.acquirer.say(withdrawal())
    bench.pass_()
    bench.issuer.hang_up()
    bench.pass_()
    assert [m.fields[39] for m in bench.acquirer.take()] == ["91"]
    assert len(bench.owed()) == 1
    bench.acquirer.say(withdrawal(2))
    bench.pass_()
    assert [m.fields[39] for m in bench.acquirer.take()] == ["91"]
    assert len(bench.owed()) == 1


def test_an_approval_that_cannot_be_delivered_is_taken_back() -> None:
    bench = HopBench()
    bench.acquirer.say(withdrawal())
    bench.pass_()
    (asked,) = bench.issuer.take()
    bench.acquirer.hang_up()
    bench.issuer.say(approval(asked))
    bench.pass_()
    assert len(bench.owed()) == 1
    assert (bench.rows()[0].stage, bench.rows()[0].delivery) == (Stage.REVERSAL_OWED, "failed")


def test_a_decline_that_cannot_be_delivered_is_not() -> None:
    bench = HopBench()
    bench.acquirer.say(withdrawal())
    bench.pass_()
    (asked,) = bench.issuer.take()
    bench.acquirer.hang_up()
    bench.issuer.say(approval(asked, "51"))
    bench.pass_()
    assert not bench.owed()
    assert bench.rows()[0].stage == Stage.ANSWERED


def test_a_repeat_gets_the_same_answer_and_asks_nobody() -> None:
    bench = HopBench()
    bench.issuer.says = approval
    bench.acquirer.say(withdrawal())
    bench.pass_()
    (first,) = bench.acquirer.take()
    bench.acquirer.say(withdrawal().changed(mti="0201"))
    bench.pass_()
    assert bench.acquirer.take() == [first]
    assert len(bench.issuer.take()) == len(bench.rows()) == 1


def test_another_request_under_the_numbers_of_one_is_a_duplicate() -> None:
    bench = HopBench()
    bench.issuer.says = approval
    for message in (withdrawal(), withdrawal(amount=100)):
        bench.acquirer.say(message)
        bench.pass_()
    assert [m.fields[39] for m in bench.acquirer.take()] == ["00", "94"]


def test_a_reversal_of_the_unknown_leaves_a_tombstone() -> None:
    bench = HopBench()
    bench.acquirer.say(reversal())
    bench.acquirer.say(withdrawal())
    bench.pass_()
    assert [(m.mti, m.fields[39]) for m in bench.acquirer.take()] == [("0430", "25"), ("0210", "94")]
    assert not bench.issuer.take()
    assert [row.stage for row in bench.rows()] == [Stage.TOMBSTONE]


def test_a_reversal_while_the_issuer_thinks() -> None:
    bench = HopBench()
    bench.acquirer.say(withdrawal())
    bench.pass_()
    (asked,) = bench.issuer.take()
    bench.acquirer.say(reversal())
    bench.pass_()
    assert [(m.mti, m.fields[39]) for m in bench.acquirer.take()] == [("0430", "00")]
    bench.issuer.say(approval(asked))
    bench.pass_()
    assert not bench.acquirer.take()
    assert len(bench.owed()) == 1


def test_a_reversal_of_an_approval_and_its_repeats() -> None:
    bench = HopBench()
    bench.issuer.says = lambda asked: approval(asked) if asked.mti == "0200" else None
    bench.acquirer.say(withdrawal())
    bench.pass_()
    for mti in ("0420", "0421", "0421"):
        bench.acquirer.say(reversal(mti=mti))
        bench.pass_()
    assert [(m.mti, m.fields[39]) for m in bench.acquirer.take()] == [("0210", "00")] + [("0430", "00")] * 3
    assert len(bench.owed()) == 1


def test_partial_reversals_add_up_and_never_exceed() -> None:
    bench = HopBench()
    bench.issuer.says = lambda asked: approval(asked) if asked.mti == "0200" else None
    bench.acquirer.say(withdrawal())
    bench.pass_()
    for left in (300_000, 300_000, 100_000, 400_000, 600_000):
        bench.acquirer.say(reversal().changed(fields={95: f"{left:012d}{0:012d}C00000000C00000000"}))
        bench.pass_()
    assert [m.fields[39] for m in bench.acquirer.take()] == ["00", "00", "00", "00", "00", "77"]
    assert bench.rows()[0].amount_reversed == 400_000
    bodies = [bench.links[ISSUER].codec.decode(owed.body) for owed in bench.owed()]
    assert sorted(str(body.fields[95])[:12] for body in bodies) == ["000000100000", "000000300000"]


@pytest.mark.parametrize("cause", list(Cause))
def test_without_the_hsm_nothing_goes_on(cause: Cause) -> None:
    bench = HopBench()
    bench.hsm.away = NoAnswer(cause)
    bench.acquirer.say(withdrawal())
    bench.pass_()
    (answered,) = bench.acquirer.take()
    assert answered.fields[39] == ("86" if cause is Cause.REFUSED else "96")
    assert not bench.issuer.take()


def test_what_asks_nothing_known_is_refused() -> None:
    bench = HopBench()
    for message, response in (
        (withdrawal(1, DE3="770000"), "12"),
        (withdrawal(2, pan="9704110000000004"), "14"),
        (withdrawal(3, pan="4000001234562"), "15"),
    ):
        bench.acquirer.say(message)
        bench.pass_()
        (answered,) = bench.acquirer.take()
        assert answered.fields[39] == response


def advice(amount: int = 500_000, mti: str = "0220", approval: str = "STAND1") -> Message:
    return withdrawal(amount=amount).changed(mti=mti, fields={38: approval}, without=(35, 52))


def test_an_advice_is_acknowledged_and_owed_to_the_issuer_once() -> None:
    bench = HopBench()
    for mti in ("0220", "0221"):
        bench.acquirer.say(advice(mti=mti))
        bench.pass_()
    assert [(m.mti, m.fields[39]) for m in bench.acquirer.take()] == [("0230", "00")] * 2
    (owed,) = bench.owed()
    assert (owed.mti, bench.links[ISSUER].codec.decode(owed.body).fields[38]) == ("0220", "STAND1")


@pytest.mark.parametrize("first", ["0220", "0420"])
def test_of_an_advice_and_a_reversal_the_first_that_is_kept_wins(first: str) -> None:
    bench = HopBench()
    bench.issuer.says = lambda asked: approval(asked) if asked.mti == "0200" else None
    messages = [withdrawal(), advice(approval="123456"), reversal()]
    for message in messages if first == "0220" else [messages[0], messages[2], messages[1]]:
        bench.acquirer.say(message)
        bench.pass_()
    assert [m.fields[39] for m in bench.acquirer.take()] == ["00", "00", "21"]
    assert [owed.mti for owed in bench.owed()] == [first]
    assert len(bench.memory.every(Irregular)) == 1


def unproved_bench(response: str = "00") -> HopBench:
    """An answer of the issuer's was delivered to an acquirer that is reversed for if its connection does not last."""
    bench = HopBench(partners=[Partner(ACQUIRER, "970405", unproved=Unproved.REVERSE)])
    bench.issuer.says = lambda asked: approval(asked, response)
    bench.acquirer.say(withdrawal())
    bench.pass_()
    assert [m.fields[39] for m in bench.acquirer.take()] == [response]
    return bench


def test_an_approval_that_may_not_have_arrived_is_reversed_where_that_is_agreed() -> None:
    bench = unproved_bench()
    assert bench.exchange.under_way == 1
    bench.links[ACQUIRER].disconnected()
    bench.pass_()
    assert [row.link for row in bench.owed()] == [ISSUER]
    assert [row.stage for row in bench.rows()] == [Stage.REVERSAL_OWED]
    assert [(row.kind, row.link) for row in bench.memory.every(Irregular)] == [(UNPROVED, ACQUIRER)]
    assert bench.exchange.under_way == 0


def test_one_whose_connection_has_lasted_is_not() -> None:
    bench = unproved_bench()
    bench.pass_(bench.links[ACQUIRER].config.timers.t1_seconds)
    assert bench.exchange.under_way == 0
    bench.links[ACQUIRER].disconnected()
    bench.pass_()
    assert not bench.owed()
    assert not bench.memory.every(Irregular)


def test_the_acquirers_own_reversal_in_between_is_the_only_one() -> None:
    bench = unproved_bench()
    bench.acquirer.say(reversal())
    bench.pass_()
    bench.links[ACQUIRER].disconnected()
    bench.pass_()
    assert len(bench.owed()) == 1
    assert not bench.memory.every(Irregular)


def test_a_refusal_needs_no_proof() -> None:
    bench = unproved_bench("51")
    assert bench.exchange.under_way == 0
    bench.links[ACQUIRER].disconnected()
    bench.pass_()
    assert not bench.owed()
