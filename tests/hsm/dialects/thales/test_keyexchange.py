"""A6, A8 and B0: keys go out and come in unchanged, and only as settings, attributes and authority allow."""

from __future__ import annotations

from collections.abc import Callable

import psec
import pytest
from support.appliances import Speaker

Desk = Callable[..., Speaker]

BLOCKS = ("00=test-3des-block",)
AES = ("00=test-aes-block",)
CLEAR_ZMK = bytes.fromhex("5DB50B454F8389ADCE573BE50861F2BF")
ZMK = "UC2FAFC16843B1B176EDE12C65E929993"
"""CLEAR_ZMK under pair 04-05 of the published variant LMK, by OpenSSL."""
ZPK = "U1EF828AA8F6B80EB83E19FBC373F3A85"
"""A ZPK of a published exchange (v013), KCV 6F1E3F."""
SINGLE_ZMK_SETTINGS = {"zmk-length": "single", "allow-single-des": "yes"}


def key_of(reply: str) -> str:
    assert reply[2:4] == "00", reply
    return reply[4:-6]


@pytest.mark.parametrize("scheme", ["U", "X", "S", "R"])
@pytest.mark.parametrize("key_type", ["001", "002", "003", "008", "00A", "00B", "402", "009", "109"])
def test_out_and_in_again(desk: Desk, key_type: str, scheme: str) -> None:
    speak = desk()
    made = speak(f"A00{key_type}U")
    out = speak(f"A8{key_type}{ZMK}{key_of(made)}{scheme}")
    assert out[-6:] == made[-6:]
    assert speak(f"A6{key_type}{ZMK}{key_of(out)}U") == "A700" + made[4:]


@pytest.mark.parametrize("variant", ["0", "1", "9", "10", "31"])
def test_atalla_variants(desk: Desk, variant: str) -> None:
    speak = desk()
    out = key_of(speak(f"A8001{ZMK}{ZPK}U{variant}"))
    assert speak(f"A6001{ZMK}{out}U{variant}") == f"A700{ZPK}6F1E3F"
    if variant != "0":
        assert speak(f"A6001{ZMK}{out}U")[:4] in ("A701", "A700")
        assert speak(f"A6001{ZMK}{out}U")[-6:] != "6F1E3F"


@pytest.mark.parametrize("text", ["32", "01", "99"])
def test_an_atalla_variant_out_of_range(desk: Desk, text: str) -> None:
    assert desk()(f"A8001{ZMK}{ZPK}U{text}") == "A915"


@pytest.mark.parametrize("version", ["B", "C", "A"])
def test_a_tr31_block_opens_elsewhere(desk: Desk, version: str) -> None:
    """psec takes out what A8 put in, under the clear ZMK; the key itself is known by its check value."""
    out = key_of(desk()(f"A8001{ZMK}{ZPK}R&N!{version}"))
    header, key = psec.tr31.unwrap(CLEAR_ZMK, out[1:])
    assert (header.version_id, header.key_usage, header.algorithm, header.exportability) == (version, "P0", "T", "N")
    assert psec.des.generate_kcv(key, 3).hex().upper() == "6F1E3F"


@pytest.mark.parametrize("version", ["B", "C", "A"])
def test_a_tr31_block_from_elsewhere_comes_in(desk: Desk, version: str) -> None:
    key = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
    block = "R" + psec.tr31.wrap(CLEAR_ZMK, psec.tr31.Header(version, "P0", "T", "B", "00", "E"), key)
    speak = desk()
    reply = speak(f"A6001{ZMK}{block}U")
    assert reply[:4] + reply[-6:] == "A70008D7B4"  # KCV of that key: openssl enc -des-ede over zeros
    code = "26" if version == "A" else "00"
    assert desk({"trusted-format-only": "yes"})(f"A6001{ZMK}{block}U")[2:4] == code
    assert speak(f"A600A{ZMK}{block}U") == "A7A6"
    assert speak(f"A6FFF{ZMK}{block}U") == "A728"
    assert speak(f"A6001{ZMK}{block[:-1]}{'0' if block[-1] != '0' else '1'}U") == "A7A4"


def test_an_aes_block_from_elsewhere_comes_in(desk: Desk) -> None:
    speak = desk(lmks=AES)
    zmk = key_of(speak("A00FFFS#K0A3N00N00"))
    out = speak(f"A01FFFS{zmk}R#P0A2B00E00")
    own = out[4:].partition("R")[0]
    block = "R" + out[4:-6].partition("R")[2]
    assert block[1] == "D"
    came = speak(f"A6FFF{zmk}{block}S#72E00N00")
    assert key_of(came)[6:16] == "72AE00N000"
    assert came[-6:] == out[-6:] == speak(f"BUFFF{own};FFF;001")[-6:]


@pytest.mark.parametrize(
    ("own", "asked", "code"),
    [
        ("P0T2B00E", "72B00E00", "00"),
        ("P0T2B00E", "71E00N00", "00"),
        ("P0T2N00S", "73D00E00", "00"),
        ("P0T2B00E", "52B00E00", "A6"),
        ("72T2B00E", "P0B00E00", "00"),  # TR-31 knows only P0, so that 72 travels as P0
        ("P0T2E00E", "72B00E00", "A8"),
        ("P0T2B00E", "72N00E00", "A8"),
        ("P0T2B00E", "72B00S00", "AA"),
        ("P0T2B05E", "72B06E00", "A9"),
    ],
)
def test_a_block_is_narrowed_never_widened(desk: Desk, own: str, asked: str, code: str) -> None:
    speak = desk(lmks=BLOCKS)
    zmk = key_of(speak("A00FFFS#52T2B00N00"))
    made = speak(f"A01FFFS{zmk}R#{own}00")
    block = "R" + made[4:-6].partition("R")[2]
    came = speak(f"A6FFF{zmk}{block}S#{asked}")
    assert came[2:4] == code
    if code == "00":
        assert key_of(came)[6:8] + key_of(came)[9:13] == asked[:6]


@pytest.mark.parametrize(
    ("exportability", "scheme", "tail", "code"),
    [
        ("N", "S", "", "AA"),
        ("N", "R", "", "AA"),
        ("E", "S", "", "00"),
        ("E", "R", "&N", "00"),
        ("E", "R", "&S", "AA"),
        ("E", "U", "", "AA"),
        ("S", "U", "", "00"),
        ("S", "X", "", "00"),
        ("S", "U", "&N", "15"),
        ("S", "S", "!B", "26"),
        ("S", "R", "!D", "26"),
        ("S", "S", "1", "15"),
    ],
)
def test_exportability(desk: Desk, exportability: str, scheme: str, tail: str, code: str) -> None:
    speak = desk(lmks=BLOCKS)
    zmk, key = key_of(speak("A00FFFS#52T2B00N00")), key_of(speak(f"A00FFFS#72T2B00{exportability}00"))
    reply = speak(f"A8FFF{zmk}{key}{scheme}{tail}")
    assert reply[2:4] == code


@pytest.mark.parametrize(("mode", "out", "back"), [("B", "00", "00"), ("E", "00", "A8"), ("D", "A8", "00")])
def test_the_mode_of_use_of_the_zmk(desk: Desk, mode: str, out: str, back: str) -> None:
    speak = desk(lmks=BLOCKS)
    zmk = key_of(speak(f"A00FFFS#52T2{mode}00N00"))
    key = key_of(speak("A00FFFS#72T2B00S00"))
    assert speak(f"A8FFF{zmk}{key}S")[2:4] == out
    assert speak(f"A6001{zmk}U2C0E3EE7A5EFFA002C0E3EE7A5EFFA00S")[2:4] in (back, "01")


def test_keys_of_two_lmks(desk: Desk) -> None:
    speak = desk(lmks=("00=test-variant", "01=test-3des-block", "02=test-3des-block"))
    zmk = key_of(speak("A00FFFS%01#52T2B00N00"))
    other = key_of(speak("A00FFFS%02#72T2B00E00"))
    assert speak(f"A8FFF{zmk}{other}S") == "A9A3"
    assert speak(f"A8FFF{ZMK}{other}S") == "A9A1"
    assert speak(f"A8FFF{zmk}{other}S%01") == "A9A3"


@pytest.mark.parametrize(
    ("settings", "request_text", "code"),
    [
        ({"trusted-format-only": "yes"}, f"A8001{ZMK}{ZPK}U", "26"),
        ({"x917-export": "no"}, f"A8001{ZMK}{ZPK}X", "26"),
        ({"x917-export": "no"}, f"A8001{ZMK}{ZPK}Z", "26"),
        ({"atalla-variants": "no"}, f"A8001{ZMK}{ZPK}U1", "15"),
        ({"atalla-variant-match": "yes"}, f"A8001{ZMK}{ZPK}U3", "15"),
        ({"trusted-format-only": "yes"}, f"A6001{ZMK}{ZPK}U", "26"),
        ({"x917-import": "no"}, f"A6001{ZMK}X2C0E3EE7A5EFFA00C3CD721FE6E66B82U", "26"),
    ],
)
def test_settings_that_refuse(desk: Desk, settings: dict[str, str], request_text: str, code: str) -> None:
    assert desk(settings)(request_text)[2:] == code
    assert desk()(request_text)[2:4] in ("00", "01")


def test_a_key_under_a_weaker_one(desk: Desk) -> None:
    """v041's ZMK: single length, carrying a double-length key."""
    request = "A600A4ED06495741C280CX2C0E3EE7A5EFFA00C3CD721FE6E66B82U"
    assert desk(SINGLE_ZMK_SETTINGS)(request)[2:4] == "00"
    assert desk({**SINGLE_ZMK_SETTINGS, "weaker-kek-allowed": "no"})(request) == "A727"
    assert desk({"zmk-length": "single", "allow-single-des": "no"})(request) == "A727"


def test_an_imported_single_key_where_those_are_off(desk: Desk) -> None:
    request = f"A6001{ZMK}0123456789ABCDEFZ"
    assert desk()(request)[2:4] in ("00", "01")
    assert desk({"allow-single-des": "no"})(request) == "A727"


def test_weak_keys_do_not_come_in(desk: Desk) -> None:
    """psec wraps what no device would: weak parts, and a key of zeros."""
    for weak in ("0101010101010101FEDCBA9876543210", "0123456789ABCDEF1FE01FE00EF10EF1", "00" * 16):
        header = psec.tr31.Header("B", "P0", "T", "B", "00", "E")
        block = "R" + psec.tr31.wrap(CLEAR_ZMK, header, bytes.fromhex(weak))
        assert desk()(f"A6001{ZMK}{block}U") == "A711"


def test_what_may_not_leave_stays_out_of_a_variant_lmk(desk: Desk) -> None:
    header = psec.tr31.Header("B", "P0", "T", "B", "00", "N")
    block = "R" + psec.tr31.wrap(CLEAR_ZMK, header, bytes.fromhex("0123456789ABCDEFFEDCBA9876543210"))
    assert desk()(f"A6001{ZMK}{block}U")[2:4] == "00"
    assert desk({"trusted-format-only": "yes"})(f"A6001{ZMK}{block}U") == "A7AA"


def test_authority(desk: Desk) -> None:
    assert desk(authorise="export.001")(f"A8001{ZMK}{ZPK}U")[2:4] == "00"
    assert desk(authorise="export.002")(f"A8001{ZMK}{ZPK}U") == "A917"
    assert desk(authorise="")(f"A6001{ZMK}X2C0E3EE7A5EFFA00C3CD721FE6E66B82U")[2:4] in ("00", "01")
    for key_type in ("000", "00A", "00B", "30B"):
        request = f"A6{key_type}{ZMK}X2C0E3EE7A5EFFA00C3CD721FE6E66B82U"
        assert desk(authorise="")(request) == "A717"
        assert desk(authorise=f"import.{key_type}")(request)[2:4] in ("00", "01")


@pytest.mark.parametrize(
    ("request_text", "reply"),
    [
        (f"A6FFF{ZMK}{ZPK}U", "A728"),
        (f"A6001{ZMK}{ZPK}S", "A726"),
        (f"A6001{ZMK}{ZPK}T", "A727"),
        (f"A6001{ZMK}{ZPK}U&N", "A715"),
        (f"A6001{ZMK}{ZPK}U#72B00E00", "A715"),
        (f"A6001{ZPK}{ZPK}U", "A710"),
        (f"A8001{ZPK}{ZPK}U", "A910"),
        (f"A8001{ZMK}{ZMK}U", "A911"),
        (f"A8001{ZMK}{ZPK}Q", "A926"),
        (f"A8001{ZMK}{ZPK}T", "A927"),
        (f"A8001{ZMK}{ZPK}R#D0B00E00", "A9A6"),
        (f"A8001{ZMK}{ZPK}R#P0X00E00", "A9A8"),
        (f"A8DDD{ZMK}{ZPK}U", "A928"),
        (f"A8001{ZMK}{ZPK}U%09", "A913"),
        (f"A6001{ZMK}UK123U", "A712"),
    ],
)
def test_refusals(desk: Desk, request_text: str, reply: str) -> None:
    assert desk()(request_text) == reply


def test_a_key_of_wrong_parity_is_made_odd_under_advice(desk: Desk) -> None:
    speak = desk()
    reply = speak(f"A6001{ZMK}U00000000000000000000000000000000U")
    assert reply[:4] == "A701"
    assert speak(f"BU011{reply[4:-6]};001") == "BV00" + reply[-6:]


# --- B0 --------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("key_type", "first", "second"), [("001", "U", "X"), ("00A", "T", "Y")])
def test_a_scheme_is_changed_and_changed_back(desk: Desk, key_type: str, first: str, second: str) -> None:
    speak = desk()
    key = key_of(speak(f"A00{key_type}{first}"))
    changed = speak(f"B0{key_type}{key}{second}")
    assert changed[:5] == "B100" + second
    assert speak(f"B0{key_type}{changed[4:]}{first}") == "B100" + key
    assert desk({"x917-export": "no"})(f"B0{key_type}{key}{second}") == "B126"


def test_a_key_block_has_one_scheme(desk: Desk) -> None:
    speak = desk(lmks=BLOCKS)
    key = key_of(speak("A00FFFS#72T2B00E00"))
    assert speak(f"B0FFF{key}S")[4:].startswith(key[:17])
    assert speak(f"B0FFF{key}U") == "B126"
    assert desk()(f"B0001{ZPK}T") == "B127"
    assert desk()(f"B0001{ZPK}S") == "B126"
    assert desk(authorise="")(f"B0001{ZPK}X") == "B117"


@pytest.mark.parametrize("usage", ["21", "22", "23", "D0"])
def test_a_data_key_in_no_block_needs_its_usage_authorised(desk: Desk, usage: str) -> None:
    """Nor does it help to leave its type to the attributes."""
    lmks = ("00=test-variant", "01=test-3des-block")
    all_of_it = desk(lmks=lmks)
    zmk = key_of(all_of_it("A00FFFS%01#K0T2N00E00"))
    loose = key_of(all_of_it(f"A8FFF{zmk}{key_of(all_of_it(f'A00FFFS%01#{usage}T2N00S00'))}U%01"))
    for authorise, code in (("", "17"), ("import.00A", "17"), (f"import.{usage}", "00")):
        speak = desk(lmks=lmks, authorise=authorise)
        assert speak(f"A6FFF{zmk}{loose}S%01#{usage}N00E00")[2:4] == code, authorise
    assert desk(lmks=lmks, authorise="")(f"A6FFF{zmk}{loose}S%01#72N00E00")[2:4] == "00"
