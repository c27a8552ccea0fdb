"""Keys in, out and looked at; the exchanges of device traces are in tests/conformance."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psec import des
from support.eracom import EracomSpeaker, make_eracom, spec

from hsm.keys.km import VariantScheme

ZMK = "0123456789ABCDEFFEDCBA9876543210"
KEY = "D32F5BFB02523BCDCDBFC43154409DBA"
KVC = "95EDCA"


@pytest.fixture(scope="module")
def ask() -> EracomSpeaker:
    return make_eracom()


def under(key: str, clear: str, cbc: bool = False) -> str:
    """*clear* under *key*, by psec."""
    made = (
        des.encrypt_tdes_cbc(bytes.fromhex(key), bytes(8), bytes.fromhex(clear))
        if cbc
        else des.encrypt_tdes_ecb(bytes.fromhex(key), bytes.fromhex(clear))
    )
    return made.hex().upper()


@pytest.mark.parametrize("cbc", [False, True])
@pytest.mark.parametrize("code", ["00", "01", "02", "03", "04", "05", "08", "09", "24", "30", "38"])
def test_import_from_a_kir_is_plain_and_comes_out_the_same(ask: EracomSpeaker, code: str, cbc: bool) -> None:
    mode = "01" if cbc else "00"
    came = ask(f"EE0200 00 020001 {code} {mode} 10 {under(ZMK, KEY, cbc)}")
    assert came[:8] + came[8:12] + came[-6:] == "EE0200001111" + KVC
    ask.store("03:1", ZMK)
    assert ask(f"EE0201 00 020001 {code} {mode} {came[8:-6]}") == f"EE0201 00 10 {under(ZMK, KEY, cbc)} {KVC}".replace(
        " ", ""
    )


@pytest.mark.parametrize(("clear", "form"), [("0123456789ABCDEF", "0910"), (KEY + "0123456789ABCDEF", "1912")])
def test_the_format_goes_by_the_length(ask: EracomSpeaker, clear: str, form: str) -> None:
    ask.store("04:3", KEY + "89ABCDEF01234567")
    cryptogram = under(KEY + "89ABCDEF01234567", clear)
    assert ask(f"EE0200 00 020003 00 00 {len(clear) // 2:02X} {cryptogram}")[:12] == "EE020000" + form


def test_parity_is_made_odd(ask: EracomSpeaker) -> None:
    even = "".join(f"{int(KEY[at : at + 2], 16) ^ 1:02X}" for at in range(0, 32, 2))
    first, second = (ask(f"EE0200 00 020001 01 00 10 {under(ZMK, each)}") for each in (KEY, even))
    assert first == second
    assert ask(f"EE0202 00 {first[8:-6]} 01 00") == "EE020200" + "01" + "03" + KVC


def test_a_pvk_brings_its_table(ask: EracomSpeaker) -> None:
    ask.store("04:5", KEY + "89ABCDEF01234567")
    ask.store("03:5", KEY + "89ABCDEF01234567")
    wrapped = under(KEY + "89ABCDEF01234567", ZMK + "0123456789012345")
    came = ask(f"EE0200 00 020005 07 00 18 {wrapped}")
    assert came[:12] + came[-6:] == "EE0200001912" + "08D7B4"
    assert ask(f"EE0201 00 020005 07 00 {came[8:-6]}") == f"EE020100 18 {wrapped} 08D7B4".replace(" ", "")
    assert ask(f"EE0200 00 020005 07 00 18 {under(KEY + '89ABCDEF01234567', ZMK + 'A' * 16)}") == "EE02000A"


def test_variant_schemes_of_stored_transport_keys(ask: EracomSpeaker) -> None:
    """AS 2805.6.1: the PIN variant is 28C0 over the key."""
    ask.store("04:7", ZMK, VariantScheme.AS2805)
    varied = "".join(f"{int(ZMK[at : at + 2], 16) ^ (0x28, 0xC0)[at // 2 % 2]:02X}" for at in range(0, 32, 2))
    assert ask(f"EE0200 00 020007 01 00 10 {under(varied, KEY)}")[-6:] == KVC
    assert ask(f"EE0200 00 020007 05 00 10 {under(varied, KEY)}") == "EE020050"


def test_a_ki_by_its_type(ask: EracomSpeaker) -> None:
    ask.store("10:1", ZMK)
    varied = "".join(f"{int(ZMK[at : at + 2], 16) ^ 0x28:02X}" for at in range(0, 32, 2))
    assert ask(f"EE0200 00 05 0810 020001 01 00 10 {under(varied, KEY)}")[-6:] == KVC
    assert ask(f"EE0200 00 05 0811 020001 01 00 10 {under(varied, KEY)}") == "EE020022"
    assert ask(f"EE0200 00 05 0801 020001 01 00 10 {under(varied, KEY)}") == "EE020019"


@pytest.mark.parametrize(
    ("request_hex", "code"),
    [
        (f"EE0200 00 020001 99 00 10 {KEY}", "19"),
        (f"EE0200 00 020001 0A 00 10 {KEY}", "04"),
        (f"EE0200 00 020001 01 02 10 {KEY}", "04"),
        (f"EE0200 00 020001 01 00 0F {KEY[:-2]}", "28"),
        (f"EE0200 00 020001 01 00 19 {KEY}{KEY[:18]}", "03"),
        ("EE0200 00 020001 01 00 00", "28"),
        (f"EE0200 00 020001 01 00 10 {under(ZMK, '01' * 16)}", "04"),  # weak
        ("EE0201 00 020009 01 00 020001", "0A"),
        ("EE0202 00 020001 01 01", "04"),
        ("EE0202 00 020001 01 02", "04"),
        ("EE0619 00 15 0101", "21"),
        ("EE0619 00 11 020101", "04"),
        ("EE0619 00 11 0107", "19"),
        ("EE0619 00 10 0124", "28"),
        ("EE0619 00 11 01AA", "19"),
    ],
)
def test_refused(ask: EracomSpeaker, request_hex: str, code: str) -> None:
    assert ask(request_hex) == request_hex[:6] + code


@given(st.sampled_from(["10", "11", "12", "13", "14", "17"]), st.sampled_from(["00", "01", "02", "05", "10", "40"]))
def test_new_keys_are_odd_and_of_the_format(form: str, code: str) -> None:
    made = ASK(f"EE0619 00 {form} 01{code}")
    assert made[:8] == "EE061900"
    sizes = {"10": "09", "11": "11", "12": "19", "13": "11", "14": "19", "17": "52"}
    assert made[8:12] == sizes[form] + form
    assert ASK(f"EE0202 00 {made[8:]} {code} 00")[6:12] == "000103"


ASK = make_eracom()


def test_settings_of_keys_hold() -> None:
    ask = make_eracom({"allow-single-des": "no"})
    assert ask("EE0619 00 10 0101") == "EE061928"
    assert ask(f"EE0200 00 020001 01 00 08 {under(ZMK, '0123456789ABCDEF')}") == "EE020028"
    weak = make_eracom({"weaker-kek-allowed": "no"})
    assert weak(f"EE0200 00 020001 01 00 18 {under(ZMK, KEY + ZMK[:16])}") == "EE020028"
    assert weak(f"EE0200 00 020001 01 00 10 {under(ZMK, KEY)}")[:8] == "EE020000"
    masked = make_eracom({"prevent-single-des-masquerade": "yes"})
    assert masked(f"EE0200 00 020001 01 00 10 {under(ZMK, '0123456789ABCDEF' * 2)}") == "EE020028"
    assert masked(f"EE0202 00 {spec('11' + '00' * 16)} 01 00") == "EE020228"
