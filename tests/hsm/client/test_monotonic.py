"""What is put off stays put off for as long, whatever becomes of the time of the day."""

from __future__ import annotations

import time

import pytest
from twisted.internet.selectreactor import SelectReactor

from hsm.client.monotonic import without_time_of_day


def test_a_clock_that_is_set_moves_no_time_out(monkeypatch: pytest.MonkeyPatch) -> None:
    reactor = SelectReactor()
    without_time_of_day(reactor)
    called: list[int] = []
    late, soon = reactor.callLater(60.0, called.append, 1), reactor.callLater(0.0, called.append, 2)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 3_600)
    reactor.runUntilCurrent()
    assert called == [2]
    assert not soon.active()
    assert 59.0 < late.getTime() - time.monotonic() <= 60.0
    late.reset(30.0)
    assert 29.0 < late.getTime() - time.monotonic() <= 30.0
    late.cancel()
