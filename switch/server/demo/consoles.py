"""What a node's operator is told at its console."""

from __future__ import annotations

import socket
import time
from types import TracebackType

from switch.server.demo.processes import DemoStopped

SECONDS_MAX, LOOK_SECONDS = 60.0, 0.05
REFUSED = "ERROR "


class NodeConsole:
    """The console of the node *name*, on *port*."""

    def __init__(self, name: str, port: int) -> None:
        self._name = name
        self._opened = socket.create_connection(("127.0.0.1", port), SECONDS_MAX)
        self._spoken = self._opened.makefile("rw", encoding="utf-8", newline="\n")

    def __enter__(self) -> NodeConsole:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._spoken.close()
        self._opened.close()

    def ask(self, words: str) -> list[str]:
        """The lines that answer *words*.  Raises DemoStopped when they are refused."""
        self._spoken.write(words + "\n")
        self._spoken.flush()
        said: list[str] = []
        for line in self._spoken:
            if not line.startswith(" "):
                if line.startswith(REFUSED):
                    raise DemoStopped(f"{self._name}: {words}: {line.removeprefix(REFUSED).strip()}")
                return said
            said.append(line[1:].rstrip("\n"))
        raise DemoStopped(f"{self._name} has gone")

    def until(self, words: str, wanted: str, count: int = 1) -> list[str]:
        """What it says to *words* once *wanted* is in *count* lines.  Raises DemoStopped."""
        until = time.monotonic() + SECONDS_MAX
        while True:
            said = self.ask(words)
            if sum(wanted in line for line in said) >= count:
                return said
            if time.monotonic() > until:
                raise DemoStopped(f"{self._name}: {words}: {wanted!r} does not come:\n" + "\n".join(said))
            time.sleep(LOOK_SECONDS)
