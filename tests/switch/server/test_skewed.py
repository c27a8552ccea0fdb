"""A clock that is as far ahead as a file says."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from switch.server.skewed import NANOSECONDS, said_in, skew


def test_a_file_says_how_far_and_may_say_something_else(tmp_path: Path) -> None:
    file = tmp_path / "clock"
    ahead = said_in(file)
    assert ahead() == 0.0
    file.write_text("86400.5")
    assert ahead() == 86400.5
    file.write_text("")
    assert ahead() == 0.0


def test_everybody_who_asks_what_time_it_is_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("time", "time_ns", "gmtime"):
        monkeypatch.setattr(time, name, getattr(time, name))
    rightly, monotonic, seconds = time.time, time.monotonic(), [0.0]
    skew(lambda: seconds[0])
    assert abs(time.time() - rightly()) < 60.0
    seconds[0] = 86_400.0
    assert abs(time.time() - rightly() - 86_400.0) < 60.0
    assert abs(time.time_ns() / NANOSECONDS - time.time()) < 60.0
    assert abs(time.mktime(time.gmtime()) - time.mktime(time.gmtime(time.time()))) < 60.0
    assert time.gmtime(0.0).tm_year == 1970, "another moment is what it is"
    assert time.monotonic() - monotonic < 60.0, "what has gone by has nothing to do with it"
