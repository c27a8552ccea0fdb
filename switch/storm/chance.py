"""What happens by chance, the same again from the same seed, on every machine and version of Python."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")
BITS = (1 << 64) - 1


class Chance:
    """SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).  Not for keys.

    >>> Chance(1234567).bits()
    6457827717110365317
    """

    __slots__ = ("_state",)

    def __init__(self, seed: int) -> None:
        self._state = seed & BITS

    def bits(self) -> int:
        """64 bits."""
        self._state = state = (self._state + 0x9E3779B97F4A7C15) & BITS
        state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & BITS
        state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & BITS
        return state ^ (state >> 31)

    def unit(self) -> float:
        """From 0 to less than 1."""
        return (self.bits() >> 11) * 2.0**-53

    def below(self, bound: int) -> int:
        """A number from 0 to less than *bound*."""
        return self.bits() % bound

    def between(self, least: float, most: float) -> float:
        """A number from *least* to less than *most*."""
        return least + (most - least) * self.unit()

    def happens(self, rate: float) -> bool:
        """Does what happens at *rate*, from 0 to 1, happen now?"""
        return self.unit() < rate

    def one(self, of: Sequence[T]) -> T:
        """One of them."""
        return of[self.below(len(of))]
