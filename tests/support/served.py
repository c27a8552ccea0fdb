"""A server as a process, with the echoing household; tests talk to it with blocking sockets that time out."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from support.echo_household import framed

SECONDS_MAX = 60.0
ECHO = "support.echo_household"
"""The module that is ``hsm`` with the echoing household."""

CONSOLE_WORDS = "support.console_words"
"""The module that is ``hsm`` with console commands for tests."""


def echo_environment() -> dict[str, str]:
    """The environment in which ECHO and its worker processes find their modules."""
    root = Path(__file__).parents[2]
    return {**os.environ, "PYTHONPATH": f"{root}{os.pathsep}{root / 'tests'}"}


@dataclass
class Served:
    """A running server."""

    process: subprocess.Popen[str]
    ports: dict[str, int]
    ready_file: Path

    def connect(self, name: str = "thales") -> socket.socket:
        connected = socket.create_connection(("127.0.0.1", self.ports[name]), timeout=SECONDS_MAX)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connected

    def ask(self, request: bytes) -> bytes:
        """The reply to *request* on a connection of its own."""
        with self.connect() as connected:
            connected.sendall(framed(request))
            return reply_from(connected)

    def resident_kib(self) -> int:
        """Memory that the process occupies."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        assert found is not None
        return int(found[1])

    def computed_seconds(self) -> float:
        """How long it has computed until now: what a busy machine gives others does not count."""
        after_name = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(") ")[2].split()
        return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """Exit code and what was still to read from standard error."""
        self.process.send_signal(number)
        _, told = self.process.communicate(timeout=SECONDS_MAX)
        return self.process.returncode, told

    def line(self, wanted: str) -> str:
        """The next line of standard error that holds *wanted*."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            if wanted in line:
                return line
        raise AssertionError(f"the server ended without saying {wanted!r}")


def exactly(connected: socket.socket, count: int) -> bytes:
    """*count* bytes from *connected*, or what came before its end."""
    parts = []
    while count:
        part = connected.recv(min(count, 1 << 20))
        if not part:
            break
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def reply_from(connected: socket.socket) -> bytes:
    """One reply, without its length."""
    return exactly(connected, int.from_bytes(exactly(connected, 2), "big"))


def flood(deaf: socket.socket, request: bytes) -> None:
    """Send *request* again and again, without reading, until nothing more is taken."""
    deaf.setblocking(False)
    with suppress(BlockingIOError):
        for _ in range(10_000):
            deaf.sendall(framed(request))
        raise AssertionError("the server takes everything")


Serve = Callable[..., Served]
