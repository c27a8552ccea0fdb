"""The keypad makes what psec makes, and gives nothing away."""

from __future__ import annotations

import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psec import des, pinblock
from support.cardholders import COMPONENTS, PIN, TMK, TPK, check_value, keyed, pin_in, under_tmk

from switch.simulators.epp import Epp, KeyRefused, PinRefused

digits = "0123456789"


@given(pin=st.text(digits, min_size=4, max_size=12), pan=st.text(digits, min_size=13, max_size=19))
def test_a_block_is_the_one_that_psec_makes(pin: str, pan: str) -> None:
    made = keyed().block(pin, pan)
    assert made == des.encrypt_tdes_ecb(TPK, pinblock.encode_pinblock_iso_0(pin, pan))


def test_the_printed_example_of_format_0() -> None:
    """PIN 92389, account 4000 0012 3456 2: 0592 789F FFED CBA9 (Pham Minh Hong, VNU Hanoi 2006, 1.3.2.a)."""
    block = keyed().block("92389", "4000001234562")
    assert des.decrypt_tdes_ecb(TPK, block).hex().upper() == "0592789FFFEDCBA9"


@given(st.binary(min_size=16, max_size=16), st.binary(min_size=16, max_size=16))
def test_components_are_combined_and_checked_as_psec_does(one: bytes, other: bytes) -> None:
    combined = bytes(a ^ b for a, b in zip(one, other, strict=True))
    parity_free = bytes(each & 0xFE for each in combined)
    if parity_free[:8] == parity_free[8:]:
        with pytest.raises(KeyRefused):
            Epp((one, other))
    else:
        assert Epp((one, other)).master_check_value == check_value(combined)


def test_a_key_with_another_check_value_leaves_the_one_before() -> None:
    epp = keyed()
    other = bytes.fromhex("11223344556677888877665544332211")
    wrong = [
        (under_tmk(other), check_value(TPK)),
        (under_tmk(bytes(range(8)) * 2), "000000"),
        ("U" + "0" * 32, "000000"),
        ("X12", "000000"),
        (under_tmk(other), "é"),
        (under_tmk(other), ""),
    ]
    for under, value in wrong:
        with pytest.raises(KeyRefused):
            epp.take(under, value)
    assert pin_in(epp.block(PIN, "9704360000000000")) == PIN
    assert epp.take(under_tmk(other), check_value(other).lower()) == check_value(other)
    assert pin_in(epp.block(PIN, "9704360000000000"), "9704360000000000") != PIN, "the one before is gone"


def test_what_is_typed_must_be_a_pin() -> None:
    for pin in ("123", "1" * 13, "12a4", "", "\uff11\uff12\uff13\uff14"):
        with pytest.raises(PinRefused) as refused:
            keyed().block(pin, "4000001234562")
        assert pin == "" or pin not in str(refused.value)
    without = Epp(COMPONENTS)
    assert not without.has_pin_key
    with pytest.raises(PinRefused):
        without.block(PIN, "4000001234562")


def test_wrong_components_are_refused() -> None:
    for components in ((), (bytes(16),), (bytes(8), bytes(8)), (COMPONENTS[0], COMPONENTS[0])):
        with pytest.raises(KeyRefused):
            Epp(components)


def test_a_keypad_tells_nothing_of_its_keys() -> None:
    epp = keyed()
    assert repr(epp) == str(epp) == "<EPP>"
    assert epp != keyed()
    for attempt in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            attempt(epp)
    shown = " ".join(repr(getattr(epp, each)) for each in Epp.__slots__)
    for key in (TMK, TPK):
        assert key.hex() not in shown.lower()
        assert repr(key)[2:-1] not in shown
