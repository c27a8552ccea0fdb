"""What the appliance needs of the world, as ports: time, randomness, and what passes through its sockets.

Everything below ``hsm.server`` takes these as parameters, so that a run with a seed and a test's own clock can be run
again with the same result.
"""

from __future__ import annotations

import hashlib
import os
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
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


class OffsetClock:
    """*clock* with another time of day, *offset_seconds* later; durations are not touched by it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.offset_seconds = 0
        self.monotonic = clock.monotonic

    def now(self) -> datetime:
        return self._clock.now() + timedelta(seconds=self.offset_seconds)


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


@dataclass(frozen=True, slots=True)
class Connection:
    """A host's open TCP or TLS connection; *peer* is its address as text, *seconds* how long it has stood."""

    local_port: int
    peer: str
    remote_port: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Traffic:
    """What passed through the host ports since the appliance started.

    A packet is a datagram, or what was read from or written to a connection at once.  Discarded packets were whole and
    still not answered; unknown ones could not be read as a request.
    """

    bytes_sent: int = 0
    bytes_received: int = 0
    packets_sent: int = 0
    packets_received: int = 0
    discarded_sent: int = 0
    discarded_received: int = 0
    errors_sent: int = 0
    errors_received: int = 0
    unknown_received: int = 0


class Network(Protocol):
    """The host ports, as far as status commands tell of them."""

    @property
    def connections_max(self) -> int:
        """How many connections a host port takes."""

    def connections(self) -> tuple[Connection, ...]:
        """Those now open, the oldest first."""

    def traffic(self) -> Traffic:
        """All of it so far."""


class NoNetwork:
    """An appliance without sockets."""

    connections_max = 0

    def connections(self) -> tuple[Connection, ...]:
        return ()

    def traffic(self) -> Traffic:
        return Traffic()
