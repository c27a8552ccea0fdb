"""PIN blocks made and re-enciphered: psec reads and makes the blocks."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.eracom import EracomSpeaker
from support.eracompins import ANB, FIRST, OTHER_PAN, PAN, PPK_2, SECOND, anb, block, digits_in, pin_speaker

from hsm.policy.values import USUAL_PINS

PINS = ("1234", "90210", "000000", "7654321", "123456789012")


@pytest.fixture(scope="module")
def ask() -> EracomSpeaker:
    return pin_speaker()


@pytest.mark.parametrize("digits", PINS)
def test_a_clear_pin_with_its_count_and_without(ask: EracomSpeaker, digits: str) -> None:
    packed = digits + "F" * (len(digits) % 2)
    for count in (f"{len(packed) // 2:02X}", ""):
        reply = ask(f"EE0600 00 {len(digits):02X} {count}{packed} {ANB} {FIRST}")
        assert reply[:8] == "EE060000"
        assert digits_in(reply[8:]) == digits


def test_a_clear_pin_of_odd_length_may_have_its_zero_before_it(ask: EracomSpeaker) -> None:
    assert ask(f"EE0600 00 05 03 090210 {ANB} {FIRST}") == ask(f"EE0600 00 05 03 90210F {ANB} {FIRST}")


def test_a_length_may_be_packed_decimal(ask: EracomSpeaker) -> None:
    assert digits_in(ask(f"EE0600 00 12 06 123456789012 {ANB} {FIRST}")[8:]) == "123456789012"
    assert len(digits_in(ask(f"EE0E04 00 12 01 {ANB} {FIRST}")[8:])) == 12


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (f"01 04 02 1234 {ANB} {FIRST}", "24"),
        (f"00 04 02 1234 {ANB}", "03"),
        (f"00 04 02 1234 {ANB} {FIRST} 00", "03"),
        (f"00 04 03 123456 {ANB} {FIRST}", "03"),
        (f"00 04 02 123F {ANB} {FIRST}", "04"),
        (f"00 05 03 123456 {ANB} {FIRST}", "04"),
        (f"00 04 02 1234 34567890123F {FIRST}", "04"),
        (f"00 0D 07 12345678901234 {ANB} {FIRST}", "04"),
        (f"00 04 02 1234 {ANB} 020000", "05"),
        (f"00 04 02 1234 {ANB} 020099", "0A"),
        (f"00 04 02 1234 {ANB} 021501", "21"),
        (f"00 04 02 1234 {ANB} 02000C", "22"),
        (f"00 03 02 123F {ANB} {FIRST}", "07"),
        (f"00 00 00 {ANB} {FIRST}", "F0"),
        (f"00 00 00 {ANB} 020099", "0A"),  # what is stored is told before the PIN is looked at
    ],
)
def test_clear_pins_refused(ask: EracomSpeaker, body: str, code: str) -> None:
    assert ask(f"EE0600 {body}") == "EE0600" + code


def test_clear_pins_can_be_switched_off() -> None:
    assert pin_speaker(select_clear_pins="no")(f"EE0600 00 04 02 1234 {ANB} {FIRST}") == "EE060002"


@pytest.mark.parametrize(("came", "goes"), tuple(product(("01", "10", "12", "13"), repeat=2)))
def test_translation(ask: EracomSpeaker, came: str, goes: str) -> None:
    for digits in PINS:
        reply = ask(f"EE0602 00 {block(digits, fmt=came)} {FIRST} {came} {ANB} {goes} {SECOND}")
        assert reply[:8] == "EE060200"
        assert digits_in(reply[8:], fmt=goes, key=PPK_2) == digits


@pytest.mark.parametrize("fmt", ["03", "08", "11"])
def test_formats_that_psec_has_not_come_back(ask: EracomSpeaker, fmt: str) -> None:
    there = ask(f"EE0602 00 {block('123456')} {FIRST} 01 {ANB} {fmt} {SECOND}")
    back = ask(f"EE0602 00 {there[8:]} {SECOND} {fmt} {ANB} 01 {FIRST}")
    assert digits_in(back[8:]) == "123456"


@given(
    digits=st.text("0123456789", min_size=4, max_size=12),
    pan=st.text("0123456789", min_size=16, max_size=16),
    formats=st.lists(st.sampled_from(["01", "03", "10", "11", "12", "13"]), max_size=4),
)
def test_a_pin_survives_any_way(ask: EracomSpeaker, digits: str, pan: str, formats: list[str]) -> None:
    present, text = "01", block(digits, pan)
    for fmt in [*formats, "01"]:
        reply = ask(f"EE0602 00 {text} {FIRST} {present} {anb(pan)} {fmt} {FIRST}")
        assert reply[:8] == "EE060200"
        present, text = fmt, reply[8:]
    assert digits_in(text, pan) == digits


@pytest.mark.parametrize("fmt", ["00", "02", "09", "14", "55", "AB"])
def test_unknown_formats(ask: EracomSpeaker, fmt: str) -> None:
    assert ask(f"EE0602 00 {block('1234')} {FIRST} {fmt} {ANB} 01 {FIRST}") == "EE060206"
    assert ask(f"EE0602 00 {block('1234')} {FIRST} 01 {ANB} {fmt} {FIRST}") == "EE060206"
    assert ask(f"EE0E04 00 04 {fmt} {ANB} {FIRST}") == "EE0E0406"


def test_restricted_pin_block_usage() -> None:
    ask = pin_speaker(restrict_pin_block_usage="yes")
    assert ask(f"EE0602 00 {block('1234')} {FIRST} 01 {ANB} 13 {FIRST}")[:8] == "EE060200"
    assert ask(f"EE0602 00 {block('1234')} {FIRST} 01 {ANB} 11 {FIRST}") == "EE060278"
    assert ask(f"EE0E04 00 04 03 {ANB} {FIRST}") == "EE0E0478"
    limited = pin_speaker(enabled_pin_block_formats="01")
    assert limited(f"EE0602 00 {block('1234')} {FIRST} 13 {ANB} 01 {FIRST}") == "EE060278"


def test_too_long_for_docutel(ask: EracomSpeaker) -> None:
    assert ask(f"EE0602 00 {block('1234567')} {FIRST} 01 {ANB} 08 {FIRST}") == "EE060207"


def test_random_pins(ask: EracomSpeaker) -> None:
    made = [digits_in(ask(f"EE0E04 00 06 10 {ANB} {FIRST}")[8:]) for _ in range(20)]
    assert {len(each) for each in made} == {6}
    assert len(set(made)) > 15
    for length, code in (("00", "F0"), ("03", "07"), ("0D", "04"), ("FF", "04")):
        assert ask(f"EE0E04 00 {length} 01 {ANB} {FIRST}") == "EE0E04" + code


def test_random_pins_are_not_weak() -> None:
    ask = pin_speaker(weak_pin_check="yes", excluded_pins="usual")
    made = {digits_in(ask(f"EE0E04 00 04 01 {ANB} {FIRST}")[8:]) for _ in range(1_000)}
    assert not made & USUAL_PINS


def test_attacks_stop_translation_too() -> None:
    ask = pin_speaker(fraud_detection="yes", pin_attack_limit="2")
    foreign = f"EE0602 00 {block('1234', OTHER_PAN)} {FIRST} 01 {ANB} 01 {FIRST}"
    good = f"EE0602 00 {block('1234')} {FIRST} 01 {ANB} 01 {FIRST}"
    assert [ask(foreign), ask(good)[6:8], ask(foreign), ask(good)] == ["EE060207", "00", "EE060207", "EE0602A0"]
    assert ask(f"EE0604 00 {block('1234')} {FIRST} 01 {ANB} {FIRST} {PAN}") == "EE0604A0"
