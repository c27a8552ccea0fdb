"""Switches as processes, as ``switch serve`` runs them."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

SECONDS_MAX = 60.0
ROOT = Path(__file__).parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}


def switch(*words: str) -> subprocess.CompletedProcess[str]:
    """``switch`` with *words*, run to its end."""
    line = [sys.executable, "-m", "switch.main", *words]
    return subprocess.run(line, capture_output=True, text=True, timeout=SECONDS_MAX, env=ENVIRONMENT, check=False)


@dataclass
class RunningSwitch:
    """``switch serve`` upon *text*, the content of its configuration, in *folder*."""

    folder: Path
    text: str
    words: tuple[str, ...] = ()
    ports: dict[str, int] = field(default_factory=dict)
    start_seconds_max: float = SECONDS_MAX

    def __post_init__(self) -> None:
        self.folder.mkdir(exist_ok=True)
        self.config = self.folder / "switch.toml"
        self.config.write_text(self.text)
        self.ready_file = self.folder / "ready.json"
        self.start()

    def start(self) -> None:
        """Start it, and wait until it listens."""
        line = [sys.executable, "-m", "switch.main", "serve", "--config", str(self.config)]
        line += ["--ready-file", str(self.ready_file), *self.words]
        with (self.folder / "said").open("ab") as said:
            self.process = subprocess.Popen(line, stdout=said, stderr=said, env=ENVIRONMENT)
        until = time.monotonic() + self.start_seconds_max
        while not self._is_ready():
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < until, self.said()
            time.sleep(0.01)

    def _is_ready(self) -> bool:
        try:
            ready = json.loads(self.ready_file.read_text())
        except (OSError, ValueError):
            return False
        self.ports = ready["ports"]
        return bool(ready["pid"] == self.process.pid)

    def said(self) -> str:
        """What it wrote to standard output and error."""
        return (self.folder / "said").read_text()

    def ask(self, *words: str) -> subprocess.CompletedProcess[str]:
        """``switch console`` with *words*."""
        return switch("console", "--config", str(self.config), "--ready-file", str(self.ready_file), *words)

    def until(self, wanted: str, *words: str) -> str:
        """What the console says to *words* once *wanted* is part of it."""
        until = time.monotonic() + SECONDS_MAX
        address = ("127.0.0.1", self.ports["console"])
        with socket.create_connection(address, SECONDS_MAX) as opened, opened.makefile("rw") as spoken:
            while True:
                spoken.write(" ".join(words) + "\n")
                spoken.flush()
                said = ""
                for line in spoken:
                    said += line
                    if not line.startswith(" "):
                        break
                if wanted in said:
                    return said
                assert time.monotonic() < until, said
                time.sleep(0.02)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """The exit code."""
        self.process.send_signal(number)
        return self.process.wait(SECONDS_MAX)

    def close(self) -> None:
        """Have it gone, whatever it does."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
