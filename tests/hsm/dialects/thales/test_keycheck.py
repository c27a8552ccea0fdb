"""BU and KA: check values of every length, under the right type only."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from support.appliances import Speaker

Desk = Callable[..., Speaker]

ZPK = "U1EF828AA8F6B80EB83E19FBC373F3A85"
"""v013; KCV 6F1E3F."""
TPK = "0406FBB23A5214DF"
"""v001; KCV 0035BBE340A4B763."""


@pytest.mark.parametrize(
    ("settings", "tail", "shown"),
    [
        ({}, "", "0035BBE340A4B763"),
        ({}, ";000", "0035BBE340A4B763"),
        ({}, ";ZZ1", "0035BB"),
        ({"restrict-kcv": "yes"}, "", "0035BB0000000000"),
        ({"restrict-kcv": "yes"}, ";001", "0035BB"),
    ],
)
def test_lengths(desk: Desk, settings: dict[str, str], tail: str, shown: str) -> None:
    speak = desk(settings)
    assert speak(f"BU020{TPK}{tail}") == "BV00" + shown
    assert speak(f"BUFF0{TPK};002{tail}") == "BV00" + shown
    assert speak(f"KA{TPK}02{tail}") == "KB00" + shown


def test_an_untagged_key_is_as_long_as_the_flag_says(desk: Desk) -> None:
    speak = desk()
    double, triple = speak("A00009Z")[4:-6], speak("A00001Y")[4:-6]
    assert speak(f"BU091{double}")[:4] == "BV00"
    for flag in "23":
        assert speak(f"BU01{flag}{triple}")[:4] == "BV00"
        assert speak(f"BU01{flag}{triple[1:]}")[:4] == "BV00"


@pytest.mark.parametrize(
    ("request_text", "reply"),
    [
        (f"BU011{ZPK};002", "BV15"),
        (f"BU012{ZPK}", "BV05"),
        (f"BU01F{ZPK}", "BV05"),
        (f"BU010{ZPK}", "BV05"),
        (f"BU014{ZPK}", "BV05"),
        (f"BU021{ZPK}", "BV10"),
        (f"BUFF1{ZPK}", "BV28"),
        (f"BUFF1{ZPK};FFF", "BV28"),
        (f"BUFF1{ZPK};00C", "BV28"),
        (f"BUF21{ZPK}", "BV04"),
        ("BU01FS00072K0TB00E0001DB045F29C053EEFF7B9425B3A88C7258EB7EA7E40E2C47878647072A", "BV13"),
        (f"KA{ZPK}02", "KB10"),
        (f"KA{ZPK}99", "KB21"),
        (f"KA{ZPK}0X", "KB21"),
        (f"KA{ZPK}01;ZZ3", "KB15"),
    ],
)
def test_refusals(desk: Desk, request_text: str, reply: str) -> None:
    assert desk()(request_text) == reply


def test_key_blocks(desk: Desk) -> None:
    speak = desk({"restrict-kcv": "no"}, lmks=("00=test-aes-block",))
    aes = speak("A00FFFS#72A3B00E00")
    assert speak(f"BUFFF{aes[4:-6]};FFF") == f"BV00{aes[-6:]}0000000000"
    assert speak(f"BU01F{aes[4:-6]};001") == f"BV00{aes[-6:]}"
    assert speak(f"BU00F{aes[4:-6]};001") == "BVA6"
    assert speak(f"BU011{aes[4:-6]};001") == "BV05"
    assert speak(f"BUFF1{ZPK};FFF") == "BVA1"
