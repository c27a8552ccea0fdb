"""Hours in which files are taken."""

from __future__ import annotations

from datetime import datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.perso.window import Window


@given(st.times(), st.times(), st.times())
def test_a_moment_is_in_a_window_or_in_the_rest_of_the_day(opens: time, closes: time, at: time) -> None:
    moment = datetime.combine(datetime(2026, 1, 31), at)
    if opens != closes:
        assert Window(opens, closes).holds(moment) is not Window(closes, opens).holds(moment)
    else:
        assert Window(opens, closes).holds(moment)


@pytest.mark.parametrize(("hour", "minute", "inside"), [(0, 59, False), (1, 0, True), (3, 59, True), (4, 0, False)])
def test_it_opens_and_closes_on_the_minute(hour: int, minute: int, inside: bool) -> None:
    assert Window.read("01:00-04:00").holds(datetime(2026, 1, 31, hour, minute)) is inside


@pytest.mark.parametrize("text", ["", "1:00-4:00", "01:00", "24:00-01:00", "01:60-02:00", "01:00-04:00 "])
def test_no_window(text: str) -> None:
    with pytest.raises(ValueError, match="HH:MM-HH:MM"):
        Window.read(text)
