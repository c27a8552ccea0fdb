"""PINs verified by offset and PVV: psec makes blocks, offsets and PVVs; every way to refuse."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psec import des
from support.eracom import EracomSpeaker
from support.eracompins import ANB, FIRST, OTHER_PAN, PAN, PVK, TSP, anb, block, offset, pin_speaker, pvv

PINS = st.text("0123456789", min_size=4, max_size=12)
PANS = st.text("0123456789", min_size=16, max_size=16)


@pytest.fixture(scope="module")
def ask() -> EracomSpeaker:
    return pin_speaker()


def by_offset(digits: str, given_offset: str, check: int, pan: str = PAN, validation: str = "") -> str:
    return (
        f"EE0603 00 {block(digits, pan)} {FIRST} 01 {anb(pan)} {FIRST} {validation or pan} {given_offset} {check:02X}"
    )


@given(digits=PINS, pan=PANS, data=st.data())
def test_offsets(ask: EracomSpeaker, digits: str, pan: str, data: st.DataObject) -> None:
    check = data.draw(st.integers(4, len(digits)))
    fill = data.draw(st.sampled_from("0F"))
    right = offset(digits, pan)[:check].ljust(12, fill)
    assert ask(by_offset(digits, right, check, pan)) == "EE060300"
    at = data.draw(st.integers(0, check - 1))
    wrong = right[:at] + str((int(right[at]) + data.draw(st.integers(1, 9))) % 10) + right[at + 1 :]
    assert ask(by_offset(digits, wrong, check, pan)) == "EE060308"


def test_what_is_behind_the_checked_digits_is_not_looked_at(ask: EracomSpeaker) -> None:
    assert ask(by_offset("123456", offset("123456")[:4] + "99ABCDEF", 4)) == "EE060300"


def test_validation_data_with_fill(ask: EracomSpeaker) -> None:
    short = PAN[:10] + "FFFFFF"
    assert ask(by_offset("1234", offset("1234", PAN[:10]).ljust(12, "F"), 4, validation=short)) == "EE060300"


@pytest.mark.parametrize(
    ("request_text", "code"),
    [
        (by_offset("1234", offset("1234").ljust(12, "0"), 5), "0B"),
        (by_offset("1234", offset("1234").ljust(12, "0"), 3), "0B"),
        (by_offset("1234", offset("1234").ljust(12, "0"), 0), "0B"),
        (by_offset("1234", offset("1234").ljust(12, "0"), 0xFF), "0B"),
        (by_offset("1234", "1".ljust(12, "F"), 4), "04"),
        (by_offset("1234", offset("1234").ljust(12, "F"), 4).replace(" 01 ", " 77 ", 1), "06"),
        (by_offset("1234", offset("1234").ljust(12, "F"), 4).replace(ANB, anb(OTHER_PAN)), "07"),
        (by_offset("1234", offset("1234").ljust(12, "F"), 4).replace(f"{FIRST} {PAN}", f"020002 {PAN}"), "0A"),
        (by_offset("1234", offset("1234").ljust(12, "F"), 4).replace(f"{FIRST} {PAN}", f"020000 {PAN}"), "05"),
        # The same key without a table behind it.
        (by_offset("1234", "8" * 12, 4).replace(f"{FIRST} {PAN}", f"0910 {'0123456789ABCDEF'} {PAN}"), "0A"),
        (by_offset("1234", "8" * 12, 4) + "00", "03"),
        (by_offset("1234", "8" * 12, 4)[:-2], "03"),
        (by_offset("1234", "8" * 12, 4).replace("EE0603 00", "EE0603 01"), "24"),
    ],
)
def test_offsets_refused(ask: EracomSpeaker, request_text: str, code: str) -> None:
    assert ask(request_text) == "EE0603" + code


def by_pvv(digits: str, value: str, pan: str = PAN, index: str = "1", account: str = "") -> str:
    return f"EE0605 00 {block(digits, pan)} {FIRST} 01 {anb(pan)} {FIRST} {account or pan[-12:-1]}{index} {value}"


@given(digits=PINS, pan=PANS, index=st.sampled_from("123456"), off_by=st.integers(1, 9999))
def test_pvvs(ask: EracomSpeaker, digits: str, pan: str, index: str, off_by: int) -> None:
    right = pvv(digits, pan, index)
    assert ask(by_pvv(digits, right, pan, index)) == "EE060500"
    assert ask(by_pvv(digits, f"{(int(right) + off_by) % 10_000:04}", pan, index)) == "EE060508"


@pytest.mark.parametrize("index", ["0", "7", "8", "9"])
def test_indices_that_are_none(ask: EracomSpeaker, index: str) -> None:
    assert ask(by_pvv("1234", "1234", index=index)) == "EE06050F"


def test_pvvs_refused(ask: EracomSpeaker) -> None:
    good = by_pvv("1234", pvv("1234"))
    assert ask(good.replace(f" {TSP}1", f" {TSP}A")) == "EE060504"
    assert ask(good.replace(f"{FIRST} {TSP}", f"020002 {TSP}")) == "EE06050A"
    single = pin_speaker()
    single.store("08:1", "0123456789ABCDEF")
    assert single(good) == "EE060528"


def test_in_restricted_mode_all_is_of_one_account() -> None:
    ask = pin_speaker(restrict_pin_block_usage="yes")
    assert ask(by_offset("1234", offset("1234").ljust(12, "F"), 4)) == "EE060300"
    assert ask(by_offset("1234", offset("1234", OTHER_PAN).ljust(12, "F"), 4, validation=OTHER_PAN)) == "EE06030C"
    assert ask(by_pvv("1234", pvv("1234"))) == "EE060500"
    assert ask(by_pvv("1234", pvv("1234", OTHER_PAN), account=OTHER_PAN[-12:-1])) == "EE06050C"
    # A check length that tells the PIN's length is a fault of the block as any other.
    assert ask(by_offset("1234", offset("1234").ljust(12, "0"), 5)) == "EE060307"


def test_weak_tables_are_refused() -> None:
    ask = pin_speaker(decimalisation_table_checks="yes")
    assert ask(by_offset("1234", offset("1234").ljust(12, "F"), 4)) == "EE060300"
    ask.store("07:1", PVK.hex() + "0000000000000001")
    assert ask(by_offset("1234", "0".ljust(12, "0"), 4)) == "EE06030A"


def test_too_many_failures_stop_verification_of_either_kind_but_not_translation() -> None:
    ask = pin_speaker(fraud_detection="yes", pin_verifies_per_minute="2")
    wrong = by_offset("1234", "0" * 12, 4)
    assert [ask(wrong), ask(by_pvv("1234", f"{(int(pvv('1234')) + 1) % 10_000:04}")), ask(wrong)] == [
        "EE060308", "EE060508", "EE0603A0",
    ]  # fmt: skip
    assert ask(by_pvv("1234", pvv("1234"))) == "EE0605A0"
    assert ask(f"EE0602 00 {block('1234')} {FIRST} 01 {ANB} 01 {FIRST}")[6:8] == "00"


# 61: a stored PVK, a single-length PPK under the KM -----------------------------------------------------------------
PPK_8 = bytes.fromhex("0123456789ABCDEF")
KM_28 = bytes(byte ^ 0x28 for byte in bytes.fromhex("22222222222222226666666666666666"))
PPK_8_KEPT = bytes(des.encrypt_tdes_ecb(KM_28, PPK_8)).hex()


def by_stored(digits: str, given_offset: str, index: str = "01", kept: str = PPK_8_KEPT) -> str:
    return f"61 {index} {block(digits, key=PPK_8)} {kept} {PAN} {ANB} {given_offset}"


@pytest.mark.parametrize("digits", ["1234", "98765", "123456789012"])
def test_the_whole_pin_is_verified_by_a_stored_key(ask: EracomSpeaker, digits: str) -> None:
    right = offset(digits)
    assert ask(by_stored(digits, right.ljust(12, "F"))) == "6100"
    assert ask(by_stored(digits, (right[:-1] + str((int(right[-1]) + 1) % 10)).ljust(12, "0"))) == "6108"
    assert ask(by_stored(digits, right[:-1].ljust(12, "F"))) == "6108"


def test_stored_keys_refused(ask: EracomSpeaker) -> None:
    assert ask(by_stored("1234", "0" * 12, index="02")) == "610A"
    assert ask(by_stored("1234", "0" * 12, index="00")) == "6105"
    assert ask(by_stored("1234", "0" * 12, index="1A")) == "6105"
    assert ask(by_stored("1234", "0" * 12, kept="00" * 8)) == "6107"
    assert ask(by_stored("1234", "0" * 12)[:-2]) == "6103"


def test_legacy_functions_whose_layout_is_not_public_are_unknown(ask: EracomSpeaker) -> None:
    assert [ask(code + "01" * 20) for code in ("63", "64", "69")] == ["6302", "6402", "6902"]
