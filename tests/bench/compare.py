"""Commands/s of the appliance against a bare Twisted echo server, in one run, by turns: the ratios are the figures.

    python tests/bench/compare.py [--seconds 2] [--rounds 3] [--check]

A request is sent in batches of as many as are outstanding, and the replies of a batch are compared with what they must
be as one piece of bytes; so the generator, which shares the machine, costs little and still checks every byte.  With
``--check`` the exit code is 1 when a figure is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import selectors
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hsm.server.bench import PRESETS

CONNECTIONS = 16
READ_BYTES_MAX = 262_144
SECONDS_MAX = 30.0
# (what, against what, outstanding, least ratio)
FIGURES = (
    ("one process", "echo", 16, 0.25),
    ("one process", "echo", 1, 0.70),
    ("two workers", "one process", 16, 1.6),
)


def framed(body: bytes) -> bytes:
    return len(body).to_bytes(2, "big") + body


@contextmanager
def echo() -> Iterator[int]:
    """The yardstick, running; its port."""
    command = [sys.executable, str(Path(__file__).with_name("echo_server.py"))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.terminate()


@contextmanager
def appliance(workers: int) -> Iterator[int]:
    """The appliance, running; its port."""
    with tempfile.TemporaryDirectory() as directory:
        ready = Path(directory, "ready.json")
        command = [sys.executable, "-m", "hsm.server.main", "serve", "--host-port", "0", "--lmk", "00=test-variant"]
        command += ["--workers", str(workers), "--ready-file", str(ready)]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
            assert process.stderr is not None
            try:
                process.stderr.readline()  # written when the ready file is
                yield int(json.loads(ready.read_text())["ports"]["thales"])
            finally:
                process.terminate()
                process.communicate()


def learnt(port: int, request: bytes) -> bytes:
    """The framed reply to *request*, which must be an echo or a success."""
    with socket.create_connection(("127.0.0.1", port), timeout=SECONDS_MAX) as connected:
        connected.sendall(framed(request))
        reply = connected.recv(READ_BYTES_MAX)
    right = request[:5] + bytes((request[5] + 1,)) + b"00"
    if reply != framed(request) and reply[2:10] != right:
        raise SystemExit(f"unexpected reply {reply[:10]!r}")
    return reply


def rate(port: int, request: bytes, outstanding: int, seconds: float) -> float:
    """Right replies a second."""
    batch, expected = framed(request) * outstanding, learnt(port, request) * outstanding
    received: dict[socket.socket, bytes] = {}
    done = 0
    with selectors.DefaultSelector() as selector:
        for _ in range(CONNECTIONS):
            connected = socket.create_connection(("127.0.0.1", port), timeout=SECONDS_MAX)
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            received[connected] = b""
            selector.register(connected, selectors.EVENT_READ)
            connected.sendall(batch)
        started = now = time.perf_counter()
        while now - started < seconds:
            for key, _ in selector.select(SECONDS_MAX):
                connected = key.fileobj  # type: ignore[assignment]  # only sockets are registered
                so_far = received[connected] + connected.recv(READ_BYTES_MAX)
                if len(so_far) < len(expected):
                    received[connected] = so_far
                    continue
                if so_far != expected:
                    raise SystemExit("a reply differs")
                received[connected] = b""
                done += outstanding
                connected.sendall(batch)
            now = time.perf_counter()
    for connected in received:
        connected.close()
    return done / (now - started)


def measured(request: bytes, seconds: float, rounds: int) -> dict[tuple[str, int], list[float]]:
    """Rates by server and number outstanding, one of each round, the servers measured by turns."""
    rates: dict[tuple[str, int], list[float]] = {}
    with echo() as yardstick, appliance(0) as one, appliance(2) as two:
        servers = {"echo": yardstick, "one process": one, "two workers": two}
        for _ in range(rounds):
            for outstanding in (16, 1):
                for name, port in servers.items():
                    rates.setdefault((name, outstanding), []).append(rate(port, request, outstanding, seconds))
    return rates


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--payload", choices=sorted(PRESETS), default="ca")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    rates = measured(b"0001" + PRESETS[options.payload], options.seconds, options.rounds)
    print(f"{platform.machine()}, {os.cpu_count()} CPUs, Python {platform.python_version()}, {options.payload.upper()}")
    for (name, outstanding), each in rates.items():
        shown = "  ".join(f"{value:9,.0f}" for value in each)
        print(f"{name:12} {CONNECTIONS} x {outstanding:2}  {statistics.median(each):9,.0f}/s   ({shown})")
    missed = False
    for what, against, outstanding, least in FIGURES:
        pairs = zip(rates[what, outstanding], rates[against, outstanding], strict=True)
        ratio = statistics.median(mine / theirs for mine, theirs in pairs)
        missed |= ratio < least
        print(f"{what} / {against}, {CONNECTIONS} x {outstanding:2}: {ratio:.2f} (at least {least})")
    return 1 if missed and options.check else 0


if __name__ == "__main__":
    sys.exit(main())
