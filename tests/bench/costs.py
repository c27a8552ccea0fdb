"""What one CA and one EE0602 cost in process, how soon the appliance is ready, and what it keeps in memory while idle.

    python tests/bench/costs.py [--check]

The figure of each is the least of several runs, since others share the machine.  With ``--check`` the exit code is 1 when
one is missed.
"""

from __future__ import annotations

import json
import platform
import subprocess
import sys
import tempfile
import time
import timeit
from pathlib import Path

from hsm.dialects.eracom.session import EracomSession
from hsm.dialects.thales.session import ThalesSession
from hsm.server.bench import ERACOM_PRESETS, PRESETS
from hsm.testing import dispatcher, eracom_dispatcher

REQUEST = PRESETS["ca"]
CALLS, RUNS = 5_000, 30
FRAMES = 16
STARTS = 5
FIGURES = {"CA in process, us": 8.0, "EE0602 in process, us": 8.0, "start to ready, s": 1.0, "idle memory, MiB": 80.0}


def in_process_us() -> tuple[float, float]:
    """Parse to built reply, with warm keys; and the same through a session, frames of one read together."""
    answering = dispatcher()
    session = ThalesSession(answering, lmk="00")
    frame = (4 + len(REQUEST)).to_bytes(2, "big") + b"0001" + REQUEST

    def turn() -> bytes:
        session.feed(frame * FRAMES)
        return session.work(FRAMES)

    assert turn().count(b"0001CB00") == FRAMES
    whole = min(timeit.repeat(turn, number=CALLS // FRAMES, repeat=RUNS)) / (CALLS // FRAMES) / FRAMES
    execute = session.execute
    alone = min(timeit.repeat(lambda: execute(REQUEST), number=CALLS, repeat=RUNS)) / CALLS
    return alone * 1e6, whole * 1e6


def eracom_us() -> float:
    """One EE0602, parse to built reply, with warm keys."""
    session, request = EracomSession(eracom_dispatcher()), ERACOM_PRESETS["ee0602"]
    assert session.execute(request).startswith(request[:3] + b"\0")
    execute = session.execute
    return min(timeit.repeat(lambda: execute(request), number=CALLS, repeat=RUNS)) / CALLS * 1e6


def started(*options: str) -> tuple[float, float]:
    """Seconds from starting ``hsm serve`` with *options* to its ready file, and its resident memory in MiB then."""
    with tempfile.TemporaryDirectory() as directory:
        ready = Path(directory) / "ready.json"
        began = time.perf_counter()
        command = [sys.executable, "-m", "hsm.server.main", "serve", "--host-port", "0", "--ready-file", str(ready)]
        command += options
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        try:
            while not ready.exists():
                assert process.poll() is None
                assert time.perf_counter() - began < 30
            seconds = time.perf_counter() - began
            status = Path(f"/proc/{json.loads(ready.read_text())['pid']}/status").read_text()
            kib = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
            return seconds, kib / 1024
        finally:
            process.terminate()
            process.wait()


def main() -> int:
    """Measure, print, and with ``--check`` judge."""
    alone, whole = in_process_us()
    starts = [started() for _ in range(STARTS)]
    measured = dict(
        zip(
            FIGURES, (alone, eracom_us(), min(each[0] for each in starts), max(each[1] for each in starts)), strict=True
        )
    )
    print(f"{platform.machine()}, Python {platform.python_version()}")
    print(f"CA in a session, {FRAMES} frames a read: {whole:.2f} us each")
    for name, value in measured.items():
        print(f"{name}: {value:.2f} (at most {FIGURES[name]:g})")
    return int("--check" in sys.argv and any(value > FIGURES[name] for name, value in measured.items()))


if __name__ == "__main__":
    sys.exit(main())
