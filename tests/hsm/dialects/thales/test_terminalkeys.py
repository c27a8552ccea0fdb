"""Terminal keys and PVKs: AE AG FC FE FG HA HC MG MI."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from support.appliances import Speaker, make_speaker
from support.opened import check_digits, is_odd, opened, pair_of

TMK = "U8463435FC4B4DAA0C49025272C29B12C"
CLEAR_TMK = opened(TMK, pair_of("002"))
ZMK = "U1457FF6ADF6250C66C368416B4C9D383"
CLEAR_ZMK = opened(ZMK, pair_of("000"))
TAK = "U90A17A99E4BA32475E692D7AAE177BBD"
TMK_PAIR = pair_of("80D")
BLOCKS = ("00=test-variant", "01=test-3des-block")

Desk = Callable[..., Speaker]

speak = make_speaker()
speak_blocks = make_speaker(lmks=BLOCKS)


@pytest.mark.parametrize(
    ("tail", "chars"), [("", 16), (";UU0", 33), (";XU1", 33), (";0U0", 33), (";ZZ0", 16), (";TT0", 49)]
)
@pytest.mark.parametrize(("code", "reply_code", "key_type"), [("HC", "HD", "002"), ("HA", "HB", "003")])
def test_a_new_key_is_the_same_under_the_current_one_and_the_lmk(
    code: str, reply_code: str, key_type: str, tail: str, chars: int
) -> None:
    reply = speak(f"{code}{TMK}{tail}")
    assert reply[:4] == reply_code + "00"
    assert len(reply) == 4 + 2 * chars
    key = opened(reply[4 : 4 + chars], CLEAR_TMK)
    assert is_odd(key)
    assert key == opened(reply[4 + chars :], pair_of(key_type))


@pytest.mark.parametrize(
    ("tail", "chars", "digits"), [("", 16, 16), (";000", 16, 16), (";002", 16, 6), (";UU1", 33, 6)]
)
def test_two_pvks_each_under_lmk_and_zmk(tail: str, chars: int, digits: int) -> None:
    reply = speak(f"FG{ZMK}{tail}")
    assert reply[:4] == "FH00"
    assert len(reply) == 4 + 4 * chars + 2 * digits
    parts = [reply[4 + place * chars : 4 + (place + 1) * chars] for place in range(4)]
    first, second = opened(parts[0], pair_of("002")), opened(parts[2], pair_of("002"))
    assert first != second
    assert (opened(parts[1], CLEAR_ZMK), opened(parts[3], CLEAR_ZMK)) == (first, second)
    assert reply[4 + 4 * chars :] == check_digits(first)[:digits] + check_digits(second)[:digits]


def test_a_terminal_key_goes_round() -> None:
    made = speak(f"HC{TMK};UU0")
    sent, kept = made[4:37], made[37:]
    assert speak(f"AE{TMK}{kept}") == f"AF00{sent}"
    assert speak(f"AE{TMK}{kept};X00")[4] == "X"
    out = speak(f"FE{ZMK}{kept};X01")
    assert speak(f"FC{ZMK}{out[4:-6]};0U1") == f"FD00{kept}{out[-6:]}"


def test_a_tak_goes_round() -> None:
    sent = speak(f"AG{TMK}{TAK};X01")
    key = opened(TAK, pair_of("003"))
    assert opened(sent[4:37], CLEAR_TMK) == key
    assert sent[37:] == check_digits(key)[:6]
    out = speak(f"MG{ZMK}{TAK}")
    assert opened(out[4:37], CLEAR_ZMK) == key
    assert speak(f"MI{ZMK}{out[4:37]}") == f"MJ00{TAK}{check_digits(key)}"


@pytest.mark.parametrize(
    ("request_text", "reply"),
    [
        (f"AE{TMK}{TAK}", "AF11"),
        (f"AE{TAK}{TMK}", "AF10"),
        (f"AG{TMK}{TMK}", "AH11"),
        (f"AG{ZMK}{TAK}", "AH10"),
        (f"HC{ZMK}", "HD10"),
        (f"HA{ZMK}", "HB10"),
        (f"FG{TMK}", "FH10"),
        (f"FC{TMK}{TMK}", "FD10"),
        (f"MG{ZMK}{TMK}", "MH11"),
        (f"HC{TMK};TU0", "HD27"),
        (f"AE{TMK}{TMK};Z00", "AF27"),
        (f"AE{TMK}{TMK};R00", "AF00"),
    ],
)
def test_refusals(request_text: str, reply: str) -> None:
    assert speak(request_text).startswith(reply)


@pytest.mark.parametrize(
    ("activities", "request_text", "code"),
    [
        ("", f"FE{ZMK}{TMK}", "17"),
        ("export.002", f"FE{ZMK}{TMK}", "00"),
        ("", f"MG{ZMK}{TAK}", "17"),
        ("export.003", f"MG{ZMK}{TAK}", "00"),
        ("", f"FG{ZMK}", "17"),
        ("export.002", f"FG{ZMK}", "00"),
        ("", f"FC{ZMK}55FF9012A3854818", "17"),
        ("import.002", f"FC{ZMK}55FF9012A3854818", "00"),
        ("", f"AE{TMK}{TMK}", "00"),
        ("", f"HC{TMK}", "00"),
    ],
)
def test_activities(desk: Desk, activities: str, request_text: str, code: str) -> None:
    assert desk(authorise=activities)(request_text)[2:4] == code


def test_types_told_apart(desk: Desk) -> None:
    """Type cast (M. Bond, CHES 2001): a PVK must not pass for the TMK that another key is sent under."""
    separated = desk({"enforce-key-type-002-separation": "yes"})
    tmk, tpk, pvk = (separated(f"A00{code}U")[4:37] for code in ("80D", "70D", "002"))
    assert separated(f"AE{tmk}{tpk}").startswith("AF00U")
    assert separated(f"AE{pvk}{tpk}") == "AF10"
    assert separated(f"AE{tmk}{pvk}") == "AF11"
    assert separated(f"AG{pvk}{TAK}") == "AH10"
    assert separated(f"HA{pvk}") == "HB10"
    assert separated(f"HC{pvk}") == "HD10"
    made = separated(f"HC{tmk};UU0")
    assert opened(made[4:37], opened(tmk, TMK_PAIR)) == opened(made[37:], TMK_PAIR)
    assert separated(f"FE{ZMK}{tmk}") == "FF11"
    assert separated(f"FE{ZMK}{pvk}").startswith("FF00")


@pytest.mark.parametrize(
    ("settings", "code"), [({"trusted-format-only": "yes"}, "26"), ({"weaker-kek-allowed": "no"}, "27"), ({}, "00")]
)
def test_settings_hold_for_tmks_too(desk: Desk, settings: dict[str, str], code: str) -> None:
    assert desk(settings)(f"HC{TMK};TT0")[2:4] == code


def test_terminal_keys_in_key_blocks() -> None:
    tmk = speak_blocks("A00FFFS%01#51T2B00E00")
    assert tmk.startswith("A100S"), tmk
    tmk = tmk[4:77]
    made = speak_blocks(f"HC{tmk}")
    assert made[4:77].startswith("S0007251TB00E00FF")
    assert made[77:].startswith("S0007251TB00E0001")
    assert speak_blocks(f"HA{tmk}")[77:].startswith("S00072M3TN00E0001")
    assert speak_blocks(f"AE{tmk}{made[77:]}")[:21] == "AF00S0007251TB00E00FF"
    tpk = "S0007271TN00E00019BAD23B0CEF79E33328CA0568A0E186FC17E8DE738AAF9FB67C6E1FF"
    assert speak_blocks(f"HC{tpk}") == "HDA6"
    assert speak_blocks(f"AE{tmk}{tpk}")[:21] == "AF00S0007271TN00E00FF"
    zmk = "S00072K0TB00E0001DB045F29C053EEFF7B9425B3A88C7258EB7EA7E40E2C47878647072A"
    pair = speak_blocks(f"FG{zmk};002")
    assert pair[4:21] == "S00072V0TN00E0001"
