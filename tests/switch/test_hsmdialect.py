"""How keys are written in each dialect of HSMs, against the appliance's own reader of key specifiers."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsm.keys.specifier import parsed
from hsm.refusal import KeySpecContentInvalid
from switch.hsmdialect import DIALECTS, ERACOM, THALES, sending_and_receiving, specified

DOUBLE, TRIPLE = "1111" + "0" * 32, "1912" + "0" * 48
KI, KTM, DPK = "1408101111" + "0" * 32, "1408051111" + "0" * 32, "1408001111" + "0" * 32
BLOCK = "80821700" + "44" * 128
KEYS = [
    "020001",
    "020199",
    "02010A",
    "03020001",
    "0303270F",
    DOUBLE,
    TRIPLE,
    "1113" + "0" * 32,
    "1914" + "0" * 48,
    BLOCK,
]
NO_KEYS = [
    "", "02", "000001", "0200", "02000100", "030001", DOUBLE[:-2], DOUBLE + "00", DOUBLE.lower() + "a", "0910" + "0" * 16,
    "1115" + "0" * 32, "U" + "0" * 32, "8011" + "0" * 32, "021700", " 020001", "020001 ", "04080408",
]  # fmt: skip


def test_the_dialects_have_the_names_of_their_wires() -> None:
    assert {name: each.name for name, each in DIALECTS.items()} == {"thales": "thales", "eracom": "eracom"}


@pytest.mark.parametrize("text", KEYS)
def test_key_specifiers(text: str) -> None:
    assert ERACOM.is_key(text)
    found = specified(text)
    assert found is not None
    assert found.form == parsed(bytes.fromhex(text).decode("latin-1")).form


@pytest.mark.parametrize("text", NO_KEYS)
def test_what_is_none(text: str) -> None:
    assert not ERACOM.is_key(text)
    assert not ERACOM.is_zmk(text)
    assert not ERACOM.is_tmk(text)


@given(st.sampled_from([*KEYS, KI]).map(bytes.fromhex), st.integers(0, 40), st.binary(max_size=2))
def test_the_appliance_can_read_what_is_a_key_here(key: bytes, at: int, instead: bytes) -> None:
    changed = key[:at] + instead + key[at + len(instead) :]
    if specified(changed.hex().upper()) is not None:
        # What an index or a block holds, and which types there are, is the appliance's business.
        with contextlib.suppress(KeySpecContentInvalid):
            parsed(changed.decode("latin-1"))


@pytest.mark.parametrize(
    ("text", "sending", "receiving"),
    [
        ("020001", "020001", "020001"),
        (KI, KI, KI),
        (f"{DOUBLE} {TRIPLE}", DOUBLE, TRIPLE),
        (f"020001 {DOUBLE}", "020001", DOUBLE),
        (f"{KI} {KI}", KI, KI),
    ],
)
def test_zone_master_keys_send_and_receive(text: str, sending: str, receiving: str) -> None:
    assert ERACOM.is_zmk(text)
    assert sending_and_receiving(text) == (sending, receiving)


@pytest.mark.parametrize("text", [DOUBLE, KTM, f"{DOUBLE} ", f"{DOUBLE}  {DOUBLE}", f"{DOUBLE} {KTM}", f"{DOUBLE} 02"])
def test_what_is_no_zone_master_key(text: str) -> None:
    """A key under the KM is of one type: it sends, or it receives."""
    assert not ERACOM.is_zmk(text)


def test_a_terminals_master_key_is_a_ktm() -> None:
    assert [ERACOM.is_tmk(text) for text in (DOUBLE, "020001", KTM, KI, DPK)] == [True, True, True, False, False]
    assert not ERACOM.is_key(KTM)


def test_thales_keys_are_as_the_hsm_gave_them() -> None:
    block = "S10096" + 90 * "A"
    assert all(THALES.is_key(text) and THALES.is_zmk(text) and THALES.is_tmk(text) for text in ("U" + "0" * 32, block))
    assert THALES.is_key("0" * 16)
    assert not THALES.is_zmk("0" * 16)
    assert not any(THALES.is_key(text) for text in ("020001", f"{DOUBLE} {DOUBLE}", ""))
