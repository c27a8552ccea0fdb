"""Failures in a minute, in an hour and attacks stop PIN verification, for all processes, until it is enabled again."""

from __future__ import annotations

import mmap
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsm.policy.choices import Profile
from hsm.policy.fraud import ROW_CELLS, FraudCounters, FraudCounts, FraudDetection
from hsm.policy.settings import Settings
from hsm.refusal import FraudDetected

HARDENED = Settings.of(Profile.HARDENED)


class FakeClock:
    """A clock that stands still until it is moved."""

    def __init__(self, at: float = 1_000_000.0) -> None:
        self.at = at

    def monotonic(self) -> float:
        return self.at

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.at, UTC)


def detection(settings: Settings = HARDENED) -> tuple[FraudDetection, FakeClock]:
    clock = FakeClock()
    return FraudDetection(settings, FraudCounters(), clock), clock


def refused(fraud: FraudDetection) -> bool:
    try:
        fraud.admit()
    except FraudDetected:
        return True
    return False


def fail(fraud: FraudDetection, times: int) -> int:
    """Failed verifications until refusal, at most *times*."""
    for done in range(times):
        if refused(fraud):
            return done
        fraud.failed()
    return times


def test_the_hundred_and_first_query_of_a_minute_is_refused_until_an_officer_enables_verification() -> None:
    fraud, clock = detection()
    assert fail(fraud, 500) == 100
    clock.at += 100_000
    assert refused(fraud)
    assert fraud.counts == FraudCounts(over_minute_limit=1, stopped=True, stopped_by_failures=True)
    fraud.enable_again()
    assert not refused(fraud)
    assert fail(fraud, 500) == 100
    assert fraud.counts == FraudCounts(over_minute_limit=2, stopped=True, stopped_by_failures=True)


def test_ninety_nine_failures_a_minute_reach_the_hourly_limit() -> None:
    fraud, clock = detection()
    total = 0
    for _ in range(20):
        total += fail(fraud, 99)
        clock.at += 61
    assert total == 1_000
    assert fraud.counts == FraudCounts(over_hour_limit=1, stopped=True, stopped_by_failures=True)


def test_slow_failures_are_never_refused() -> None:
    fraud, clock = detection()
    for _ in range(5_000):
        fraud.admit()
        fraud.failed()
        clock.at += 3.7  # 973 an hour, 16 a minute
    assert fraud.counts == FraudCounts()


def test_a_minute_slides() -> None:
    fraud, clock = detection(HARDENED.changed("pin-verifies-per-minute", "10"))
    assert fail(fraud, 5) == 5
    clock.at += 59
    assert fail(fraud, 4) == 4
    clock.at += 1  # the first five are a minute old
    assert fail(fraud, 5) == 5
    assert not refused(fraud)
    fraud.failed()
    assert refused(fraud)


def test_attacks_stop_verification() -> None:
    fraud, clock = detection(HARDENED.changed("pin-attack-limit", "3"))
    for _ in range(3):
        fraud.admit()
        fraud.attacked()
        clock.at += 10_000
    assert refused(fraud)
    fraud.enable_again()
    fraud.attacked()
    assert not refused(fraud)
    assert fraud.counts == FraudCounts(attacks=4)


def test_nothing_is_counted_when_switched_off() -> None:
    fraud, _ = detection(Settings.of(Profile.LEGACY))
    assert fail(fraud, 300) == 300
    fraud.attacked()
    assert fraud.counts == FraudCounts()


def test_processes_share_limits_and_the_stop() -> None:
    rows, clock = 3, FakeClock()
    memory = memoryview(mmap.mmap(-1, FraudCounters.size_bytes(rows)))
    parties = [FraudDetection(HARDENED, FraudCounters(memory, rows, row), clock) for row in range(rows)]
    asked = 0
    while not any(refused(party) for party in parties):
        parties[asked % rows].failed()
        asked += 1
    assert asked == 100
    assert all(refused(party) for party in parties)
    parties[0].enable_again()
    assert not any(refused(party) for party in parties)
    # A successor takes over the row of a process that died, with what it counted.
    for _ in range(99):
        parties[2].failed()
    FraudDetection(HARDENED, FraudCounters(memory, rows, 2), clock).failed()
    assert refused(parties[0])


def test_a_row_may_be_part_of_a_longer_one() -> None:
    row_cells, clock = ROW_CELLS + 9, FakeClock()
    memory = memoryview(bytearray(2 * row_cells * 8))
    first, second = (FraudDetection(HARDENED, FraudCounters(memory, 2, row, row_cells), clock) for row in range(2))
    for party in (first, second) * 50:
        assert not refused(party)
        party.failed()
    assert refused(first)
    assert refused(second)
    first.enable_again()
    assert not refused(second)
    for row in range(2):
        rest = memory[(row * row_cells + ROW_CELLS) * 8 : (row + 1) * row_cells * 8]
        assert not any(rest)


def test_a_row_must_exist() -> None:
    with pytest.raises(ValueError, match="row"):
        FraudCounters(rows=2, row=2)


@given(st.lists(st.floats(0, 400), max_size=60))
def test_windows_count_as_a_list_of_times_does(waits: list[float]) -> None:
    counters, at, times = FraudCounters(), 10_000.0, list[float]()
    for wait in waits:
        at += wait
        times.append(at)
        counters.add_failure(at)
        assert counters.failures_in_minute(at) == sum(int(at) - int(each) < 60 for each in times)
        hour = counters.failures_in_hour(at)
        assert sum(at - each <= 3_600 for each in times) <= hour <= sum(at - each < 3_661 for each in times)
