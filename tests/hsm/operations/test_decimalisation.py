"""Decimalisation tables in the clear and under each kind of LMK."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.appliances import make_speaker

from hsm.appliance import Hsm
from hsm.operations.decimalisation import open_table, seal_table
from hsm.refusal import DecimalisationTableInvalid, StorageUnavailable

TABLE = "0123456789012345"
WITNESSED = "709F26B22464E96A"  # payShield 9000 captures: TABLE under the published 3DES key-block LMK


def view(name: str = "test-variant", **settings: str) -> Hsm:
    speaker = make_speaker({key.replace("_", "-"): text for key, text in settings.items()}, (f"00={name}",))
    return speaker.appliance.view("00", speaker)


def test_the_witnessed_table() -> None:
    hsm = view("test-3des-block", encrypted_decimalisation_tables="yes")
    assert open_table(hsm, WITNESSED) == TABLE
    assert seal_table(hsm, TABLE) == WITNESSED


def test_letters_mean_under_the_lmk_whatever_the_setting() -> None:
    assert open_table(view("test-3des-block"), WITNESSED) == TABLE


def test_digits_are_the_table_when_tables_are_not_encrypted() -> None:
    assert open_table(view(), TABLE) == TABLE


@pytest.mark.parametrize("name", ["test-variant", "test-3des-block", "test-aes-block"])
def test_a_plain_table_is_refused_when_tables_are_encrypted(name: str) -> None:
    with pytest.raises(DecimalisationTableInvalid):
        open_table(view(name, encrypted_decimalisation_tables="yes"), TABLE)


@pytest.mark.parametrize("name", ["test-variant", "test-3des-block", "test-aes-block"])
@given(table=st.text("0123456789", min_size=16, max_size=16))
def test_sealed_tables_open(name: str, table: str) -> None:
    hsm = VIEWS[name]
    sealed = seal_table(hsm, table)
    assert len(sealed) == (32 if name == "test-aes-block" else 16)
    assert open_table(hsm, sealed) == table


VIEWS = {
    name: view(name, encrypted_decimalisation_tables="yes")
    for name in ("test-variant", "test-3des-block", "test-aes-block")
}


@pytest.mark.parametrize("table", ["0" * 16, "0000000000000001", "0000011111234567", "0123456012345601"])
def test_unsound_tables_are_refused_when_checked(table: str) -> None:
    assert open_table(view(), table) == table
    with pytest.raises(DecimalisationTableInvalid):
        open_table(view(decimalisation_table_checks="yes"), table)
    with pytest.raises(DecimalisationTableInvalid):
        seal_table(view(decimalisation_table_checks="yes"), table)


def test_four_uses_of_a_digit_pass() -> None:
    assert open_table(view(decimalisation_table_checks="yes"), "0000123456789123") == "0000123456789123"


def test_a_damaged_table_under_an_aes_lmk_is_always_refused() -> None:
    hsm = VIEWS["test-aes-block"]
    sealed = bytearray.fromhex(seal_table(hsm, TABLE))
    for bit in range(128):
        damaged = bytearray(sealed)
        damaged[bit // 8] ^= 1 << bit % 8
        with pytest.raises(DecimalisationTableInvalid):
            open_table(hsm, damaged.hex().upper())


def test_refused_tables_count_as_attacks() -> None:
    hsm = view(fraud_detection="yes", pin_attack_limit="2", decimalisation_table_checks="yes")
    for _ in range(2):
        with pytest.raises(DecimalisationTableInvalid):
            open_table(hsm, "0" * 16)
    assert hsm.fraud.counts.stopped


def test_an_empty_slot() -> None:
    with pytest.raises(StorageUnavailable):
        open_table(view(), "K001")
