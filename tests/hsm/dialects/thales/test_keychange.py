"""AA, AC, BS, BW, GE: keys come to the new LMK as what they were, and never under another type."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from support.appliances import Speaker

from hsm.keys.lmk import VariantLmk
from hsm.keys.masters import published_lmk
from hsm.keys.published import PUBLISHED_PAIRS

Desk = Callable[..., Speaker]

ZMK = "UC2FAFC16843B1B176EDE12C65E929993"
ZPK = "U1EF828AA8F6B80EB83E19FBC373F3A85"
TPK = "0406FBB23A5214DF"
SAME: dict[str, tuple[str, ...]] = {"old_lmks": ("00=test-variant",)}
BOTH_BLOCKS: dict[str, tuple[str, ...]] = {"lmks": ("00=test-aes-block",), "old_lmks": ("00=test-3des-block",)}


def of_own(lmk_id: str, **changed: str) -> VariantLmk:
    """The published set with pairs changed, so that it is no test LMK: pair 38-39 always, others by index."""
    pairs = list(PUBLISHED_PAIRS)
    pairs[19] = bytes.fromhex("0101010101010102" * 2)
    for index, pair in changed.items():
        pairs[int(index.removeprefix("p"))] = bytes.fromhex(pair)
    return VariantLmk(lmk_id, pairs)


def test_a_key_under_an_old_lmk_that_another_simulator_made_up(desk: Desk) -> None:
    """v051 (ThalesSim): only pair 14-15 takes part, so the other pairs do not matter."""
    speak = desk()
    old = of_own("00", p7="E0E001010101010EF1F1010101010101")
    speak.appliance.load_lmks({"00": of_own("00")}, {"00": old})
    key, expected = "U9431CB85DB136EA608B44528E50C68E5", "UDBA4FF8A2DC7386947EC21165DE0F728"
    assert speak(f"BW021{key}") == f"BX00{expected}"
    assert speak(f"AA{key}") == f"AB00{expected}"
    assert speak(f"AA{key};0X0")[:5] == "AB00X"
    assert speak(f"BWFF1{key};002;0U0") == f"BX00{expected}"
    assert speak(f"BWFF1{key};70D;0U0") == "BX10"


def test_a_new_lmk_in_key_change_storage_turns_the_direction(desk: Desk) -> None:
    """The same witness as above, v051, with its old LMK in force and its new one in key change storage."""
    speak = desk()
    old = of_own("00", p7="E0E001010101010EF1F1010101010101")
    speak.appliance.load_lmks({"00": old}, {}, {"00": of_own("00")})
    key, expected = "U9431CB85DB136EA608B44528E50C68E5", "UDBA4FF8A2DC7386947EC21165DE0F728"
    assert speak(f"BW021{key}") == f"BX00{expected}"
    assert speak(f"BW021{key}%00") == f"BX00{expected}"
    assert speak(f"AA{key}") == f"AB00{expected}"
    assert speak(f"BW021{expected}") == "BX10"
    speak.appliance.load_lmks({"00": old, "01": of_own("01")}, {"01": of_own("01")}, {"00": of_own("00")})
    assert speak(f"BW021{key}") == speak(f"BW021{key}%00") == f"BX00{expected}"
    assert speak(f"BW021{expected}%01") == f"BX00{expected}"
    assert speak("BS%01") == "BT00"
    assert speak(f"BW021{expected}%01") == "BX13"
    assert speak(f"BU021{key};001")[:4] == "BV00"
    assert speak("BS") == "BT00"
    assert not speak.appliance.state.new_lmks
    assert speak(f"BW021{key}") == "BX13"


def test_keys_of_any_kind_go_to_a_new_lmk(desk: Desk) -> None:
    """What a new LMK in key change storage gets is what it opens once it is in force itself."""
    aes, block, variant = (published_lmk(f"test-{name}", "00") for name in ("aes-block", "3des-block", "variant"))
    speak = desk()
    speak.appliance.load_lmks({"00": variant}, {}, {"00": aes})
    zpk = speak(f"BWFF1{ZPK};001!11")
    pin = speak("BA1234F123456789012")[4:]
    moved = speak(f"BG123456789012{pin}")
    assert (zpk[:6], zpk[-6:], moved[:5]) == ("BX00S1", "6F1E3F", "BH00J")
    speak.appliance.load_lmks({"00": aes}, {}, {})
    assert speak(f"BUFFF{zpk[4:-6]};FFF;001") == "BV006F1E3F"
    assert speak(f"NG123456789012{moved[4:]}")[:8] == "NH001234"
    speak.appliance.load_lmks({"00": block}, {}, {"00": aes})
    kept = speak("A00FFFS#P0T2B00E00")
    there = speak(f"BWFFF{kept[4:-6]};FFF!11")
    assert (there[:6], there[-6:]) == ("BX00S1", kept[-6:])
    for current, new, code in ((aes, variant, "A1"), (aes, block, "44"), (variant, of_own("00"), "A2")):
        speak.appliance.load_lmks({"00": current}, {}, {"00": new})
        key = ZPK if current is variant else zpk[4:-6]
        assert speak(f"BWFF{'1' if current is variant else 'F'}{key};001") == f"BX{code}"


def test_test_keys_and_live_keys_never_mix(desk: Desk) -> None:
    speak = desk()
    test, own = dict(speak.appliance.lmks), {"00": of_own("00")}
    for new, old in ((test, own), (own, test)):
        speak.appliance.load_lmks(new, old)
        assert speak(f"BW020{TPK}") == "BXA2"
        assert speak(f"GE{ZMK}") == "GFA2"


def test_check_values(desk: Desk) -> None:
    speak = desk({"restrict-kcv": "no"}, **SAME)
    assert speak(f"BW020{TPK}!11") == f"BX00{TPK}0035BB"
    assert speak(f"BW020{TPK}!10") == f"BX00{TPK}0035BBE340A4B763"
    assert speak(f"BW020{TPK}!00") == f"BX00{TPK}"
    assert desk({"restrict-kcv": "yes"}, **SAME)(f"BW020{TPK}!10") == f"BX00{TPK}0035BB0000000000"


@pytest.mark.parametrize(
    ("request_text", "reply"),
    [
        (f"BW011{ZPK}", f"BX00{ZPK}"),
        (f"BW001{ZMK}", f"BX00{ZMK}"),
        (f"BWFF1{ZPK};001;0U0", f"BX00{ZPK}"),
        (f"BW021{ZPK}", "BX10"),
        (f"BW012{ZPK}", "BX05"),
        (f"BW01F{ZPK}", "BX05"),
        (f"BW011{ZPK};1U0", "BX26"),
        (f"BW011{ZPK};0T0", "BX27"),
        (f"BW011{ZPK};0S0", "BX26"),
        (f"BW011{ZPK}#72B00E00", "BXA1"),
        (f"BWFF1{ZPK}", "BX28"),
        (f"BWFF1{ZPK};FFF", "BX28"),
        (f"BWFF1{ZPK};999", "BX28"),
        (f"BW011{ZPK}%09", "BX13"),
        (f"BWF21{ZPK}", "BX28"),
        (f"BWF21{ZPK};70D", "BX44"),
        (f"GE{ZMK};000", f"GF00{ZMK}"),
        (f"GE{ZMK};100", "GF26"),
        (f"GE{ZPK}", "GF10"),
        ("AC74385088A93CEAD5;001", "AD0074385088A93CEAD5"),
        (f"AC{ZPK}", "AD10"),
    ],
)
def test_answers(desk: Desk, request_text: str, reply: str) -> None:
    assert desk(**SAME)(request_text) == reply


def test_separation(desk: Desk) -> None:
    separated = {"enforce-key-type-002-separation": "yes"}
    speak = desk(separated, **SAME)
    for target in ("70D", "80D", "90D"):
        reply = speak(f"BWF20{TPK};{target}!11")
        assert reply[:4] + reply[-6:] == "BX000035BB"
        assert speak(f"BUFF0{reply[4:-6]};{target};001") == "BV000035BB"
        assert speak(f"BUFF0{reply[4:-6]};002;001") == "BV10"
    assert speak(f"BWF20{TPK};001") == "BX45"
    assert speak(f"BWF20{TPK};FFF") == "BX28"
    assert desk(separated, authorise="", **SAME)(f"BWF20{TPK};70D") == "BX17"
    assert desk(separated, authorise="misc.migrate", **SAME)(f"BWF20{TPK};70D")[:4] == "BX00"


@pytest.mark.parametrize(
    ("tail", "attributes"),
    [(";001;0S0#72E07N00", "72TE07N"), (";001;0S0", "72TN00E"), (";001", "72TN00E")],
)
def test_from_a_variant_lmk_to_a_key_block(desk: Desk, tail: str, attributes: str) -> None:
    speak = desk(lmks=("00=test-3des-block",), **SAME)
    reply = speak(f"BWFF1{ZPK}{tail}!11")
    assert reply[4:17] == "S00072" + attributes
    assert reply[-6:] == "6F1E3F"
    assert speak(f"BUFFF{reply[4:-6]};FFF;001") == "BV006F1E3F"
    assert speak(f"BWFF1{ZPK};001;0S0#D0E00N00") == "BXA6"
    assert speak(f"BWFF1{ZPK};001;0U0") == "BX26"


def test_between_key_block_lmks(desk: Desk) -> None:
    old = desk(lmks=("00=test-3des-block",))
    reply = old("A00FFFS#P0T2B00E00")
    key, check_value = reply[4:-6], reply[-6:]
    speak = desk(**BOTH_BLOCKS)
    moved = speak(f"BWFFF{key};FFF;0S0!11")
    assert (moved[:16], moved[-6:]) == ("BX00S10096P0TB00", check_value)
    assert speak(f"BWFFF{key};FFF#72E00N00")[10:17] == "72TE00N"
    assert speak(f"BWFFF{key};FFF#72N00E00") == "BXA8"
    assert speak(f"BWFFF{key};001")[:4] == "BX00"
    assert speak(f"BWFFF{key};00A") == "BXA6"
    assert speak(f"BWFF1{key};FFF") == "BX05"
    assert desk(lmks=("00=test-3des-block",), old_lmks=("00=test-aes-block",))(f"BWFFF{key};FFF") == "BX44"
    assert desk(old_lmks=("00=test-3des-block",))(f"BWFFF{key};FFF") == "BXA1"


@pytest.mark.parametrize("request_text", [f"BW020{TPK}", f"AA{TPK}", "AC74385088A93CEAD5", f"GE{ZMK}"])
def test_key_change_storage_is_erased(desk: Desk, request_text: str) -> None:
    speak = desk(lmks=("00=test-variant", "01=test-variant"), old_lmks=("00=test-variant", "01=test-variant"))
    assert speak(request_text)[2:4] == "00"
    assert speak("BS") == "BT00"
    assert speak(request_text)[2:] == "13"
    assert speak(request_text + "%01")[2:4] == "00"
    assert speak("BS%01") == "BT00"
    assert speak(request_text + "%01")[2:] == "13"
    assert speak("BS%07") == "BT13"


def test_weaker_settings_hold_for_migrated_keys(desk: Desk) -> None:
    assert desk({"allow-single-des": "no"}, **SAME)(f"BW020{TPK}") == "BX27"
    assert desk({"x917-export": "no"}, **SAME)(f"BW011{ZPK};0X0") == "BX26"
