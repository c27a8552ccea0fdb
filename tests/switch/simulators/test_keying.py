"""Keys come under the TMK, in both dialects, and are confirmed by their check value."""

from __future__ import annotations

import pytest
from support.cardholders import ATM, COMPONENTS, PAN, PIN, POS, TPK, check_value, pin_in, under_tmk

from switch.codec.codec import codec
from switch.codec.message import Message, Parts, Value
from switch.link.profile import Profile
from switch.simulators.epp import Epp, KeyRefused
from switch.simulators.keying import answered, key_request, taken
from switch.simulators.terminal import Terminal
from switch.simulators.wording import Moment


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
    assert taken(epp, speaking.decode(speaking.encode(told))) == Parts([("02", check_value(TPK)), ("03", "000004")])
    assert pin_in(epp.block(PIN, PAN)) == PIN


def test_an_offer_is_confirmed_or_refused() -> None:
    epp = Epp(COMPONENTS)
    good = answered(epp, brought([("01", under_tmk(TPK)), ("02", check_value(TPK)), ("03", "000004")]), Profile())
    assert (good.mti, good.fields[39], good.fields[41], good.fields[11]) == ("0810", "00", "ATM00001", "000007")
    assert good.fields[48] == Parts([("02", check_value(TPK)), ("03", "000004")])
    bad = answered(epp, brought([("01", under_tmk(TPK)), ("02", "000000")]), Profile())
    assert (bad.fields[39], 48 in bad.fields) == ("63", False)
    assert pin_in(epp.block(PIN, PAN)) == PIN, "the key before is still there"


@pytest.mark.parametrize("tags", [[], [("01", "X")], [("02", "000000")], [("01", Parts([])), ("02", "000000")]])
def test_what_brings_no_key_is_refused(tags: list[tuple[str, Value]]) -> None:
    with pytest.raises(KeyRefused):
        taken(Epp(COMPONENTS), brought(tags))
    with pytest.raises(KeyRefused):
        taken(Epp(COMPONENTS), Message("0810", {48: "X"}))


def test_a_link_without_the_code_asks_for_no_key() -> None:
    assert key_request(POS, Profile(codes={}), Moment("000007", "120000", "1122")) is None
