"""A household that echoes, for tests of the server alone: its sessions speak the 2-byte length prefix.

A request's first byte says what becomes of it: ``S`` stores the rest in the shared state (owed, in a worker; ``SX``
raises), ``G`` is answered with what is stored, ``H`` with its SHA-256, ``X`` raises, ``L`` answers as many ``x`` as the
number that follows it, ``A`` audits as many ``a``, ``P`` tells the process id, ``C`` counts and tells the total;
anything else comes back as it is.  Run as a module it is ``hsm``, with this household in place of the appliance's.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections import deque
from collections.abc import Callable, Collection, Sequence

from support.echo_console import EchoConsole
from twisted.internet.defer import Deferred

from hsm.dialects.session import FramingError
from hsm.server.config import Config
from hsm.server.counters import Counters
from hsm.server.ports import Listener
from hsm.server.traffic import HostTraffic

FRAME_BYTES_MAX = 40000
counter_names = ("asked", "never")


def names_counted(dialects: Collection[str]) -> tuple[str, ...]:
    return counter_names


class EchoSession:
    def __init__(self, household: EchoHousehold, peer: str) -> None:
        self._household = household
        self.peer = peer
        self._received = b""
        self._requests: deque[bytes] = deque()
        self._settled = b""
        self.executed = 0
        self.owed: bytes | None = None

    def feed(self, data: bytes) -> None:
        self._received += data
        while len(self._received) >= 2:
            end = 2 + int.from_bytes(self._received[:2], "big")
            if end - 2 > FRAME_BYTES_MAX:
                raise FramingError
            if len(self._received) < end:
                break
            self._requests.append(self._received[2:end])
            self._received = self._received[end:]

    def work(self, frames_max: int) -> bytes:
        replies, self._settled = self._settled, b""
        while self._requests and frames_max > 0 and self.owed is None:
            request = self._requests.popleft()
            frames_max -= 1
            self.executed += 1
            if request[:1] == b"S" and not self._household.owns:
                self.owed = request
            else:
                replies += framed(self._household.answer(request))
        return replies

    @property
    def busy(self) -> bool:
        return bool(self._requests) and self.owed is None

    @property
    def partial(self) -> bool:
        return bool(self._received)

    def settle(self, reply: bytes) -> None:
        assert self.owed is not None
        self.owed = None
        self._settled = framed(reply)

    def datagram(self, data: bytes) -> bytes:
        if len(data) < 2 or len(data) != 2 + int.from_bytes(data[:2], "big"):
            return b""
        self._requests.append(data[2:])
        return self.work(1)


class EchoHousehold:
    def __init__(self, counters: Counters, *, owns: bool) -> None:
        self.owns = owns
        self.stored = b"nothing"
        self.sessions: list[EchoSession] = []
        self.closed = False
        self.flushed = 0
        self.traffic = HostTraffic()
        self._relay: Callable[[bytes], Deferred[None]] | None = None
        self._audit = b""
        self._counters = counters
        self._told: list[Callable[[bytes], None]] = []

    def answer(self, request: bytes) -> bytes:
        verb, rest = request[:1], request[1:]
        if request == b"SX":
            raise ValueError("canary-in-an-exception")
        if verb == b"S":
            self.stored = rest
            for told in self._told:
                told(rest)
        elif verb == b"G":
            return b"G" + self.stored
        elif verb == b"H":
            return hashlib.sha256(self.stored).digest()
        elif verb == b"X":
            raise ValueError("canary-in-an-exception")
        elif verb == b"L":
            return b"x" * int(rest)
        elif verb == b"A":
            self._audit += b"a" * int(rest)
        elif verb == b"P":
            return str(os.getpid()).encode()
        elif verb == b"C":
            self._counters.add("asked")
            return str(self._counters.total("asked")).encode()
        return request

    def session(self, listener: Listener, peer: str) -> EchoSession:
        session = EchoSession(self, peer)
        self.sessions.append(session)
        return session

    def execute(self, listener: Listener, request: bytes, peer: str) -> bytes:
        return self.answer(request)

    def console(self, line: str) -> EchoConsole:
        return EchoConsole()

    def snapshot(self) -> bytes:
        return self.stored

    def restore(self, snapshot: bytes) -> None:
        self.stored = snapshot

    def on_change(self, told: Callable[[bytes], None]) -> None:
        self._told.append(told)

    def apply(self, change: bytes) -> None:
        self.stored = change

    def flush(self) -> Deferred[None] | None:
        self.flushed += 1
        if self._relay is None or not self._audit:
            return None
        audit, self._audit = self._audit, b""
        return self._relay(audit)

    def relay_audit(self, told: Callable[[bytes], Deferred[None]]) -> None:
        self._relay = told

    def relayed_audit(self, told: bytes) -> None:
        print(f"audited {len(told)} bytes of {told[:1].decode()}", file=sys.stderr, flush=True)

    def listeners(self, configured: Sequence[Listener]) -> tuple[Listener, ...]:
        return tuple(configured)

    def listening(self, listeners: Sequence[Listener]) -> None:
        """Nobody asks."""

    def tamper(self) -> None:
        """There are no secrets here."""

    def befell(self, event: str) -> None:
        """There is no audit log."""

    def settle(self) -> None:
        """Nothing rests anywhere."""

    def close(self) -> None:
        self.closed = True


def framed(body: bytes) -> bytes:
    return len(body).to_bytes(2, "big") + body


def found(config: Config, counters: Counters) -> EchoHousehold:
    household = EchoHousehold(counters, owns=True)
    for each in config.settings:
        if each.name == "stored":
            household.stored = each.value.encode() * 100_000 if each.value == "much" else each.value.encode()
    return household


def adopt(counters: Counters, seed: int | None = None) -> EchoHousehold:
    return EchoHousehold(counters, owns=False)


if __name__ == "__main__":
    from hsm.server import main, serving

    serving.FOUNDING = "support.echo_household"
    sys.argv[0] = "hsm"
    main.main()
