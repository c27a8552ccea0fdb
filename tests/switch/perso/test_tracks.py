"""Tracks written and read: by property, bit by bit, and against a published layout."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.perso.tracks import (
    USE,
    Track1,
    Track2,
    Track3,
    TrackError,
    lrc,
    of_equivalent_data,
    off_stripe,
    on_stripe,
    read_track_1,
    read_track_2,
    read_track_3,
)


def digits(least: int, most: int) -> st.SearchStrategy[str]:
    return st.text("0123456789", min_size=least, max_size=most)


PANS = digits(8, 19)
EXPIRIES = st.builds("{:02d}{:02d}".format, st.integers(0, 99), st.integers(1, 12))
ABSENT = st.just("")
NAMES = st.text(string.ascii_uppercase + " /.-", min_size=2, max_size=26)


@given(
    PANS, NAMES, EXPIRIES | ABSENT, digits(3, 3) | ABSENT, st.text(string.ascii_uppercase + "0123456789 ", max_size=12)
)
def test_track_1_comes_back(pan: str, name: str, expiry: str, service_code: str, discretionary: str) -> None:
    track = Track1(pan, name, expiry, service_code, discretionary)
    assert read_track_1(track.text) == track
    assert len(on_stripe(1, track.text)) <= 79


@given(digits(12, 19), EXPIRIES | ABSENT, digits(3, 3) | ABSENT, digits(0, 8))
def test_track_2_comes_back(pan: str, expiry: str, service_code: str, discretionary: str) -> None:
    track = Track2(pan, expiry, service_code, discretionary)
    assert read_track_2(track.text) == track
    assert of_equivalent_data(track.equivalent_data) == track


def test_layouts() -> None:
    """ISO/IEC 7813, on a test card that vendors publish (Visa 4761739001010010)."""
    first = Track1("4761739001010010", "TEST/CARD", "1808", "101", "0000")
    assert first.text == "%B4761739001010010^TEST/CARD^18081010000?"
    second = Track2("4761739001010010", "1808", "101")
    assert second.text == ";4761739001010010=1808101?"
    assert second.equivalent_data.hex() == "4761739001010010d1808101"
    assert Track2("4761739001010010", "", "101").text == ";4761739001010010==101?"
    assert Track1("4761739001010010", "AB", "1808", "").text == "%B4761739001010010^AB^1808^?"


def test_track_3_is_laid_out_as_another_program_reads_it() -> None:
    """The test data of Card::Magnetic (CPAN), field by field; that program takes other sentinels."""
    track = Track3(
        format_code="24",
        pan="0000000000000000",
        country_code="123",
        currency_code="234",
        currency_exponent="3",
        cycle_amount="4564",
        cycle_remaining="5675",
        cycle_begin="6786",
        cycle_length="77",
        retry_count="8",
        pin_parameters="901239",
        interchange_control="0",
        pan_restriction="11",
        first_account_restriction="22",
        second_account_restriction="31",
        expiry="7112",
        card_sequence="3",
        card_security="456789034",
        first_account="567",
        relay_marker="8",
        check_digits="912345",
    )
    used = "1232343456456756786778901239011223171123456789034"
    assert track.text == f";240000000000000000={used}567==8912345?"
    assert read_track_3(track.text) == track


@given(PANS, st.data())
def test_track_3_comes_back(pan: str, data: st.DataObject) -> None:
    fixed = {name: data.draw(digits(size, size)) for name, size, absent in USE if not absent}
    track = Track3(
        pan,
        **fixed,
        country_code=data.draw(digits(3, 3) | ABSENT),
        currency_code=data.draw(digits(3, 3) | ABSENT),
        pin_parameters=data.draw(digits(6, 6) | ABSENT),
        expiry=data.draw(EXPIRIES | ABSENT),
        card_security=data.draw(digits(9, 9) | ABSENT),
        first_account=data.draw(digits(0, 6)),
        second_account=data.draw(digits(0, 6)),
        check_digits=data.draw(digits(6, 6) | ABSENT),
        discretionary=data.draw(digits(0, 3)),
    )
    assert read_track_3(track.text) == track


@given(st.sampled_from([1, 2, 3]), st.data())
def test_the_lrc_makes_every_column_even(track: int, data: st.DataObject) -> None:
    """ISO/IEC 7811-2: counted bit by bit, on characters as they stand on the stripe."""
    first, bits = (0x20, 6) if track == 1 else (0x30, 4)
    text = data.draw(st.text(st.characters(min_codepoint=first, max_codepoint=first + 2**bits - 1), min_size=1))
    whole = text + lrc(track, text)
    for bit in range(bits):
        assert sum((ord(char) - first) >> bit & 1 for char in whole) % 2 == 0


@given(st.integers(0, 24), st.sampled_from("0123456789:;<=>?"))
def test_one_wrong_character_is_seen(place: int, char: str) -> None:
    read = on_stripe(2, ";4761739001010010=1808101?")
    wrong = read[:place] + char + read[place + 1 :]
    if wrong == read:
        assert off_stripe(2, wrong) == read[:-1]
    else:
        with pytest.raises(TrackError, match="LRC"):
            off_stripe(2, wrong)


@pytest.mark.parametrize(
    "text",
    [
        "", ";", "?", ";?", "4761739001010010=1808101", ";4761739001010010=1808101", ";4761739001010010=1813101?",
        ";476173900101001A=1808101?", ";4761739001010010?", ";4761739001010010=18081?", ";47617390010100101234=1808101?",
        ";4761739001010010=1808101;?", ";4761739001010010=1808101" + "0" * 15 + "?", ";4761739001010010=180810=?",
    ],
)  # fmt: skip
def test_what_is_no_track_2(text: str) -> None:
    with pytest.raises(TrackError) as refused:
        read_track_2(text)
    assert "4761739" not in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        "%A4761739001010010^AB^1808101?", "%B4761739001010010^A^1808101?", "%B4761739001010010^AB1808101?",
        "%B4761739001010010^ab^1808101?", "%B4761739001010010^A@B^1808101?", "%B4761739001010010^" + "A" * 27 + "^1808101?",
        "%B4761739001010010^AB^1808101" + "0" * 50 + "?", "%B4761739001010010^A%B^1808101?", "%B123^AB^1808101?",
    ],
)  # fmt: skip
def test_what_is_no_track_1(text: str) -> None:
    with pytest.raises(TrackError):
        read_track_1(text)


@given(st.text(max_size=60))
def test_no_text_is_a_fault(text: str) -> None:
    for read in (read_track_1, read_track_2, read_track_3):
        try:
            read(text)
        except TrackError:
            continue


def test_nothing_shows_the_card() -> None:
    assert "4761739" not in repr(Track1("4761739001010010", "AB", "1808", "101")) + repr(
        Track2("4761739001010010", "1808", "101")
    )
