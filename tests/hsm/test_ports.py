"""Randomness is even, repeatable when seeded, and never the same in two processes."""

from __future__ import annotations

import os
from collections import Counter
from datetime import timedelta

import pytest
from support.officers import NOON, HandClock

from hsm.ports import OffsetClock, Random, SeededRandom, SystemClock, SystemRandom


@pytest.mark.parametrize("source", [SystemRandom(), SeededRandom(1, "test")])
def test_counts_are_kept(source: Random) -> None:
    for count in (0, 1, 7, 1_087, 1_088, 1_089, 5_000):
        assert len(source.bytes(count)) == count
        digits = source.digits(count)
        assert len(digits) == count
        assert set(digits) <= set("0123456789")


@pytest.mark.parametrize("source", [SystemRandom(), SeededRandom(7, "test")])
def test_digits_are_equally_likely(source: Random) -> None:
    counts = Counter(source.digits(400_000))
    chi_square = sum((counts[digit] - 40_000) ** 2 / 40_000 for digit in "0123456789")
    assert chi_square < 39.3  # 9 degrees of freedom, p = 1e-5; a byte modulo 10 gives about 140


def test_a_seed_repeats_and_a_label_does_not() -> None:
    first, again = SeededRandom(42, "owner"), SeededRandom(42, "owner")
    assert first.bytes(3) + first.bytes(2_000) == again.bytes(2_003)
    assert first.digits(6) == again.digits(6)
    streams = [SeededRandom(42, "owner"), SeededRandom(43, "owner"), SeededRandom(42, "owner").labelled("worker 1")]
    assert len({stream.bytes(16) for stream in streams}) == 3


def test_a_forked_process_does_not_repeat_its_parent() -> None:
    source = SeededRandom(1, "parent")
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:  # pragma: no cover (runs in the child)
        try:
            source.bytes(8)
            os.write(writing, b"repeated")
        except RuntimeError:
            os.write(writing, b"stopped")
        finally:
            os._exit(0)
    os.close(writing)
    os.waitpid(child, 0)
    assert os.read(reading, 20) == b"stopped"
    os.close(reading)


def test_the_system_clock_knows_its_zone() -> None:
    clock = SystemClock()
    assert clock.now().tzinfo is not None
    assert clock.monotonic() <= clock.monotonic()


def test_an_offset_moves_the_time_of_day_alone() -> None:
    clock = OffsetClock(HandClock())
    assert (clock.now(), clock.monotonic()) == (NOON, 0.0)
    clock.offset_seconds = -86_400
    assert (clock.now(), clock.monotonic()) == (NOON - timedelta(days=1), 0.0)
