"""Seconds by load, under a clock of the test's own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsm.audit.load import LoadMeter
from hsm.audit.record import MemoryTally


class Hands:
    """A clock that stands until it is moved."""

    def __init__(self, at: float = 0.0) -> None:
        self.at = at

    def __call__(self) -> float:
        return self.at


def metered(*spans: tuple[float, float], until: float, processes: int = 1) -> tuple[int, ...]:
    clock = Hands()
    meter = LoadMeter(processes=processes, seconds=clock)
    for began, ended in spans:
        meter.spent(began, ended)
    clock.at = until
    return meter.periods(int(until))


def test_an_idle_appliance_has_only_idle_seconds() -> None:
    assert metered(until=7.5) == (7, 0, 0, 0, 0, 0, 0, 0, 0, 0)


def test_a_second_counts_in_the_band_of_its_load() -> None:
    assert metered((0.0, 0.05), (1.0, 1.25), (2.25, 2.5), (2.5, 2.75), until=4.0) == (2, 0, 1, 0, 0, 1, 0, 0, 0, 0)


def test_the_second_that_goes_on_is_not_counted_yet() -> None:
    assert sum(metered((3.0, 3.9), until=3.95)[1:]) == 0
    assert metered((3.0, 3.9375), until=4.0)[9] == 1


def test_a_long_command_fills_every_second_it_took() -> None:
    assert metered((0.5, 3.25), until=4.0) == (0, 0, 1, 0, 0, 1, 0, 0, 0, 2)


def test_time_within_another_command_counts_once() -> None:
    assert metered((0.25, 0.5), (0.5, 0.75), (0.25, 0.75), until=1.0)[5] == 1


def test_processes_share_a_tally() -> None:
    tally, clock = MemoryTally(), Hands()
    meters = [LoadMeter(tally, 2, clock) for _ in range(2)]
    meters[0].spent(0.0, 0.5)
    meters[1].spent(1.0, 1.75)
    clock.at = 10.0
    assert [sum(meter.periods(10)) for meter in meters][-1] == 20
    assert meters[0].periods(10) == (18, 0, 0, 0, 0, 1, 0, 1, 0, 0)


@given(st.lists(st.tuples(st.integers(0, 640), st.integers(0, 320)), max_size=20))
def test_every_second_is_counted_once(spans: list[tuple[int, int]]) -> None:
    at, made = 0.0, []
    for wait, work in spans:
        made.append((at + wait / 64, at + (wait + work) / 64))
        at = made[-1][1]
    elapsed = int(at) + 1
    assert sum(metered(*made, until=float(elapsed))) == elapsed


def test_a_clock_of_its_own_runs() -> None:
    assert LoadMeter().periods(3) == pytest.approx((3, *[0] * 9))


def test_calls_of_the_last_seconds() -> None:
    clock = Hands(100.5)
    meter = LoadMeter(seconds=clock)
    meter.spent(100.5, 100.6, 3)
    meter.spent(130.0, 130.1, 4)
    clock.at = 130.2
    assert [meter.calls(seconds) for seconds in (1, 30, 31, 600)] == [4, 4, 7, 7]
    clock.at = 161.0
    assert [meter.calls(seconds) for seconds in (60, 62, 600)] == [4, 7, 7]
    clock.at = 2_000.0
    assert meter.calls(600) == 0
