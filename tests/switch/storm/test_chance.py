"""The generator against the published outputs of SplitMix64 (Rosetta Code, Pseudo-random numbers/Splitmix64)."""

from __future__ import annotations

from switch.storm.chance import Chance


def test_the_published_sequence() -> None:
    chance = Chance(1234567)
    assert [chance.bits() for _ in range(5)] == [
        6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821,
    ]  # fmt: skip


def test_the_published_distribution() -> None:
    """100,000 numbers below five, from the fraction that each output is of 2**64, with the seed 987654321."""
    chance = Chance(987654321)
    counts = [0] * 5
    for _ in range(100_000):
        counts[int(chance.unit() * 5)] += 1
    assert counts == [20027, 19892, 20073, 19978, 20030]
