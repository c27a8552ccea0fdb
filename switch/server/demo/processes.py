"""Programs of ours as processes: started, waited for by their ready files, ended."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

READY_SECONDS_MAX, STOP_SECONDS_MAX = 60.0, 15.0
LOOK_SECONDS = 0.02
SAID_CHARS_MAX = 2_000


class DemoStopped(Exception):
    """A process ended or did something else than it should; the text says which."""


class Program:
    """The module *module* with *words*, called *name*; what it says goes to ``NAME.said`` in *folder*."""

    def __init__(self, folder: Path, name: str, module: str, words: Sequence[str], typed_at: bool = False) -> None:
        """*typed_at*: what it reads is typed here, and what it writes read here."""
        self.name, self.ports = name, dict[str, int]()
        self._ready, self._said = folder / f"{name}.ready", folder / f"{name}.said"
        self._ready.unlink(missing_ok=True)
        line = [sys.executable, "-m", module, *words, "--ready-file", str(self._ready)]
        pipe = subprocess.PIPE if typed_at else None
        with self._said.open("ab") as said:
            self.process = subprocess.Popen(  # noqa: S603  # our own command line
                line, stdin=pipe or subprocess.DEVNULL, stdout=pipe or said, stderr=said, start_new_session=True
            )

    def await_ready(self) -> Mapping[str, int]:
        """Its ports by name, once it listens.  Raises DemoStopped."""
        until = time.monotonic() + READY_SECONDS_MAX
        while not self._ready.exists():
            if self.process.poll() is not None or time.monotonic() > until:
                said = self._said.read_text(errors="replace")[-SAID_CHARS_MAX:]
                raise DemoStopped(f"{self.name} does not start: {said or 'it says nothing'}")
            time.sleep(LOOK_SECONDS)
        self.ports = json.loads(self._ready.read_text())["ports"]
        return self.ports

    @property
    def keyboard(self) -> IO[bytes]:
        """What is typed at it."""
        assert self.process.stdin is not None, "typed_at"
        return self.process.stdin

    @property
    def screen(self) -> IO[bytes]:
        """What it writes."""
        assert self.process.stdout is not None, "typed_at"
        return self.process.stdout

    def ask_to_end(self) -> None:
        """Have it end, soon."""
        if self.process.poll() is None:
            self.process.terminate()

    def end(self) -> int:
        """Its exit status, when it has ended; it is killed if it takes too long."""
        self.ask_to_end()
        try:
            return self.process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()
        finally:
            for pipe in (self.process.stdin, self.process.stdout):
                if pipe is not None:
                    pipe.close()


def run(module: str, *words: str, show: Callable[[str], None] | None = None) -> None:
    """The module *module* with *words*, to its end; *show* is given each line that it says.  Raises DemoStopped."""
    line = [sys.executable, "-m", module, *words]
    with tempfile.TemporaryFile("w+") as complaint:
        running = subprocess.Popen(  # noqa: S603  # our own command line
            line, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=complaint, text=True
        )
        assert running.stdout is not None
        try:
            with running.stdout:
                for said in running.stdout:
                    if show is not None:
                        show(f"    {said.rstrip()}")
        except BaseException:
            # What it has started itself, it ends by itself.
            running.send_signal(signal.SIGINT)
            running.wait()
            raise
        if running.wait():
            complaint.seek(0)
            raise DemoStopped(f"{module} {' '.join(words[:2])}: {complaint.read()[-SAID_CHARS_MAX:]}")
