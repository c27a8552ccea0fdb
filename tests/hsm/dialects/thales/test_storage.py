"""LA, LE, LC, and keys that requests take from user storage."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.appliances import Speaker, make_speaker

from hsm.operations import diebold

Desk = Callable[..., Speaker]
ONE, TWO = "0123456789ABCDEF", "FEDCBA9876543210"
# A witnessed translation (tests of the dispatcher): TPK and ZPK of double length.
TPK, ZPK = "1750CDFB0757D3B36A7BF2D2081E6A8C", "F8CB006586F7B17AA6F4C6AECAC641BF"
BLOCK = "12B7C4BC583C6ADDD40101552000000012"
TRANSLATED = "CB0004107673033D76186A01"


@pytest.mark.parametrize(("length", "chars"), [("single", 16), ("double", 32), ("triple", 48)])
def test_blocks_are_kept_and_given_back(desk: Desk, length: str, chars: int) -> None:
    speak = desk({"user-storage-length": length})
    first, second = (ONE * 3)[:chars], (TWO * 3)[:chars]
    assert speak(f"LAK01F02{first}{second}") == "LB00"
    assert speak("LEK01F02") == f"LF00{first}{second}"
    assert speak("LEK02001\x19end") == f"LF00{second}\x19end"
    assert speak("LEK02002") == "LF12"
    assert speak("LEK00000") == "LF00"
    assert speak(f"LAK02001{first}\x19end") == "LB00\x19end"
    assert speak("LEK01F02") == f"LF00{first}{first}"


def test_thirty_two_blocks_are_the_most(desk: Desk) -> None:
    speak = desk()
    assert speak("LAK00020" + ONE * 32) == "LB00"
    assert speak("LEK00020") == "LF00" + ONE * 32
    assert speak("LAK10021" + ONE * 33) == "LB21"
    assert speak("LEK00021") == "LF21"
    assert speak("LEK0FF01") == "LF12"


@pytest.mark.parametrize(
    ("request_text", "reply"),
    [
        ("LAKFFF02" + ONE * 2, "LB21"),
        ("LAKFFF01" + ONE, "LB00"),
        ("LEKFFF02", "LF21"),
        ("LCKFE1", "LD21"),
        ("LCKFE0", "LD12"),
        ("LCB000", "LD15"),
        ("LAB00001" + ONE, "LB15"),
        ("LEB00001", "LF15"),
        ("LAX00001" + ONE, "LB15"),
        ("LAKGGG01" + ONE, "LB15"),
        ("LAK0000G" + ONE, "LB15"),
        ("LAK00001" + ONE[:-1], "LB15"),
        ("LAK00001" + ONE + "0", "LB15"),
        ("LAK00001" + ONE[:-1] + "g", "LB15"),
        ("LAK00001" + ONE[:-1] + "\n", "LB15"),
        ("LAK00000", "LB00"),
        ("LEK000", "LF15"),
        ("LEK0001", "LF15"),
        ("LCK00", "LD15"),
    ],
)
def test_indices_and_counts_are_checked(desk: Desk, request_text: str, reply: str) -> None:
    assert desk()(request_text) == reply


def test_values_of_any_length(desk: Desk) -> None:
    speak = desk({"user-storage-length": "variable"})
    raw = bytes(range(256)).decode("latin-1")
    assert speak("LAB0A00256" + raw) == "LB00"
    assert speak("LAK0A10005U1234") == "LB00"
    assert speak("LEB0A002") == "LF00" + "0256" + raw + "0005U1234"
    assert speak("LAK0A20002\x00\x01") == "LB15"
    assert speak("LAK0A20000") == "LB80"
    assert speak("LAB0A28193" + "x" * 8_193) == "LB80"
    assert speak("LAK0A20005U123") == "LB15"
    assert speak("LEK0A201") == "LF12"


def test_pci_mode_needs_authority_for_loading(desk: Desk) -> None:
    settings = {"enforce-key-type-002-separation": "yes", "restrict-pin-block-usage": "yes"}
    load = "LAK00001" + ONE
    assert desk(settings, authorise="export")(load) == "LB17"
    assert desk(settings, authorise="misc")(load) == "LB00"
    assert desk(authorise="")(load) == "LB00"


def test_a_key_field_takes_its_key_from_storage(desk: Desk) -> None:
    speak = desk({"user-storage-length": "double"})
    speak(f"LAK00002{TPK}{ZPK}")
    assert speak(f"CAUK000UK001{BLOCK}") == TRANSLATED
    assert speak(f"CAUK000U{ZPK}{BLOCK}") == TRANSLATED
    assert speak(f"CAUK001UK001{BLOCK}") == "CB10"  # a ZPK is no TPK
    assert speak(f"CAUK002UK001{BLOCK}") == "CB12"
    assert speak(f"CAUK000UK002{BLOCK}") == "CB12"


def test_a_variable_slot_holds_a_key_with_its_tag(desk: Desk) -> None:
    speak = desk({"user-storage-length": "variable"})
    for address, value in (("000", "U" + TPK), ("001", "U" + ZPK), ("002", ZPK), ("003", "\xff"), ("004", "U" + ONE)):
        assert speak(f"LAB{address}{len(value):04d}{value}") == "LB00"
    assert speak(f"CAK000K001{BLOCK}") == TRANSLATED
    assert speak(f"CAK000UK002{BLOCK}") == TRANSLATED
    assert [speak(f"CAK000{key}{BLOCK}")[2:4] for key in ("UK001", "K003", "K004", "UK003")] == ["12"] * 4


@pytest.mark.parametrize("slots", ["double", "triple"])
def test_a_key_shorter_than_its_slot_is_filled_up(desk: Desk, slots: str) -> None:
    speak = desk({"user-storage-length": slots})
    chars = {"double": 32, "triple": 48}[slots]
    speak("LAK00001" + ONE.ljust(chars, "F"))
    assert speak.appliance.storage.key("000") == ONE
    if slots == "triple":
        speak(f"LAK00102{TPK.ljust(48, 'F')}{ZPK.ljust(48, 'F')}")
        assert speak(f"CAUK001UK002{BLOCK}") == TRANSLATED


def test_key_blocks_from_storage(desk: Desk) -> None:
    speak = desk({"user-storage-length": "variable"}, ("00=test-3des-block",))
    block = "S10096" + "0" * 91
    speak(f"LAK000{len(block):04d}{block}")
    assert speak(f"CAK000K000{BLOCK}")[2:4] == speak(f"CA{block}{block}{BLOCK}")[2:4] != "15"


def test_another_length_setting_empties_the_slots(desk: Desk) -> None:
    speak = desk()
    speak("LAK00001" + ONE)
    speak.appliance.change_settings(speak.appliance.settings.changed("user-storage-length", "double"))
    assert speak("LEK00001") == "LF12"


@pytest.mark.parametrize("lmk", ["test-variant", "test-3des-block", "test-aes-block"])
def test_a_diebold_table_is_verified(desk: Desk, lmk: str) -> None:
    speak = desk(lmks=(f"00={lmk}",))
    table = diebold.protect(speak.appliance.view(None, speak), bytes(reversed(range(256))))
    assert speak("LAK10020" + table) == "LB00"
    assert speak("LCK100") == "LD00"
    assert speak("LAK11F01" + ONE) == "LB00"
    assert speak("LCK100") == "LD19"
    assert speak("LCK101") == "LD12"


def test_the_hardened_profile_has_no_diebold_tables(desk: Desk) -> None:
    assert desk(profile="hardened")("LCK000") == "LD68"


SPEAK = make_speaker()
WITNESSED = ("LAK000020123456789ABCDEFFEDCBA9876543210", "LEK00001", "LCK000", "LG255", "NI11", "NO00", "N0008", "JK")


@given(st.sampled_from(WITNESSED), st.data())
def test_damage_is_answered_with_a_code(witnessed: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(2, len(witnessed)))
    letter = data.draw(st.characters(max_codepoint=255))
    for damaged in (witnessed[:at], witnessed[:at] + letter + witnessed[at + 1 :], witnessed + letter):
        assert SPEAK(damaged)[2:4] in {"00", "01", "12", "13", "15", "17", "19", "21", "80", "82"}
