"""A server as a process of its own, started through its command line: for tests, benches, and for a first look."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

READY_SECONDS_MAX = 60.0
STOP_SECONDS_MAX = 10.0
COMPLAINT_CHARS_MAX = 2_000


class NotReady(Exception):
    """The server ended or did not listen in time; the text is what it said last."""


class ServedProcess:
    """``python -m MODULE serve`` with *options*, listening when the ``with`` block begins and stopped when it ends.

    The state directory is temporary unless *options* name one.
    """

    def __init__(self, module: str, options: Sequence[str], ready_seconds_max: float = READY_SECONDS_MAX) -> None:
        self._line = (sys.executable, "-m", module, "serve", *options)
        self._options = tuple(options)
        self._ready_seconds_max = ready_seconds_max
        self.host = "127.0.0.1"
        self.ports: dict[str, int] = {}

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def state_dir(self) -> Path:
        """Where its state is, and `hsm console --state-dir` finds an appliance."""
        if "--state-dir" in self._options:
            return Path(self._options[self._options.index("--state-dir") + 1])
        return Path(self._folder.name) / "state"

    def __enter__(self) -> Self:
        """Raises NotReady."""
        self._folder = tempfile.TemporaryDirectory(prefix="zonekey-")
        folder = Path(self._folder.name)
        ready, said = folder / "ready.json", folder / "said"
        line = [*self._line, "--ready-file", str(ready)]
        if "--state-dir" not in self._options:
            line += ["--state-dir", str(self.state_dir)]
        with said.open("wb") as out:
            self._process = subprocess.Popen(line, stdin=subprocess.DEVNULL, stdout=out, stderr=out)  # noqa: S603  # our own command line
        try:
            self._await(ready, said)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        self.ports = json.loads(ready.read_text())["ports"]
        return self

    def _await(self, ready: Path, said: Path) -> None:
        until = time.monotonic() + self._ready_seconds_max
        while not ready.exists():
            if self._process.poll() is not None or time.monotonic() > until:
                raise NotReady(said.read_text(errors="replace")[-COMPLAINT_CHARS_MAX:] or "no word")
            time.sleep(0.01)

    def wait(self) -> int:
        """Until the server ends by itself; its exit status."""
        return self._process.wait()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._folder.cleanup()


class ApplianceProcess(ServedProcess):
    """``hsm serve`` with *options*; *host_port* 0 takes a free port."""

    def __init__(self, options: Sequence[str] = (), host_port: int = 0) -> None:
        super().__init__("hsm.server.main", ("--host-port", str(host_port), *options))

    @property
    def port(self) -> int:
        """The Thales host port."""
        return self.ports["thales"]
