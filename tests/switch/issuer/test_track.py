from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.issuer.track import Track2, TrackError, parse_track_2

digits = st.text("0123456789")


@given(
    pan=st.text("0123456789", min_size=13, max_size=19),
    year=st.integers(0, 99),
    month=st.integers(1, 12),
    code=st.text("0123456789", min_size=3, max_size=3),
    rest=st.text("0123456789", max_size=10),
    separator=st.sampled_from("=D"),
)
def test_its_fields(pan: str, year: int, month: int, code: str, rest: str, separator: str) -> None:
    expires = f"{year:02}{month:02}"
    assert parse_track_2(f"{pan}{separator}{expires}{code}{rest}") == Track2(pan, expires, code, rest)


@pytest.mark.parametrize(
    "wrong",
    [
        "", "4123456789012345", "4123456789012345=", "4123456789012345=8713101", "4123456789012345=8700101",
        "4123456789012345==101", "4123456789012345=8701=", "412345678901=8701101", "41234567890123456789=8701101",
        "4123456789012345=8701101=1", ";4123456789012345=8701101?", "4123456789012345=8701101" + "0" * 14,
        "4123456789012345=8701101\n", "\u0664123456789012345=8701101", "4123456789012345=870110",
    ],
)  # fmt: skip
def test_what_is_no_track(wrong: str) -> None:
    with pytest.raises(TrackError) as caught:
        parse_track_2(wrong)
    assert "4123" not in str(caught.value)


@given(st.text("0123456789=D;?", max_size=40))
def test_any_text_is_a_track_or_an_error(text: str) -> None:
    try:
        read = parse_track_2(text)
    except TrackError:
        return
    assert text.replace("D", "=") == f"{read.pan}={read.expires}{read.service_code}{read.discretionary}"


def test_it_is_not_shown() -> None:
    assert repr(parse_track_2("4123456789012345=87011019991")) == "Track2(expires='8701', service_code='101')"
