from __future__ import annotations

from twisted.internet.base import DelayedCall

from switch.server.stormclock import LifeClock, StormClock


def test_calls_come_in_their_order_whatever_was_called_off_between_them() -> None:
    clock, came = StormClock(), list[int]()
    calls: list[DelayedCall] = [clock.callLater(100 - number % 7, came.append, number) for number in range(60)]
    for number, call in enumerate(calls):
        if number % 3:
            call.cancel()
    assert not clock.run_until(lambda: False, 200.0)
    left = range(0, 60, 3)
    assert came == sorted(left, key=lambda number: (100 - number % 7, number))
    assert clock.getDelayedCalls() == []


def test_what_is_put_off_again_and_again_takes_no_room() -> None:
    clock = StormClock()
    call = clock.callLater(1e9, list)
    for _ in range(1000):
        call.cancel()
        call = clock.callLater(1e9, list)
    assert len(clock._calls) <= 3
    assert clock.getDelayedCalls() == [call]


def test_of_a_life_that_is_over_nothing_happens_and_nothing_is_kept() -> None:
    clock, came = StormClock(), list[str]()
    one, other = LifeClock(clock), LifeClock(clock)
    for seconds in (1.0, 1e9):
        one.callLater(seconds, came.append, "one")
        other.callLater(seconds, came.append, "other")
    one.callLater(5.0, came.append, "one").cancel()
    one.die()
    one.callLater(1.0, came.append, "one, dead")
    assert len(clock.getDelayedCalls()) == 3
    clock.run_until(lambda: False, 10.0)
    assert came == ["other"]
    assert len(clock._calls) == 1
