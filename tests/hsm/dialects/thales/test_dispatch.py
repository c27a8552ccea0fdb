"""The one door: unknown commands, tails, LMK choice, disabled commands, faults of our own."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.appliances import Speaker, make_speaker

Desk = Callable[..., Speaker]

CA = "CAU1750CDFB0757D3B36A7BF2D2081E6A8CUF8CB006586F7B17AA6F4C6AECAC641BF12B7C4BC583C6ADDD40101552000000012"


def test_a_pin_block_is_translated(desk: Desk) -> None:
    assert desk()(CA) == "CB0004107673033D76186A01"


@pytest.mark.parametrize(("request_text", "reply"), [("QQ", "QR15"), ("", "ZZ15"), ("\xff\xfe", "ZZ15"), ("N", "ZZ15")])
def test_unknown_commands_are_answered(desk: Desk, request_text: str, reply: str) -> None:
    assert desk()(request_text) == reply


def test_the_trailer_is_echoed_with_answers_and_refusals(desk: Desk) -> None:
    speak = desk()
    assert speak("NC\x19end").endswith("-0900\x19end")
    assert speak(CA + "9\x19end") == "CB15\x19end"
    assert speak("NC\x19" + "x" * 33) == "ND15"


def test_the_lmk_is_chosen(desk: Desk) -> None:
    speak = desk(lmks=("00=test-variant", "01=test-3des-block"))
    assert speak("NC%01").startswith("ND008E0EC0")
    assert speak("NC%02") == "ND13"
    assert speak("NC%1") == "ND15"
    assert speak("NC", port_lmk="01").startswith("ND008E0EC0")


def test_a_port_may_be_tied_to_its_lmk(desk: Desk) -> None:
    speak = desk({"enforce-host-port-lmk": "yes"}, ("00=test-variant", "01=test-3des-block"))
    assert speak("NC%01", port_lmk="00") == "NDA2"
    assert speak("NC%01", port_lmk="01").startswith("ND00")


def test_a_disabled_command_is_refused(desk: Desk) -> None:
    assert desk({"enabled-commands": "-CA"})(CA) == "CB68"


def test_a_fault_of_our_own_is_one_code_and_tells_the_place_only(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    speak = desk()
    monkeypatch.setattr("hsm.operations.pins.translate", None)
    assert speak(CA) == "CB41"
    entry = speak.entries[-1]
    assert entry.outcome == "41"
    assert entry.place.startswith("TypeError")


@given(text=st.text(st.characters(max_codepoint=255), max_size=60))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_any_text_is_answered(speak_once: Speaker, text: str) -> None:
    reply = speak_once(text)
    assert len(reply) >= 4
    assert reply[2:4] != "41"


@pytest.fixture(scope="module")
def speak_once() -> Speaker:
    return make_speaker()
