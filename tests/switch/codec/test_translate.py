"""What is said in one dialect is said in another, or refused; nothing is lost on the way."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.messages import messages, published

from switch.codec.codec import codec
from switch.codec.message import Message, MessageError, Parts
from switch.codec.specfile import SpecError, load, names, read
from switch.codec.translate import Translator

DIALECTS = st.sampled_from([name for name in names() if load(name).edition == "1987"])
pairs = st.tuples(DIALECTS, DIALECTS).flatmap(lambda two: st.tuples(*map(st.just, two), messages(load(two[0]), 8)))


@given(pairs)
def test_what_passes_can_be_said_and_comes_back(case: tuple[str, str, Message]) -> None:
    source, target, said = case
    one, other = load(source), load(target)
    try:
        passed = Translator(one, other)(said)
        wire = codec(target).encode(passed)
    except MessageError:
        return
    found = codec(target).decode(wire).changed(header=b"")
    assert found == passed
    fixed = {
        n for n in said.fields if one.elements[n].digits == 0 or one.elements[n].digits == other.elements[n].digits
    }
    try:
        back = Translator(other, one)(found).fields
    except MessageError as error:
        refused = error
    else:
        assert {n: back[n] for n in fixed} == {n: said.fields[n] for n in fixed}
        return
    assert refused.field.startswith("DE ")


def test_a_captured_withdrawal_passes_to_a_member() -> None:
    case = next(each for each in published() if each.id == "olb-0200-atm-withdrawal")
    captured = codec("base24").decode(case.wire)
    passed = Translator(load("base24"), load("banknet"))(captured)
    wire = codec("banknet").encode(passed)
    assert b"A1247005KABA D.RESA" in wire
    back = Translator(load("banknet"), load("base24"))(codec("banknet").decode(wire))
    again = codec("base24").encode(Message(back.mti, back.fields, captured.header, captured.trailer))
    assert again == case.wire


BALANCE = Parts({"1": Parts({"account": "10", "kind": "02", "currency": "704", "sign": "C", "amount": "000000000000"})})
ORIGINAL = Parts(
    {
        "mti": "0200", "stan": "000001", "transmitted": "0607091818", "acquirer": "11111111111",
        "forwarder": "11111111111",
    }
)  # fmt: skip
FITTED = [
    ("banknet", "base1", 22, "021", "0021"),
    ("base1", "banknet", 22, "0021", "021"),
    ("banknet", "base24", 41, "A1247005", "A1247005        "),
    ("napas", "banknet", 60, "short", "short"),
    ("napas", "bcd", 54, BALANCE, "1002704C000000000000"),
    ("bcd", "napas", 54, "1002704C000000000000", BALANCE),
    ("bcd", "napas", 90, "0200" + "000001" + "0607091818" + "1" * 22, ORIGINAL),
]  # fmt: skip


@pytest.mark.parametrize(("source", "target", "number", "said", "passed"), FITTED)
def test_elements_are_fitted(source: str, target: str, number: int, said: str | Parts, passed: str | Parts) -> None:
    assert Translator(load(source), load(target))(Message("0200", {number: said})).fields == {number: passed}


REFUSED = [
    ("base1", "banknet", 22, "1021"),
    ("base24", "banknet", 41, "A12470051"),
    ("base1", "banknet", 147, "000000000000"),
    ("base24", "banknet", 55, "9F02"),
    ("bcd", "napas", 54, "0" * 21),
]


@pytest.mark.parametrize(("source", "target", "number", "said"), REFUSED)
def test_what_does_not_fit_is_refused(source: str, target: str, number: int, said: str) -> None:
    with pytest.raises(MessageError) as caught:
        Translator(load(source), load(target))(Message("0200", {number: said}))
    assert caught.value.field.startswith(f"DE {number}")


def test_what_is_configured_to_stay_stays() -> None:
    said = Message("0200", {11: "000001", 60: "x", 147: "000000000000"})
    assert Translator(load("base1"), load("banknet"), {60, 147})(said).fields == {11: "000001"}


def test_there_is_no_translation_between_editions() -> None:
    with pytest.raises(SpecError, match="different editions"):
        Translator(load("banknet"), load("cmf"))


def test_an_amount_passes_to_an_amount_alone() -> None:
    other = read("other", SOUND + "[fields.4]\namount = false")
    with pytest.raises(MessageError, match="DE 4"):
        Translator(load("banknet"), other)(Message("0200", {4: 1000}))
    assert Translator(load("banknet"), load("base1"))(Message("0200", {4: 1000})).fields == {4: 1000}


SOUND = """
title = "t"
basis = "b"
elements = "1987"
[frame]
length = "2 big"
[coding]
mti = "ascii"
bitmap = "binary"
digits = "ascii"
text = "ascii"
length = "ascii"
binary = "raw"
"""
