"""Absent issuers, with somebody to stand in and without; and what they are told when they are back."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.hopside import ACQUIRER, approval, reversal, withdrawal
from support.standingside import POLICY, StandingBench

from switch.asking import Cause, NoAnswer
from switch.codec.message import Message
from switch.link.answers import reply_mti
from switch.saf.events import End
from switch.saf.rules import Rules
from switch.standin.policy import Trigger
from switch.store.rows import Irregular, Noted, Stage
from switch.store.standinrows import StandInApproval, StandInBin, StandInCard


def acknowledged(message: Message, response: str = "00") -> Message | None:
    """An issuer that answers advices and reversals, and nothing else."""
    if message.mti[2] != "2":
        return None
    return message.changed(mti=reply_mti(message.mti), fields={39: response}, without=(38, 60))


def stages(bench: StandingBench) -> list[str]:
    return [row.stage for row in bench.rows()]


# -- B49 to B52: stand-in


def test_an_issuer_out_of_contact_is_stood_in_for_and_told_when_it_is_back() -> None:
    bench = StandingBench()
    bench.issuer.says = acknowledged
    bench.lose()
    for stan in (1, 2):
        bench.acquirer.say(withdrawal(stan))
        bench.pass_()
    said = bench.acquirer.take()
    assert [(m.mti, m.fields[39], str(m.fields[38])[0]) for m in said] == [("0210", "00", "S")] * 2
    assert [row.reason for row in bench.memory.every(StandInApproval)] == ["1003"] * 2
    assert bench.memory.every(StandInBin)[0].exposed == 1_000_000
    bench.regain()
    told = bench.issuer.take()
    assert [(m.mti, m.fields[11], m.fields[60], m.fields[39]) for m in told] == [
        ("0220", "000001", "1003", "00"), ("0220", "000002", "1003", "00"),
    ]  # fmt: skip
    assert not any({35, 52} & m.fields.keys() for m in told)
    assert bench.ends == [("0220", End.SETTLED)] * 2
    assert [row.state for row in bench.memory.every(StandInApproval)] == ["settled"] * 2
    assert bench.memory.every(StandInBin)[0].exposed == 0
    bench.issuer.says = approval
    bench.acquirer.say(withdrawal(3))
    bench.pass_()
    assert bench.mtis() == ["0200"], "and traffic passes again"


def test_nothing_new_goes_to_an_issuer_before_it_knows_what_was_approved() -> None:
    bench = StandingBench()
    bench.lose()
    bench.acquirer.say(withdrawal(1))
    bench.pass_()
    bench.regain()
    assert bench.mtis() == ["0220"]
    bench.acquirer.say(withdrawal(2))
    bench.pass_()
    assert bench.responses() == ["00", "00"]
    assert bench.mtis() == [], "signed on, but not told yet: the switch goes on standing in"
    assert [row.reason for row in bench.memory.every(StandInApproval)] == ["1003", "1001"]


def test_after_a_time_out_the_advice_takes_the_place_of_the_reversal() -> None:
    bench = StandingBench()
    bench.acquirer.say(withdrawal())
    bench.pass_()
    (asked,) = bench.issuer.take()
    bench.issuer.says = acknowledged
    bench.pass_(20.0)
    assert bench.responses() == ["00"]
    told = bench.issuer.take()
    assert [(m.mti, m.fields[60]) for m in told if m.mti[1] != "8"] == [("0220", "1002")], "one, not both"
    bench.issuer.say(approval(asked))
    bench.pass_(60.0)
    assert bench.responses() == [], "a late answer is kept, and moves nothing"
    assert "0210" in [n.mti for n in bench.memory.every(Noted) if n.link == "bank-i"]
    assert "0420" not in bench.mtis()
    assert stages(bench) == [Stage.ANSWERED]


def test_the_reversal_of_what_was_stood_in_for_goes_behind_the_advice() -> None:
    bench = StandingBench()
    bench.lose()
    bench.acquirer.say(withdrawal())
    bench.pass_()
    for mti in ("0420", "0421"):
        bench.acquirer.say(reversal(mti=mti))
        bench.pass_()
    assert bench.responses() == ["00", "00", "00"]
    assert bench.memory.every(StandInCard)[0].amount_used == bench.memory.every(StandInBin)[0].exposed == 0
    bench.issuer.says = acknowledged
    bench.regain()
    assert bench.mtis() == ["0220", "0420"]
    assert stages(bench) == [Stage.REVERSED]


@pytest.mark.parametrize("signed_on", [False, True], ids=["out of contact", "not told yet"])
def test_an_approval_in_the_place_of_who_was_not_asked_is_reversed_too(signed_on: bool) -> None:
    bench = StandingBench()
    bench.lose()
    if signed_on:
        bench.acquirer.say(withdrawal(2))
        bench.pass_()
        bench.regain()
        assert bench.mtis() == ["0220"]
    bench.acquirer.say(withdrawal())
    bench.links[ACQUIRER].disconnected()
    bench.pass_()
    (row,) = (row for row in bench.rows() if row.stan == "000001")
    assert row.stage == Stage.REVERSAL_OWED
    bench.issuer.says = acknowledged
    bench.pass_(20.0)
    bench.regain()
    bench.pass_(60.0)
    assert [mti for mti in bench.mtis() if mti != "0221"] == ["0220", "0420"]
    assert Stage.REVERSED in stages(bench)


def test_an_approval_that_cannot_be_delivered_is_reversed_behind_its_advice() -> None:
    bench = StandingBench()
    bench.issuer.says = acknowledged
    bench.acquirer.say(withdrawal())
    bench.pass_()
    bench.mtis()
    bench.lose(ACQUIRER)
    bench.pass_(20.0)
    bench.pass_()
    assert bench.mtis() == ["0220", "0420"]
    assert stages(bench) == [Stage.REVERSED]


def test_what_the_policy_declines_after_a_time_out_is_reversed_as_always() -> None:
    bench = StandingBench(replace(POLICY, amount_a_day=400_000))
    bench.issuer.says = acknowledged
    bench.acquirer.say(withdrawal())
    bench.pass_()
    bench.pass_(20.0)
    bench.pass_()
    assert bench.responses() == ["61"]
    assert bench.mtis() == ["0200", "0420"]
    assert stages(bench) == [Stage.REVERSED]
    assert not bench.memory.every(StandInApproval)


def test_a_connection_that_breaks_over_a_request_is_stood_in_for() -> None:
    bench = StandingBench()
    bench.acquirer.say(withdrawal())
    bench.pass_()
    bench.lose()
    assert bench.responses() == ["00"]
    assert [row.reason for row in bench.memory.every(StandInApproval)] == ["1003"]


def test_without_an_hsm_nobody_stands_in() -> None:
    bench = StandingBench()
    bench.lose()
    bench.hsm.away = NoAnswer(Cause.NOT_ASKED)
    bench.acquirer.say(withdrawal())
    bench.pass_()
    assert bench.responses() == ["91"]
    assert not bench.owed()


def test_a_trigger_that_is_not_agreed_changes_nothing() -> None:
    bench = StandingBench(replace(POLICY, triggers=frozenset({Trigger.TIMED_OUT})))
    bench.lose()
    bench.acquirer.say(withdrawal())
    bench.pass_()
    assert bench.responses() == ["91"]


def test_a_refused_advice_is_an_exception() -> None:
    bench = StandingBench()
    bench.issuer.says = lambda asked: acknowledged(asked, "14")
    bench.lose()
    bench.acquirer.say(withdrawal())
    bench.pass_()
    bench.regain()
    assert [row.kind for row in bench.memory.every(Irregular)] == ["refused advice"]
    assert bench.memory.every(StandInBin)[0].exposed == 0
    assert bench.forwarding.may_pass("bank-i")


# -- F15 to F17, F28 to F30: nobody stands in, and every reversal arrives once


@pytest.mark.parametrize("written", [False, True])
def test_an_issuer_that_does_not_operate_is_told_when_it_is_back(written: bool) -> None:
    bench = StandingBench(None)
    if not written:
        bench.lose()
    bench.acquirer.say(withdrawal())
    bench.pass_()
    if written:
        bench.lose()
    assert bench.responses() == ["91"]
    bench.mtis()
    bench.issuer.says = acknowledged
    bench.regain()
    assert bench.mtis() == (["0420"] if written else [])
    assert stages(bench) == [Stage.REVERSED if written else Stage.ANSWERED]


@pytest.mark.parametrize("response", ["00", "51"])
def test_a_slow_issuer_is_told_at_once_and_its_late_answer_moves_nothing(response: str) -> None:
    bench = StandingBench(None)
    bench.acquirer.say(withdrawal())
    bench.pass_()
    (asked,) = bench.issuer.take()
    bench.pass_(20.0)
    assert bench.responses() == ["68"]
    assert bench.mtis() == ["0420"]
    bench.issuer.say(approval(asked, response))
    bench.issuer.says = acknowledged
    bench.pass_(20.0)
    assert bench.mtis() == ["0421"]
    assert stages(bench) == [Stage.REVERSED]
    assert bench.responses() == []
    bench.pass_(600.0)
    assert bench.mtis() == []


def test_an_issuer_that_puts_a_reversal_off_gets_it_again() -> None:
    bench = StandingBench(None)
    codes = iter(["91", "96", "68", "25"])
    bench.issuer.says = lambda asked: acknowledged(asked, next(codes)) if asked.mti[1] == "4" else None
    bench.acquirer.say(withdrawal())
    bench.pass_(20.0)
    for _ in range(10):
        bench.pass_(10.0)
    assert bench.mtis() == ["0200", "0420", "0421", "0421", "0421"]
    assert stages(bench) == [Stage.REVERSED]


def test_two_who_want_a_reversal_get_one() -> None:
    bench = StandingBench(None, Rules(window=4))
    bench.issuer.says = lambda asked: approval(asked) if asked.mti == "0200" else None
    bench.acquirer.full = True
    bench.acquirer.say(withdrawal())
    bench.lose(ACQUIRER)
    bench.acquirer.full = False
    bench.regain(ACQUIRER)
    bench.acquirer.say(reversal())
    bench.pass_()
    bench.issuer.says = acknowledged
    bench.pass_(30.0)
    assert bench.mtis() == ["0200", "0420", "0421"]
    assert bench.ends == [("0420", End.SETTLED)]
    assert stages(bench) == [Stage.REVERSED]
