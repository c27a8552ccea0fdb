"""What is embossed, and what is not."""

from __future__ import annotations

import pytest

from switch.perso.emboss import NAME_CHARS_MAX, NUMBER_CHARS_MAX, EmbossError, embossed, grouped, name_on_card

PAN = "4761739001010010"


def test_lines() -> None:
    lines = embossed(PAN, "2812", "VAN AN NGUYEN", "MEMBER SINCE 26")
    assert [(line.name, line.text) for line in lines] == [
        ("number", "4761 7390 0101 0010"),
        ("line 1", "12/28"),
        ("line 2", "VAN AN NGUYEN"),
        ("line 3", "MEMBER SINCE 26"),
    ]
    heights = [line.bottom_mm for line in lines]
    assert heights == sorted(heights, reverse=True)
    # ISO/IEC 7810: an ID-1 card is 85.60 mm wide.
    assert all(line.left_mm + line.pitch_mm * len(line.text) < 85.6 for line in lines)


def test_the_longest_line_fits_the_card() -> None:
    (line,) = embossed(PAN, "2812", "A" * NAME_CHARS_MAX)[2:]
    assert line.left_mm + line.pitch_mm * len(line.text) < 85.6
    for count in range(8, 20):
        number = embossed("4" * count, "2812", "AB")[0]
        assert len(number.text) <= NUMBER_CHARS_MAX
        assert number.left_mm + number.pitch_mm * len(number.text) < 85.6


def test_groups_of_digits() -> None:
    assert grouped("374245455400001") == "3742 454554 00001"
    assert grouped("6799990200000001114") == "6799990200000001114"


def test_names() -> None:
    assert name_on_card("NGUYEN/VAN AN") == "VAN AN NGUYEN"
    assert name_on_card("NGUYEN") == "NGUYEN"
    assert name_on_card("O'BRIEN/J.MRS") == "MRS J O'BRIEN"


@pytest.mark.parametrize(
    ("pan", "expiry", "lines"),
    [
        ("123", "2812", ("AB",)),
        ("47617390010100AB", "2812", ("AB",)),
        (PAN, "2813", ("AB",)),
        (PAN, "2812", ("",)),
        (PAN, "2812", ("ab",)),
        (PAN, "2812", ("A^B",)),
        (PAN, "2812", ("A" * 28,)),
        (PAN, "2812", ("AB", "C", "D", "E")),
    ],
)
def test_refused(pan: str, expiry: str, lines: tuple[str, ...]) -> None:
    with pytest.raises(EmbossError) as refused:
        embossed(pan, expiry, *lines)
    assert PAN not in str(refused.value)
