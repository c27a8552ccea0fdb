"""What the appliance needs of the world, as ports: time and randomness.

Everything below ``hsm.server`` takes these as parameters, so that a run with a seed and a test's own clock can be run
again with the same result.
"""

from __future__ import annotations

import hashlib
import os
import time
from datetime import UTC, datetime
from typing import Protocol

SHAKE_BLOCK_BYTES = 1_088


class Clock(Protocol):
    """Time of day for people, and seconds that never run backwards for durations."""

    def monotonic(self) -> float:
        """Seconds since some moment of this process; never runs backwards."""

    def now(self) -> datetime:
        """The time of day, with its zone (UTC)."""


class Random(Protocol):
    """A source of unpredictable values."""

    def bytes(self, count: int, /) -> bytes:
        """*count* bytes, each of 0 to 255 equally likely."""

    def digits(self, count: int, /) -> str:
        """*count* decimal digits, each equally likely."""


def _decimal(source: Random, count: int) -> str:
    """Digits from *source* by rejection: 250 to 255 would make 0 to 5 likelier than the rest."""
    found: list[int] = []
    while len(found) < count:
        wanted = count - len(found)
        found += [byte % 10 for byte in source.bytes(wanted + 4) if byte < 250][:wanted]
    return "".join(map(str, found))


class SystemClock:
    """The machine's clocks."""

    def monotonic(self) -> float:
        return time.monotonic()

    def now(self) -> datetime:
        return datetime.now(UTC)


class SystemRandom:
    """The operating system's generator (X9.24-1 and SP 800-90A ask for an approved one)."""

    def bytes(self, count: int, /) -> bytes:
        return os.urandom(count)

    def digits(self, count: int, /) -> str:
        return _decimal(self, count)


class SeededRandom:
    """The same values for the same *seed* and *label* each time: for demonstrations and for repeating a failure.

    Whoever knows the seed knows every key made, so it must never serve anything but tests.  Processes that share a seed
    need labels of their own; a process that was forked without one is stopped before it repeats its parent's values.
    The stream is SHAKE-256 of (seed, label, block number).
    """

    def __init__(self, seed: int, label: str) -> None:
        self._seed = seed
        name = f"zonekey seeded random|{seed}|{label}|".encode()
        self._prefix = hashlib.sha256(name).digest()
        self._block = 0
        self._left = b""
        self._process = os.getpid()

    def bytes(self, count: int, /) -> bytes:
        if os.getpid() != self._process:
            raise RuntimeError("a forked process must take a SeededRandom of its own, by labelled()")
        while len(self._left) < count:
            block = hashlib.shake_256(self._prefix + self._block.to_bytes(8, "big"))
            self._left += block.digest(SHAKE_BLOCK_BYTES)
            self._block += 1
        taken, self._left = self._left[:count], self._left[count:]
        return taken

    def digits(self, count: int, /) -> str:
        return _decimal(self, count)

    def labelled(self, label: str) -> SeededRandom:
        """Another stream of the same seed; its values have nothing to do with this one's."""
        return SeededRandom(self._seed, label)
