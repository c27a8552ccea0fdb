"""PIN derivations against psec, and what is refused."""

from __future__ import annotations

from collections.abc import Callable

import psec.pin
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsm.crypto import pin
from hsm.crypto.blockcipher import Algorithm, cipher
from hsm.crypto.pin import PinDerivationError

KEY = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
PVK = cipher(KEY)
DIGITS = "0123456789"
PINS = st.text(DIGITS, min_size=4, max_size=12)
PANS = st.text(DIGITS, min_size=16, max_size=16)
TABLES = st.permutations(DIGITS + "012345").map("".join)


@given(PINS, PANS, TABLES)
def test_ibm_agrees_with_psec(customer_pin: str, pan: str, table: str) -> None:
    offset = psec.pin.generate_ibm3624_offset(KEY, table, customer_pin, pan, 0, 16, "F")
    assert pin.ibm_offset(PVK, pan, table, customer_pin) == offset
    assert pin.ibm_pin(PVK, pan, table, offset) == customer_pin
    assert pin.ibm_verifies(PVK, pan, table, customer_pin, offset)
    wrong = offset[:-1] + str((int(offset[-1]) + 1) % 10)
    assert not pin.ibm_verifies(PVK, pan, table, customer_pin, wrong)


@given(PINS, PANS, st.sampled_from("0123456"))
def test_pvv_agrees_with_psec(customer_pin: str, pan: str, index: str) -> None:
    parameter = pin.transformed_security_parameter(pan[:-1], index, customer_pin)
    pvv = psec.pin.generate_visa_pvv(KEY, index, customer_pin[:4], pan)
    assert pin.visa_pvv(PVK, parameter) == pvv
    assert pin.pvv_verifies(PVK, parameter, pvv)
    assert not pin.pvv_verifies(PVK, parameter, pvv[:-1] + str((int(pvv[-1]) + 1) % 10))


@given(st.binary(min_size=8, max_size=8))
def test_two_scans_give_every_hex_digit_a_digit(block: bytes) -> None:
    digits = pin.two_scans(block)
    assert len(digits) == 16
    assert digits.isdigit()


@given(PINS, PINS)
def test_subtraction_undoes_addition(a: str, b: str) -> None:
    b = b[: len(a)].ljust(len(a), "7")
    assert pin.subtract(pin.add(a, b), b) == a


@pytest.mark.parametrize(
    ("table", "sound"),
    [
        ("0123456789012345", True),
        ("0000111122345670", False),  # five zeros
        ("0000111122223333", False),  # four different digits
        ("0000123456711112", False),  # five ones
        ("0000123456711122", True),
        ("0000111223456111", False),
        ("012345678901234", False),
        ("01234567890123456", False),
        ("012345678901234A", False),
        ("", False),
    ],
)
def test_decimalisation_tables(table: str, sound: bool) -> None:
    assert pin.table_is_sound(table) is sound


def test_what_is_refused() -> None:
    table, data = "0123456789012345", "0123456789ABCDEF"
    refused: list[Callable[[], object]] = [
        lambda: pin.natural_pin(PVK, data[:-1], table),
        lambda: pin.natural_pin(PVK, data + "00", table),
        lambda: pin.natural_pin(PVK, "01234567 9ABCDEF", table),
        lambda: pin.natural_pin(PVK, data, table[:-1]),
        lambda: pin.natural_pin(PVK, data, "012345678901234A"),
        lambda: pin.ibm_pin(PVK, data, table, "12F4"),
        lambda: pin.ibm_offset(PVK, data, table, "12F4"),
        lambda: pin.ibm_verifies(PVK, data, table, "1234", "123"),
        lambda: pin.add("12", "123"),
        lambda: pin.subtract("123", "12"),
        lambda: pin.visa_pvv(PVK, "123456789012345"),
        lambda: pin.visa_pvv(cipher(KEY, Algorithm.AES), "1234567890123456"),
        lambda: pin.transformed_security_parameter("1234567890", "1", "1234"),
        lambda: pin.transformed_security_parameter("12345678901", "A", "1234"),
        lambda: pin.transformed_security_parameter("12345678901", "1", "123"),
        lambda: pin.pvv_verifies(PVK, "1234567890123456", "123"),
    ]
    for call in refused:
        with pytest.raises(PinDerivationError):
            call()
