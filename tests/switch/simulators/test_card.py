"""Stripes and the file of cards."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.cardholders import CARD, CHIPPED

from switch.link.lines import ConfigError
from switch.simulators.card import Card, CardUnreadable, check_character, read_cards, swiped

HEADING = "name,pan,expiry,service_code,discretionary,chip\n"


def test_the_check_of_a_published_track() -> None:
    """stackoverflow.com/questions/16598500: test tracks, the character behind ``?`` being the LRC."""
    assert check_character(";5301250070000191=08051010912345678901?") == "3"
    read = swiped(";5301250070000191=08051010912345678901?3")
    assert (read.pan, read.expiry, read.service_code, read.discretionary) == (
        "5301250070000191",
        "0805",
        "101",
        "0912345678901",
    )


@given(st.from_regex(r"[0-9]{13,19}", fullmatch=True), st.from_regex(r"[0-9]{0,10}", fullmatch=True))
def test_what_is_written_is_read(pan: str, discretionary: str) -> None:
    card = Card("", pan, "3012", "101", discretionary)
    assert swiped(card.stripe) == card


@given(st.integers(0, 26), st.sampled_from("0123456789=;?"))
def test_a_stripe_with_one_wrong_character_is_not_read(at: int, wrong: str) -> None:
    stripe = CARD.stripe
    damaged = stripe[:at] + wrong + stripe[at + 1 :]
    if damaged != stripe:
        with pytest.raises(CardUnreadable) as refused:
            swiped(damaged)
        assert CARD.pan not in str(refused.value)


def test_no_track_2_is_told_apart_from_damage() -> None:
    framed = ";12345?"
    with pytest.raises(CardUnreadable, match="no track 2"):
        swiped(framed + check_character(framed))
    with pytest.raises(CardUnreadable, match="damaged"):
        swiped("")


def test_a_card_shows_no_number() -> None:
    assert CARD.pan not in repr(CARD)
    assert CHIPPED.chip.hex() not in repr(CHIPPED)


def test_the_file_is_read_and_its_faults_are_named() -> None:
    row = f"an,{CARD.pan},3012,101,00000123,"
    assert read_cards("c.csv", f"{HEADING}# a comment\n\n{row}\n") == {"an": CARD}
    chip = CHIPPED.chip.hex()
    assert read_cards("c.csv", f"{HEADING}chi,{CARD.pan},3012,201,00000123,{chip}\n")["chi"] == CHIPPED
    wrong = {
        "name,pan\n": "line 1: heading",
        HEADING + row + "\n" + row: "line 3: name",
        HEADING + row.replace(CARD.pan, "9704360000000001"): "line 2: pan",
        HEADING + row.replace("3012", "3013"): "line 2: expiry",
        HEADING + row.replace("101", "1"): "line 2: service_code",
        HEADING + row.replace("00000123", "x"): "line 2: discretionary",
        HEADING + row.replace("00000123", "0" * 30): "line 2: discretionary",
        HEADING + row + "zz": "line 2: chip",
        HEADING + row + ",": "line 2: row",
        HEADING + row.replace("an,", ",", 1): "line 2: name",
    }
    for text, told in wrong.items():
        with pytest.raises(ConfigError, match=re.escape(told)) as refused:
            read_cards("c.csv", text)
        assert CARD.pan not in str(refused.value)
