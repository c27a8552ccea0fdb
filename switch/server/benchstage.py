"""The processes of a bench: an HSM, a switch and its partners; and what is said to them."""

from __future__ import annotations

import json
import os
import resource
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from hsm.client.process import ApplianceProcess, ServedProcess
from switch.bench.figures import Outcome, outcome_of
from switch.bench.setting import Setting, acquirer_name
from switch.server.benchload import Plan

TEST_LMK = ("--lmk", "00=test-variant", "--authorise", "all")
READY_SECONDS_MAX, LOAD_SECONDS_MORE, CONSOLE_SECONDS_MAX = 120.0, 300.0, 10.0
LINE_BYTES_MAX = 1 << 20
SYNCS = 50


class BenchStopped(Exception):
    """The bench can't go on; the text says why."""


@dataclass(frozen=True)
class Stage:
    """What runs: where the switch listens for links and for operators, and who is who (process ids by name)."""

    setting: Setting
    console_port: int
    processes: dict[str, int]

    def load(
        self, *, seconds: float, warm_seconds: float, cards: int, rate: float = 0.0, window: int = 0,
        change_keys_every: float = 0.0,
    ) -> Outcome:  # fmt: skip
        """What comes of a load; see :class:`~switch.server.benchload.Plan`.

        With *change_keys_every* the keys of the first acquirer's link and of the issuer's change each so many seconds.
        Raises BenchStopped.
        """
        plan = Plan(
            self.setting.port,
            self.setting.acquirers,
            self.setting.terminals,
            cards,
            seconds,
            warm_seconds,
            rate,
            window,
            self.processes,
        )
        line = [sys.executable, "-m", "switch.server.benchload"]
        with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as partners:  # noqa: S603  # our own command line
            try:
                told = self._attend(partners, plan, change_keys_every)
            finally:
                partners.kill()
        if "fault" in told:
            raise BenchStopped(str(told["fault"]))
        return outcome_of(told)

    def _attend(
        self, partners: subprocess.Popen[str], plan: Plan, change_keys_every: float
    ) -> dict[str, object]:  # fmt: skip
        assert partners.stdin is not None
        assert partners.stdout is not None
        partners.stdin.write(json.dumps(asdict(plan)) + "\n")
        partners.stdin.flush()
        if not partners.stdout.readline(LINE_BYTES_MAX):
            raise BenchStopped("the partners ended without a word")
        ends = time.monotonic() + plan.warm_seconds + plan.seconds
        while change_keys_every and time.monotonic() + change_keys_every < ends:
            time.sleep(change_keys_every)
            for link in (acquirer_name(0), self.setting.issuer):
                self.order(f"key change {link}")
        told = partners.stdout.readline(LINE_BYTES_MAX)
        if not told:
            raise BenchStopped("the partners ended without a word")
        found: dict[str, object] = json.loads(told)
        return found

    def order(self, line: str) -> str:
        """What the switch's console answers to *line*.  Raises BenchStopped when it refuses."""
        with socket.create_connection(("127.0.0.1", self.console_port), timeout=CONSOLE_SECONDS_MAX) as console:
            console.sendall(line.encode() + b"\n")
            said = ""
            for told in console.makefile(encoding="utf-8"):
                if told.startswith("ERROR"):
                    raise BenchStopped(f"{line}: {told.strip()}")
                if told.startswith("OK"):
                    return said
                said += told
        raise BenchStopped(f"{line}: the console hung up")


@contextmanager
def staged(folder: Path, acquirers: int = 1, terminals: int = 0, echo_idle_seconds: int = 60) -> Iterator[Stage]:
    """A stage whose store lies in a new folder within *folder*.  Raises BenchStopped, NotReady."""
    with ApplianceProcess(TEST_LMK) as hsm, tempfile.TemporaryDirectory(prefix="bench-", dir=folder) as place:
        setting = Setting(hsm.port, _free_port(), acquirers, terminals, echo_idle_seconds=echo_idle_seconds)
        config = Path(place) / "switch.toml"
        config.write_text(setting.text)
        (Path(place) / "bins.csv").write_text(setting.bins)
        options = ("--config", str(config), "--state-dir", str(Path(place) / "state"))
        with ServedProcess("switch.main", options, READY_SECONDS_MAX) as switch:
            yield Stage(setting, switch.ports["console"], {"hsm": hsm.pid, "switch": switch.pid})


def _free_port() -> int:
    """A port that nobody listens at now; all links are to have the same, so the switch can't take any."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def raise_files_limit(files: int) -> int:
    """Allow this process and those that it starts so many open files, if that may be; how many they may have now."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = files if hard == resource.RLIM_INFINITY else min(files, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def sync_ms(folder: Path) -> float:
    """What the disk of *folder* takes to keep a page: the median, in milliseconds."""
    took = []
    with tempfile.TemporaryFile(dir=folder) as page:
        for _ in range(SYNCS):
            page.write(bytes(4096))
            page.flush()
            began = time.perf_counter()
            os.fsync(page.fileno())
            took.append(time.perf_counter() - began)
    return sorted(took)[SYNCS // 2] * 1000
