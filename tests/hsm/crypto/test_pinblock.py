"""PIN blocks: round trips, refusals that all look alike, and psec as the second opinion."""

from __future__ import annotations

import contextlib
import os

import psec.pinblock
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hsm.crypto import pinblock
from hsm.crypto.blockcipher import Algorithm, cipher
from hsm.crypto.pinblock import AccountError, PinBlockError, PinBlockFormat

DIGITS = "0123456789"
PINS = st.text(DIGITS, min_size=4, max_size=12)
ACCOUNTS = st.text(DIGITS, min_size=12, max_size=12)
EIGHT_BYTES = [fmt for fmt in PinBlockFormat if fmt is not PinBlockFormat.ISO_4]
WITHOUT_ACCOUNT = {PinBlockFormat.DOCUTEL, PinBlockFormat.DIEBOLD, PinBlockFormat.ISO_1, PinBlockFormat.ISO_2}
TDES = cipher(bytes.fromhex("0123456789ABCDEFFEDCBA9876543210"))
AES = cipher(bytes(range(16)), Algorithm.AES)


@given(st.sampled_from(PinBlockFormat), PINS, ACCOUNTS)
def test_round_trip(fmt: PinBlockFormat, pin: str, account: str) -> None:
    key = AES if fmt is PinBlockFormat.ISO_4 else TDES
    if fmt is PinBlockFormat.DOCUTEL:
        pin = pin[:6]
    block = pinblock.write(fmt, key, pin, account, os.urandom)
    assert len(block) == key.block_bytes
    assert pinblock.read(fmt, key, block, account) == pin


@given(st.sampled_from(EIGHT_BYTES), st.binary(min_size=8, max_size=8), ACCOUNTS)
@example(PinBlockFormat.DOCUTEL, bytes.fromhex("3123000777777777"), "0" * 12)
@example(PinBlockFormat.DOCUTEL, bytes.fromhex("4123401777777777"), "0" * 12)
@example(PinBlockFormat.DOCUTEL, bytes.fromhex("412340077777777A"), "0" * 12)
@example(PinBlockFormat.DIEBOLD, bytes.fromhex("123FFFFFFFFFFFFF"), "0" * 12)
@example(PinBlockFormat.DIEBOLD, bytes.fromhex("1234567890123FFF"), "0" * 12)
@example(PinBlockFormat.DIEBOLD, bytes.fromhex("1234FF5FFFFFFFFF"), "0" * 12)
@example(PinBlockFormat.ISO_2, bytes.fromhex("231234FFFFFFFFFF"), "0" * 12)
@example(PinBlockFormat.ISO_2, bytes.fromhex("2D1234567890123F"), "0" * 12)
@example(PinBlockFormat.ISO_2, bytes.fromhex("24123AFFFFFFFFFF"), "0" * 12)
@example(PinBlockFormat.ISO_3, bytes.fromhex("341234FFFFFFFFF9"), "0" * 12)
def test_any_bytes_give_a_pin_or_the_one_error(fmt: PinBlockFormat, block: bytes, account: str) -> None:
    """What decodes is a PIN, and encoding it gives the same block again wherever the fill is fixed."""
    try:
        pin = pinblock.decode(fmt, block, account)
    except PinBlockError:
        return
    assert 4 <= len(pin) <= 12
    assert pin.isdigit()
    if fmt not in {PinBlockFormat.DOCUTEL, PinBlockFormat.ISO_1, PinBlockFormat.ISO_3}:
        assert pinblock.encode(fmt, pin, account, os.urandom) == block


@given(PINS, ACCOUNTS, st.integers(0, 63))
def test_every_bit_of_the_fixed_formats_counts(pin: str, account: str, bit: int) -> None:
    for fmt in (PinBlockFormat.ISO_0, PinBlockFormat.ISO_2, PinBlockFormat.MASTERCARD_PAY_NOW, PinBlockFormat.DIEBOLD):
        block = pinblock.encode(fmt, pin, account, os.urandom)
        damaged = (int.from_bytes(block, "big") ^ 1 << bit).to_bytes(8, "big")
        with contextlib.suppress(PinBlockError):
            assert pinblock.decode(fmt, damaged, account) != pin


@given(PINS, ACCOUNTS)
def test_psec_reads_and_makes_the_same(pin: str, account: str) -> None:
    pan = account + "7"
    assert pinblock.encode(PinBlockFormat.ISO_0, pin, account, os.urandom) == psec.pinblock.encode_pinblock_iso_0(
        pin, pan
    )
    assert pinblock.encode(PinBlockFormat.ISO_2, pin, account, os.urandom) == psec.pinblock.encode_pinblock_iso_2(pin)
    block = pinblock.encode(PinBlockFormat.ISO_3, pin, account, os.urandom)
    assert psec.pinblock.decode_pinblock_iso_3(block, pan) == pin
    assert pinblock.decode(PinBlockFormat.ISO_3, psec.pinblock.encode_pinblock_iso_3(pin, pan), account) == pin


@given(PINS, st.text(DIGITS, min_size=12, max_size=19))
def test_psec_reads_and_makes_the_same_format_4(pin: str, pan: str) -> None:
    key = bytes(range(16))
    block = pinblock.encipher_iso4(AES, pin, pan, os.urandom)
    assert psec.pinblock.decipher_pinblock_iso_4(key, block, pan) == pin
    assert pinblock.decipher_iso4(AES, psec.pinblock.encipher_pinblock_iso_4(key, pin, pan), pan) == pin


@given(PINS, st.text(DIGITS, min_size=1, max_size=19), st.text(DIGITS, min_size=1, max_size=19), st.integers(0, 127))
def test_format_4_is_bound_to_pan_and_block(pin: str, pan: str, other: str, bit: int) -> None:
    block = pinblock.encipher_iso4(AES, pin, pan, os.urandom)
    if pinblock.pan_field_iso4(other) != pinblock.pan_field_iso4(pan):
        with pytest.raises(PinBlockError):
            pinblock.decipher_iso4(AES, block, other)
    with pytest.raises(PinBlockError):
        pinblock.decipher_iso4(AES, (int.from_bytes(block, "big") ^ 1 << bit).to_bytes(16, "big"), pan)


@pytest.mark.parametrize("fmt", PinBlockFormat)
@pytest.mark.parametrize("pin", ["", "123", "1234567890123", "12A4", "12 4", "+123", "١٢٣٤"])
def test_what_is_no_pin_is_refused(fmt: PinBlockFormat, pin: str) -> None:
    with pytest.raises(PinBlockError):
        pinblock.write(fmt, AES if fmt is PinBlockFormat.ISO_4 else TDES, pin, "123456789012", os.urandom)


@pytest.mark.parametrize("fmt", [fmt for fmt in EIGHT_BYTES if fmt not in WITHOUT_ACCOUNT])
@pytest.mark.parametrize("account", ["", "12345678901", "12345678901A", "1234_6789012", "+12345678901"])
def test_what_is_no_account_is_refused(fmt: PinBlockFormat, account: str) -> None:
    with pytest.raises(AccountError):
        pinblock.encode(fmt, "1234", account, os.urandom)
    with pytest.raises(AccountError):
        pinblock.decode(fmt, bytes(8), account)


@pytest.mark.parametrize("pan", ["", "1" * 20, "12345678901X"])
def test_what_is_no_pan_is_refused(pan: str) -> None:
    with pytest.raises(AccountError):
        pinblock.encipher_iso4(AES, "1234", pan, os.urandom)


def test_plus_takes_the_left_digits_of_a_longer_account() -> None:
    short = pinblock.encode(PinBlockFormat.PLUS, "1234", "411111111111", os.urandom)
    assert pinblock.encode(PinBlockFormat.PLUS, "1234", "411111111111234567", os.urandom) == short
    assert pinblock.decode(PinBlockFormat.PLUS, short, "411111111111234567") == "1234"


def test_formats_and_ciphers_must_go_together() -> None:
    for fmt in EIGHT_BYTES:
        with pytest.raises(PinBlockError):
            pinblock.write(fmt, AES, "1234", "123456789012", os.urandom)
        with pytest.raises(PinBlockError):
            pinblock.read(fmt, AES, bytes(16), "123456789012")
    with pytest.raises(PinBlockError):
        pinblock.write(PinBlockFormat.ISO_4, TDES, "1234", "123456789012", os.urandom)
    with pytest.raises(PinBlockError):
        pinblock.read(PinBlockFormat.ISO_4, TDES, bytes(8), "123456789012")
    with pytest.raises(PinBlockError):
        pinblock.read(PinBlockFormat.ISO_0, TDES, bytes(7), "123456789012")
    with pytest.raises(PinBlockError) as raised:
        pinblock.decode(PinBlockFormat.ISO_0, bytes(9), "123456789012")
    assert raised.value.args == ()
    for call in (
        lambda: pinblock.decode(PinBlockFormat.ISO_4, bytes(8), "1"),
        lambda: pinblock.encode(PinBlockFormat.ISO_4, "1234", "1", bytes),
    ):
        with pytest.raises(ValueError, match="format 4"):
            call()


def test_docutel_holds_six_digits() -> None:
    with pytest.raises(PinBlockError):
        pinblock.encode(PinBlockFormat.DOCUTEL, "1234567", "", os.urandom)


def test_fill_is_drawn_evenly_and_only_as_often_as_needed() -> None:
    """Random bytes above the largest multiple of 6 are passed over, however many come."""
    draws = iter([b"\xff" * 16, b"\xfe" * 8 + b"\x00\x01", b"\x02" * 10])
    block = pinblock.encode(PinBlockFormat.ISO_3, "1234", "0" * 12, lambda count: next(draws))
    assert block.hex() == "341234abcccccccc"
