"""A0 and A4: what is made opens again, in both kinds of LMK, and what may not be made is refused."""

from __future__ import annotations

import re
from collections.abc import Callable

import psec
import pytest
from support.appliances import Speaker

Desk = Callable[..., Speaker]

BLOCKS = ("00=test-3des-block",)
AES = ("00=test-aes-block",)
CLEAR_ZMK = bytes.fromhex("5DB50B454F8389ADCE573BE50861F2BF")
ZMK = "UC2FAFC16843B1B176EDE12C65E929993"
"""5DB50B454F8389ADCE573BE50861F2BF under pair 04-05 of the published variant LMK, by OpenSSL; KCV 5C9405."""
COMPONENT = "U1EF828AA8F6B80EB83E19FBC373F3A85"
"""A ZPK of a published exchange (v013)."""


def made(reply: str) -> str:
    """The key in the answer to A0 mode 0, A4 and the like."""
    assert reply[2:4] == "00", reply
    return reply[4:-6]


@pytest.mark.parametrize(
    ("request_text", "chars"),
    [("A00001U", 33), ("A00002T", 49), ("A00001Z", 16), ("A000090", 32), ("A000000", 32), ("A00003X", 33)],
)
def test_a_generated_key_opens_as_its_type(desk: Desk, request_text: str, chars: int) -> None:
    speak = desk({"allow-single-des": "yes"})
    reply = speak(request_text)
    key = made(reply)
    assert len(key) == chars
    flag = {16: "0", 32: "1", 33: "1", 49: "2"}[chars]
    assert speak(f"BUFF{flag}{key};{request_text[3:6]};001") == "BV00" + reply[-6:]


def test_a_generated_key_has_the_shape_seen(desk: Desk) -> None:
    """v129: under the LMK first, then under the ZMK, then the check value; the key itself is random."""
    speak = desk()
    reply = speak("A01001UU0A26760BD07871026B6702C5F9BA25B3U")
    assert re.fullmatch("A100U[0-9A-F]{32}U[0-9A-F]{32}[0-9A-F]{6}", reply)
    exported, check_value = reply[37:70], reply[70:]
    assert speak(f"A6001U0A26760BD07871026B6702C5F9BA25B3{exported}U") == f"A700{reply[4:37]}{check_value}"


@pytest.mark.parametrize("flag", ["", ";0", "0"])
def test_the_flag_before_the_zmk_may_be_left_out(desk: Desk, flag: str) -> None:
    assert desk()(f"A01001U{flag}{ZMK}X").startswith("A100U")


@pytest.mark.parametrize("flag", [";1", "1"])
def test_a_tmk_may_stand_in_place_of_a_zmk(desk: Desk, flag: str) -> None:
    speak = desk()
    tmk = made(speak("A00002U"))
    reply = speak(f"A01002U{flag}{tmk}U")
    assert len(reply) == 4 + 33 + 33 + 6
    assert speak(f"A01002U;0{tmk}U") == "A110"


@pytest.mark.parametrize(
    ("lmks", "algorithm", "letter", "digits"),
    [
        (BLOCKS, "D1", "D", 56),
        (BLOCKS, "T2", "T", 72),
        (BLOCKS, "T3", "T", 88),
        (AES, "T2", "T", 96),
        (AES, "A1", "A", 96),
        (AES, "A2", "A", 96),
        (AES, "A3", "A", 128),
    ],
)
def test_a_generated_key_block_says_what_was_asked(
    desk: Desk, lmks: tuple[str, ...], algorithm: str, letter: str, digits: int
) -> None:
    speak = desk(lmks=lmks)
    key = made(speak(f"A00FFFS#72{algorithm}E07N00"))
    version = "1" if lmks is AES else "0"
    assert re.fullmatch(f"S{version}[0-9]{{4}}72{letter}E07N00000?[0-9A-F]+", key)
    assert speak(f"BUFFF{key};FFF;001")[:4] == "BV00"


def test_optional_blocks_are_bound(desk: Desk) -> None:
    speak = desk(lmks=AES)
    key = made(speak("A00FFFS#72A1B00E02LB0BLabel 1KS080001"))
    assert "LB0BLabel 1KS080001" in key
    assert speak(f"BUFFF{key};FFF")[:4] == "BV00"
    assert speak(f"BUFFF{key.replace('Label 1', 'Label 2')};FFF") == "BVA4"


def test_a_type_alone_gives_its_usual_attributes(desk: Desk) -> None:
    assert made(desk(lmks=BLOCKS)("A00001S"))[6:13] == "72TN00E"


@pytest.mark.parametrize(
    ("lmks", "request_text", "code"),
    [
        (("00=test-variant",), "A00FFFU", "28"),
        (("00=test-variant",), "A00001S", "26"),
        (("00=test-variant",), "A00001U#72T2B00E00", "15"),
        (("00=test-variant",), "A00001U&N", "15"),
        (("00=test-variant",), "A000090!B", "15"),
        (("00=test-variant",), "A02001U", "15"),
        (("00=test-variant",), f"A01001U{ZMK}T", "27"),
        (("00=test-variant",), f"A01001U{ZMK}Q", "26"),
        (("00=test-variant",), f"A01001U{ZMK}U&N", "15"),
        (("00=test-variant",), f"A01001U{ZMK}U32", "15"),
        (("00=test-variant",), f"A01001U{ZMK}R9", "15"),
        (BLOCKS, "A00FFFS", "83"),
        (BLOCKS, "A00FFFU#72T2B00E00", "26"),
        (BLOCKS, "A00FFFS#72A1B00E00", "A7"),
        (BLOCKS, "A00FFFS#72Q1B00E00", "A7"),
        (BLOCKS, "A00FFFS#72T2B00Q00", "AA"),
        (BLOCKS, "A00FFFS#72T2B0QE00", "A9"),
        (BLOCKS, "A00FFFS#72T2B00E99", "AB"),
        (BLOCKS, "A00FFFS#72T2B00E01ABCD", "AC"),
        (BLOCKS, "A00FFFS#72T2B00E01AB03", "AC"),
        (BLOCKS, "A00001S#D0T2B00E00", "A6"),
        (BLOCKS, "A00402S#C0T2B00E00", "A8"),
    ],
)
def test_refusals(desk: Desk, lmks: tuple[str, ...], request_text: str, code: str) -> None:
    assert desk(lmks=lmks)(request_text) == "A1" + code


def test_authority(desk: Desk) -> None:
    assert desk(authorise="")("A00001U").startswith("A100")
    assert desk(authorise="")("A00000U") == "A117"
    assert desk(authorise="generate.000")("A00000U").startswith("A100")
    assert desk(authorise="")(f"A01001U{ZMK}U") == "A117"
    assert desk(authorise="export.001")(f"A01001U{ZMK}U").startswith("A100")
    assert desk(authorise="export.002")(f"A01001U{ZMK}U") == "A117"
    assert desk(lmks=BLOCKS, authorise="")("A00FFFS#52T2B00E00") == "A117"


def test_authority_under_the_lmk_that_a_key_block_names(desk: Desk) -> None:
    speak = desk(lmks=("00=test-variant", "01=test-3des-block"), authorise="all")
    zmk = made(speak("A00FFFS%01#52T2B00E00"))
    assert speak(f"A01FFFS{zmk}S#72T2B00E00").startswith("A100")
    speak.appliance.authorise(speak.appliance.authority.without("01"))
    assert speak(f"A01FFFS{zmk}S#72T2B00E00") == "A117"


@pytest.mark.parametrize(
    ("settings", "request_text", "code"),
    [
        ({"allow-single-des": "no"}, "A00001Z", "27"),
        ({"trusted-format-only": "yes"}, f"A01001U{ZMK}U", "26"),
        ({"x917-export": "no"}, f"A01001U{ZMK}X", "26"),
        ({"x917-export": "no"}, f"A01009U{ZMK}0", "26"),
        ({"x917-export": "no"}, "A00001X", "26"),
        ({"weaker-kek-allowed": "no"}, f"A01001T{ZMK}T", "27"),
        ({"weaker-lmk-allowed": "no"}, "A00001T", "27"),
        ({"atalla-variants": "no"}, f"A01001U{ZMK}U1", "15"),
        ({"atalla-variant-match": "yes"}, f"A01001U{ZMK}U2", "15"),
    ],
)
def test_settings_that_refuse(desk: Desk, settings: dict[str, str], request_text: str, code: str) -> None:
    assert desk(settings)(request_text) == "A1" + code
    assert desk()(request_text)[:4] == "A100"


def test_a_trusted_format_is_let_out(desk: Desk) -> None:
    speak = desk({"trusted-format-only": "yes"})
    reply = speak(f"A01001U{ZMK}R&N")
    assert reply[37:].startswith("RB0080P0TN00N0000")


@pytest.mark.parametrize("version", ["A", "B", "C"])
def test_the_version_of_a_tr31_block_is_chosen(desk: Desk, version: str) -> None:
    speak = desk()
    reply = speak(f"A01001U{ZMK}R!{version}")
    assert reply[38] == version
    assert speak(f"A6001{ZMK}{reply[37:-6]}U") == f"A700{reply[4:37]}{reply[-6:]}"
    code = "00" if version == "B" else "26"
    assert desk({"trusted-format-only": "yes"})(f"A01001U{ZMK}R!{version}")[2:4] == code


def test_the_length_of_a_block_on_the_border_is_disguised(desk: Desk) -> None:
    lengths = {len(desk({"disguise-key-length": "yes"})(f"A01001{scheme}{ZMK}R")[4:]) for scheme in "UT"}
    plain = {len(desk()(f"A01001{scheme}{ZMK}R")[4:]) for scheme in "UT"}
    assert max(lengths) - min(lengths) == 16  # the tokens under the variant LMK alone differ
    assert max(plain) - min(plain) > 16


# --- DUKPT initial keys ----------------------------------------------------------------------------------------------
BDK = "U8E3D3E2FD5919657F05A1AA90D32A014"
"""0123456789ABCDEFFEDCBA9876543210 under pair 28-29, by OpenSSL."""


def test_an_initial_key_keeps_its_parity_on_the_border_alone(desk: Desk) -> None:
    """AF8C07: openssl enc -des-ede over zeros under the initial key, which is that of ANSI X9.24-1:2009 A.4."""
    speak = desk()
    reply = speak(f"A0B302U01{BDK}FFFF9876543210E;0{ZMK}R")
    kept, exported = reply[4:37], reply[37:-6]
    _, key = psec.tr31.unwrap(CLEAR_ZMK, exported[1:])
    assert key.hex().upper() == "6AC292FAA1315B4D858AB3A3D7D5933A"
    assert speak(f"BUFF1{kept};302;001") == "BV00AF8C07"
    assert speak(f"A8302{ZMK}{kept}U") == "A929"
    assert desk(lmks=BLOCKS, old_lmks=("00=test-variant",))(f"BWFF1{kept};302") == "BX44"


def test_an_initial_key_in_a_key_block_keeps_its_parity(desk: Desk) -> None:
    speak = desk(lmks=BLOCKS)
    header = psec.tr31.Header("B", "B1", "T", "X", "00", "S")
    key = bytes.fromhex("6AC292FAA1315B4D858AB3A3D7D5933A")
    zmk = made(desk(lmks=BLOCKS, old_lmks=("00=test-variant",))(f"BWFF1{ZMK};000#52N00N00!11"))
    reply = speak(f"A6302{zmk}R{psec.tr31.wrap(CLEAR_ZMK, header, key)}S")
    assert reply[-6:] == "AF8C07"
    out = made(speak(f"A8302{zmk}{made(reply)}R"))
    assert psec.tr31.unwrap(CLEAR_ZMK, out[1:])[1] == key


def test_an_initial_key_is_derived_and_exported(desk: Desk) -> None:
    speak = desk()
    reply = speak(f"A0B302U01{BDK}FFFF9876543210E;0{ZMK}R")
    assert reply[-6:] == "AF8C07"
    assert reply[37:].startswith("RB0080B1TN00E0000")
    assert speak(f"A6302{ZMK}{reply[37:-6]}U") == f"A700{reply[4:37]}AF8C07"


@pytest.mark.parametrize(
    ("request_text", "code"),
    [
        (f"A0A302U11{BDK}FFFF9876543210E", "15"),
        (f"A0A302U05{BDK}FFFF9876543210E", "15"),
        (f"A0A302U02{BDK}FFFF9876543210E", "10"),
        (f"A0A302U01{BDK}FFFF987654321", "15"),
        (f"A0A302T01{BDK}FFFF9876543210E", "27"),
        (f"A0A302U01{BDK}FFFF9876543210E#B1T2N00S00", "15"),
        (f"A0A302U01{BDK}FFFF9876543210E#B1A1N00S00", "A7"),
    ],
)
def test_initial_keys_refused(desk: Desk, request_text: str, code: str) -> None:
    assert desk()(request_text) == "A1" + code


# --- forming ---------------------------------------------------------------------------------------------------------
def test_a_key_is_the_sum_of_its_components(desk: Desk) -> None:
    """Three equal components are the key itself: two of them cancel."""
    speak = desk()
    assert speak(f"A43001U{3 * COMPONENT}") == f"A500{COMPONENT}6F1E3F"
    assert speak(f"A42001U{2 * COMPONENT}") == "A511"
    assert desk({"distinct-components": "yes"})(f"A43001U{3 * COMPONENT}") == "A515"


def test_key_block_components(desk: Desk) -> None:
    speak = desk(lmks=("01=test-3des-block",))
    first = "S0007252TBc1E0001C9ED3207A1A79BCA1CAB8C05FEC9429E2232067D1F9E908F15E9DCA7"
    second = "S0007252TBc2E000125276E9C8BC0FA0F70109274FAB9647EF89A189C019465182A345009"
    reply = speak(f"A42FFFS{first}{second}%01#0500")
    assert reply[4:].startswith("S0007252TB05E0001")
    assert reply[-6:] == "2AE082"
    assert speak(f"A42FFFS{first}{first}%01") == "A5B5"
    assert speak(f"A42FFFS{second}{second}%01") == "A5B5"
    assert speak(f"A43FFFS{first}{second}{second}%01") == "A5B5"


@pytest.mark.parametrize(
    ("request_text", "code"),
    [
        (f"A41001U{COMPONENT}", "03"),
        (f"A43001U{2 * COMPONENT}", "15"),
        (f"A42FFFU{2 * COMPONENT}", "28"),
        (f"A42001T{3 * COMPONENT}", "15"),
        (f"A43001T{3 * COMPONENT}", "27"),
        (f"A43001U{3 * COMPONENT}#0000", "15"),
        (f"A43001U{3 * COMPONENT}%07", "13"),
    ],
)
def test_forming_refused(desk: Desk, request_text: str, code: str) -> None:
    assert desk()(request_text) == "A5" + code


def test_forming_needs_the_component_activity_of_the_type(desk: Desk) -> None:
    assert desk(authorise="component.001")(f"A43001U{3 * COMPONENT}")[:4] == "A500"
    assert desk(authorise="component.002")(f"A43001U{3 * COMPONENT}") == "A517"


def test_a_key_with_equal_halves_is_refused_where_the_setting_says_so(desk: Desk) -> None:
    """In scheme X the halves are enciphered alike, so that a single-length key can be made to look double."""
    single = made(desk()("A00001Z"))
    assert desk()(f"BU011X{2 * single};001")[:4] == "BV00"
    assert desk({"prevent-single-des-masquerade": "yes"})(f"BU011X{2 * single};001") == "BV75"
    assert desk()(f"BU011U{2 * single};001") == "BV10"
