"""Keys come under the TMK, in both dialects, and are confirmed by their check value."""

from __future__ import annotations

import pytest
from support.cardholders import ATM, COMPONENTS, PAN, PIN, POS, TPK, check_value, pin_in, under_tmk

from switch.codec.codec import codec
from switch.codec.message import Message, Parts, Value
from switch.keys.terminalforms import Given, form_of
from switch.link.profile import Profile
from switch.simulators.epp import Epp, KeyRefused
from switch.simulators.keying import answered, key_request, taken
from switch.simulators.terminal import Terminal
from switch.simulators.wording import Moment

TAGGED = form_of(codec("napas"))


def brought(tags: list[tuple[str, Value]], mti: str = "0800") -> Message:
    return Message(mti, {11: "000007", 41: "ATM00001", 48: Parts(tags), 70: "161"})


@pytest.mark.parametrize("terminal", [ATM, POS], ids=lambda each: each.id)
def test_a_key_comes_through_the_dialect(terminal: Terminal) -> None:
    speaking = codec(terminal.spec)
    request = key_request(terminal, Profile(), Moment("000007", "120000", "1122"))
    assert request is not None
    assert speaking.decode(speaking.encode(request)).fields[70] == "101"
    told = brought([("01", under_tmk(TPK)), ("02", check_value(TPK)), ("03", "000004")], "0810")
    epp = Epp(COMPONENTS)
    heard = speaking.decode(speaking.encode(told))
    assert taken(epp, heard, form_of(speaking)) == {48: Parts([("02", check_value(TPK)), ("03", "000004")])}
    assert pin_in(epp.block(PIN, PAN)) == PIN


def test_an_offer_is_confirmed_or_refused() -> None:
    epp = Epp(COMPONENTS)
    good = answered(
        epp, brought([("01", under_tmk(TPK)), ("02", check_value(TPK)), ("03", "000004")]), Profile(), TAGGED
    )
    assert (good.mti, good.fields[39], good.fields[41], good.fields[11]) == ("0810", "00", "ATM00001", "000007")
    assert good.fields[48] == Parts([("02", check_value(TPK)), ("03", "000004")])
    bad = answered(epp, brought([("01", under_tmk(TPK)), ("02", "000000"), ("03", "000005")]), Profile(), TAGGED)
    assert (bad.fields[39], 48 in bad.fields) == ("63", False)
    assert pin_in(epp.block(PIN, PAN)) == PIN, "the key before is still there"


def test_a_key_comes_as_other_dialects_have_it() -> None:
    for name in ("pos", "banknet", "bcd"):
        speaking, epp = codec(name), Epp(COMPONENTS)
        form = form_of(speaking)
        told = Message("0810", {11: "000007", **form.give(Given(0, check_value(TPK), under_tmk(TPK)))})
        confirmed = Message("0810", taken(epp, speaking.decode(speaking.encode(told)), form))
        assert form.confirmed(speaking.decode(speaking.encode(confirmed))) == check_value(TPK)
        assert pin_in(epp.block(PIN, PAN)) == PIN


@pytest.mark.parametrize("tags", [[], [("01", "X")], [("02", "000000")], [("01", Parts([])), ("02", "000000")]])
def test_what_brings_no_key_is_refused(tags: list[tuple[str, Value]]) -> None:
    with pytest.raises(KeyRefused):
        taken(Epp(COMPONENTS), brought(tags), TAGGED)
    with pytest.raises(KeyRefused):
        taken(Epp(COMPONENTS), Message("0810", {48: "X"}), TAGGED)


def test_a_link_without_the_code_asks_for_no_key() -> None:
    assert key_request(POS, Profile(codes={}), Moment("000007", "120000", "1122")) is None
