"""Offsets and PVVs made, against psec's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.eracom import EracomSpeaker
from support.eracompins import ANB, FIRST, OTHER_PAN, PAN, TSP, anb, block, offset, pin_speaker, pvv

PINS = st.text("0123456789", min_size=4, max_size=12)
PANS = st.text("0123456789", min_size=16, max_size=16)


@pytest.fixture(scope="module")
def ask() -> EracomSpeaker:
    return pin_speaker()


def make_offset(digits: str, pan: str = PAN, validation: str = "") -> str:
    return f"EE0604 00 {block(digits, pan)} {FIRST} 01 {anb(pan)} {FIRST} {validation or pan}"


def make_pvv(digits: str, pan: str = PAN, account: str = "", index: str = "1") -> str:
    return f"EE0607 00 {block(digits, pan)} {FIRST} 01 {anb(pan)} {FIRST} {account or pan[-12:-1]}{index}"


@given(digits=PINS, pan=PANS)
def test_offsets(ask: EracomSpeaker, digits: str, pan: str) -> None:
    assert ask(make_offset(digits, pan)) == f"EE060400{offset(digits, pan).ljust(12, '0')}{len(digits):02X}"


@given(digits=PINS, pan=PANS, index=st.sampled_from("123456"))
def test_pvvs(ask: EracomSpeaker, digits: str, pan: str, index: str) -> None:
    assert ask(make_pvv(digits, pan, index=index)) == f"EE060700{pvv(digits, pan, index)}"


@given(digits=st.text("0123456789", min_size=4, max_size=4), pan=PANS, index=st.sampled_from("123456"))
def test_pvvs_of_offsets(ask: EracomSpeaker, digits: str, pan: str, index: str) -> None:
    request = f"EE0606 00 {FIRST} {pan} {offset(digits, pan)} {FIRST} {pan[-12:-1]}{index}"
    assert ask(request) == f"EE060600{pvv(digits, pan, index)}"


@pytest.mark.parametrize(
    ("request_text", "answer"),
    [
        (make_offset("1234").replace(" 01 ", " 02 ", 1), "EE060406"),
        (make_offset("1234").replace(f"{FIRST} {PAN}", f"020009 {PAN}"), "EE06040A"),
        (make_offset("1234").replace(ANB, anb(OTHER_PAN)), "EE060407"),
        (make_pvv("1234", index="0"), "EE06070F"),
        (make_pvv("1234").replace(f"{TSP}1", f"{TSP}F"), "EE060704"),
        (f"EE0606 00 {FIRST} {PAN} 12F4 {FIRST} {TSP}1", "EE060604"),
        (f"EE0606 00 {FIRST} {PAN} 1234 {FIRST} {TSP}9", "EE06060F"),
        (f"EE0606 00 020009 {PAN} 1234 {FIRST} {TSP}9", "EE06060A"),
        (f"EE0606 00 {FIRST} {PAN} 1234 {FIRST} {TSP}1 00", "EE060603"),
    ],
)
def test_refusals(ask: EracomSpeaker, request_text: str, answer: str) -> None:
    assert ask(request_text) == answer


def test_weak_pins_are_not_chosen() -> None:
    ask = pin_speaker(weak_pin_check="yes")
    assert ask(make_offset("1111")) == "EE060407"
    assert ask(make_pvv("1111")) == "EE060707"
    assert ask(f"EE0606 00 {FIRST} {PAN} {offset('1111')} {FIRST} {TSP}1") == "EE060607"
    assert ask(make_offset("1857"))[:8] == "EE060400"


def test_in_restricted_mode_all_is_of_one_account() -> None:
    ask = pin_speaker(restrict_pin_block_usage="yes")
    assert ask(make_offset("1857"))[:8] == "EE060400"
    assert ask(make_offset("1857", validation=OTHER_PAN)) == "EE06040C"
    assert ask(make_pvv("1857"))[:8] == "EE060700"
    assert ask(make_pvv("1857", account=OTHER_PAN[-12:-1])) == "EE06070C"
    assert ask(f"EE0606 00 {FIRST} {PAN} 1234 {FIRST} {TSP}1")[:8] == "EE060600"
    assert ask(f"EE0606 00 {FIRST} {OTHER_PAN} 1234 {FIRST} {TSP}1") == "EE06060C"
