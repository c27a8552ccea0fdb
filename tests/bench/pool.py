"""What the pool costs: CA through it against one bare connection to the same appliance in the same run.

    python tests/bench/pool.py

The bare connection writes ready-made frames and compares replies, no more; the pool declares, encodes, numbers, times,
matches and decodes each.  With 1 outstanding the difference is the latency that the pool adds; with 64 the rates tell.
At last, what a full queue of requests keeps in memory.
"""

from __future__ import annotations

import time
import tracemalloc
from collections import deque
from collections.abc import Callable

from twisted.internet import reactor as twisted_reactor
from twisted.internet.base import ReactorBase
from twisted.internet.endpoints import connectProtocol
from twisted.internet.protocol import Protocol

from hsm.client.codec import Wire
from hsm.client.connection import tcp_endpoint
from hsm.client.pool import HsmPool
from hsm.client.process import ApplianceProcess
from hsm.client.station import Bounds, Site
from hsm.dialects.thales.translate import PinTranslated, TranslatePinFromTerminal
from hsm.server.bench import PRESETS
from hsm.wire.codec import codec_of
from hsm.wire.framing import LengthPrefixed

CONTENT = PRESETS["ca"]
REQUEST = codec_of(TranslatePinFromTerminal).parse(CONTENT[2:].decode())
REQUESTS, RUNS = 10_000, 3
WINDOWS = (1, 64)
assert isinstance(twisted_reactor, ReactorBase)
REACTOR = twisted_reactor


class Bare(Protocol):
    """Keeps *window* requests under way until REQUESTS are answered."""

    def begin(self, window: int, done: Callable[[], None]) -> None:
        self.asked = self.answered = 0
        self.done = done
        self.times: list[float] = []
        self.began: deque[float] = deque()
        self.frames = LengthPrefixed(0xFFFF)
        for _ in range(window):
            self.ask()

    def ask(self) -> None:
        assert self.transport is not None
        self.asked += 1
        self.began.append(time.perf_counter())
        self.transport.write((4 + len(CONTENT)).to_bytes(2, "big") + b"%04d" % (self.asked % 10_000) + CONTENT)

    def dataReceived(self, data: bytes) -> None:
        self.frames.feed(data)
        while (frame := self.frames.next()) is not None:
            assert frame[4:8] == b"CB00"
            self.times.append(time.perf_counter() - self.began.popleft())
            self.answered += 1
            if self.asked < REQUESTS:
                self.ask()
            elif self.answered == REQUESTS:
                self.done()


def turn(so: Callable[[], bool]) -> None:
    """Run the reactor until *so*."""
    while not so():
        REACTOR.iterate(0.05)


def bare(port: int, window: int) -> list[float]:
    """Seconds to each reply, and at last the seconds of all."""
    made: list[Bare] = []
    connectProtocol(tcp_endpoint(REACTOR, "127.0.0.1", port), Bare()).addCallback(made.append)
    turn(lambda: bool(made))
    finished: list[bool] = []
    began = time.perf_counter()
    made[0].begin(window, lambda: finished.append(True))
    turn(lambda: bool(finished))
    took = time.perf_counter() - began
    made[0].transport.loseConnection()  # type: ignore[union-attr]  # it is connected
    return [*made[0].times, took]


def pooled(port: int, window: int) -> list[float]:
    """As ``bare``."""
    pool = HsmPool(REACTOR, [Site("a", tcp_endpoint(REACTOR, "127.0.0.1", port))], Wire(), Bounds(1, 64))
    pool.start()
    turn(lambda: pool.figures().sites[0].connections == 1)
    times: list[float] = []
    asked = 0

    def ask() -> None:
        nonlocal asked
        asked += 1
        began = time.perf_counter()

        def told(answer: PinTranslated) -> None:
            times.append(time.perf_counter() - began)
            if asked < REQUESTS:
                ask()

        pool.ask(REQUEST, PinTranslated).addCallback(told)

    began = time.perf_counter()
    for _ in range(window):
        ask()
    turn(lambda: len(times) == REQUESTS)
    took = time.perf_counter() - began
    stopped: list[None] = []
    pool.stop().addCallback(stopped.append)
    turn(lambda: bool(stopped))
    return [*times, took]


def queue_kib() -> float:
    """What a queue of as many requests as Bounds allow keeps, with nobody to send them to."""
    pool = HsmPool(REACTOR, [Site("a", tcp_endpoint(REACTOR, "127.0.0.1", 1))], Wire())
    pool.call("CA", REQUEST).addErrback(lambda _: None)
    tracemalloc.start()
    for _ in range(Bounds().waiting_max - 1):
        pool.ask(REQUEST, PinTranslated).addErrback(lambda _: None)
    size = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert pool.figures().queued == Bounds().waiting_max
    pool.stop()
    return size / 1024


def main() -> None:
    """Measure and print."""
    REACTOR.startRunning(installSignalHandlers=False)
    with ApplianceProcess(("--lmk", "00=test-variant")) as appliance:
        for window in WINDOWS:
            for name, run in (("bare", bare), ("pool", pooled)):
                *times, took = min((run(appliance.port, window) for _ in range(RUNS)), key=lambda each: each[-1])
                times.sort()
                median, late = (times[int(len(times) * part)] * 1e6 for part in (0.5, 0.99))
                print(f"{name} x {window:2d}: {REQUESTS / took:8,.0f} CA/s, p50 {median:6,.0f} us, p99 {late:6,.0f} us")
    print(f"full queue ({Bounds().waiting_max} CA): {queue_kib():,.0f} KiB")


if __name__ == "__main__":
    main()
