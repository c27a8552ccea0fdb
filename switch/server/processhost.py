"""One host of a scenario as a process: ``switch serve``, which is killed for good and asked by its console."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from twisted.internet.interfaces import IReactorTime

from hsm.client.process import ServedProcess
from switch.link.events import Order
from switch.operator.runcommands import UNDER_WAY
from switch.scenarios.judged import Held, held
from switch.scenarios.network import OPENED_WITH, PARTNERS
from switch.scenarios.scenario import TERMINALS
from switch.server.aside import in_thread
from switch.server.faultyline import FaultyLine
from switch.store.opening import database
from switch.store.reading import Reading
from switch.store.rows import Account, Irregular, Owed, Transaction

CONSOLE_SECONDS = 5.0
CLOCK = "clock"
HSM_READY_SECONDS_MAX = 60.0
HSM, IN_FORCE = "hsm", "in force"


def appliance(port: int = 0) -> ServedProcess:
    """An HSM with the published test LMK, at *port* (0: any free one)."""
    options = ("--host-port", str(port), "--lmk", "00=test-variant", "--authorise", "all")
    return ServedProcess("hsm.server.main", options, HSM_READY_SECONDS_MAX)


class ProcessHost:
    """The host *name*, whose files are in *folder*; *hsm* is its own, if it is to lose it; *lines* lead to it."""

    def __init__(
        self, reactor: IReactorTime, name: str, folder: Path, hsm: ServedProcess | None, lines: Sequence[FaultyLine],
        time_of_day: Callable[[], float],
    ) -> None:  # fmt: skip
        """*time_of_day* is the scenario's: seconds since 1970."""
        self._lines, self._time_of_day = lines, time_of_day
        self._reactor, self._name, self._folder, self._hsm = reactor, name, folder, hsm
        self._links = [link for (host, other), link in PARTNERS.items() if host == name and other not in TERMINALS]
        self._process: subprocess.Popen[bytes] | None = None
        self._open: frozenset[str] = frozenset()
        self._asking = self._hsm_away = False
        self.ports: dict[str, int] = {}
        self._locked: sqlite3.Connection | None = None

    @property
    def _database(self) -> Path:
        return self._folder / "state" / "switch.db"

    # -- its life

    def start(self) -> None:
        """Start it; ``is_ready`` tells when it listens."""
        ready = self._folder / "ready.json"
        ready.unlink(missing_ok=True)
        line = [sys.executable, "-m", "switch.server.skewed", str(self._folder / CLOCK)]
        line += ["serve", "--config", str(self._folder / "switch.toml")]
        with (self._folder / "said").open("ab") as said:
            self._process = subprocess.Popen(  # noqa: S603  # our own command line
                [*line, "--ready-file", str(ready)], stdin=subprocess.DEVNULL, stdout=said, stderr=said,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            )  # fmt: skip
        self.ports, self._open = {}, frozenset()

    @property
    def is_ready(self) -> bool:
        """Does it listen?  ``ports`` are known then."""
        if not self.ports and self._process is not None:
            try:
                told = json.loads((self._folder / "ready.json").read_text())
            except (OSError, ValueError):
                return False
            self.ports = told["ports"] if told["pid"] == self._process.pid else {}
        return bool(self.ports)

    @property
    def said(self) -> str:
        """Why it has ended, if it has; empty else."""
        if self._process is None or self._process.poll() is None:
            return ""
        return (self._folder / "said").read_text(errors="replace")[-2000:] or "it ended without a word"

    def kill(self) -> None:
        """End it at once, by SIGKILL."""
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(signal.SIGKILL)
            process.wait()
        self.ports, self._open = {}, frozenset()
        for line in self._lines:
            line.target = None
            line.cut()

    def close(self) -> None:
        """End it and its HSM."""
        self.kill()
        self.loses_store(False)
        if self._hsm is not None and not self._hsm_away:
            self._hsm.__exit__(None, None, None)

    # -- what it says

    def is_open(self, link: str) -> bool:
        """Does *link* take transactions, and is there a key for all that goes by it?  As it was when last asked."""
        if not self._asking and self.is_ready:
            self._asking = True
            in_thread(self._reactor, self._look).addBoth(self._looked)
        return link in self._open and not self._hsm_away

    def is_at_rest(self) -> bool:
        """Does it work on no transaction?  Waits for its answer.  Raises OSError."""
        return not self.is_ready or f"{UNDER_WAY} 0" in self._ask("figures")

    def _look(self) -> frozenset[str]:
        found = set()
        hsm = next((line.split() for line in self._ask("hsm") if line.split()[:1] == [HSM]), [HSM, "0"])
        if self._hsm_away or hsm[1] == "0":
            return frozenset()
        for link in self._links:
            row = next((line.split() for line in self._ask("links") if line.split()[:1] == [link]), [])
            keys = [line for line in self._ask(f"keys {link}") if link in line.split()[:1]]
            if "yes" in row[-4:-3] and len(keys) == 2 and all(IN_FORCE in line for line in keys):
                found.add(link)
        return frozenset(found)

    def _looked(self, found: object) -> None:
        self._asking = False
        self._open = found if isinstance(found, frozenset) else frozenset()

    def _ask(self, command: str) -> list[str]:
        """The lines that the console answers *command* with.  Raises OSError."""
        lines = []
        address = "127.0.0.1", self.ports["console"]
        with socket.create_connection(address, CONSOLE_SECONDS) as opened, opened.makefile("rw") as spoken:
            spoken.write(command + "\n")
            spoken.flush()
            for line in spoken:
                if not line.startswith(" "):
                    break
                lines.append(line.strip())
        return lines

    # -- what can befall it

    def loses_hsm(self, away: bool) -> None:
        """Kill its HSM, or start it again at the same port."""
        assert self._hsm is not None
        if away:
            port = self._hsm.ports["thales"]
            os.kill(self._hsm.pid, signal.SIGKILL)
            self._hsm.__exit__(None, None, None)
            self._hsm = appliance(port)
            self._hsm_away = True
        else:
            in_thread(self._reactor, self._hsm.__enter__).addCallbacks(self._has_hsm, lambda _: None)

    def _has_hsm(self, hsm: ServedProcess) -> None:
        # What was found out before it is not true any more.
        self._hsm_away, self._open = False, frozenset()

    def loses_store(self, away: bool) -> None:
        """Lock everybody out who would commit something, or let them in again: a database in a file does not go away."""
        locked, self._locked = self._locked, None
        if locked is not None:
            locked.close()
        if away:
            self._locked = sqlite3.connect(self._database, isolation_level=None)
            self._locked.execute("BEGIN IMMEDIATE")

    def sets_clock(self, seconds: float) -> None:
        """Its time of day is *seconds* ahead of the scenario's."""
        told = self._folder / f"{CLOCK}.new"
        told.write_text(str(self._time_of_day() + seconds - time.time()))
        told.replace(self._folder / CLOCK)

    def signs(self, order: Order) -> None:
        """Order sign-on or sign-off on all its links to other hosts."""
        for link in self._links:
            in_thread(self._reactor, partial(self._ask, f"link {link} {order.value}"))

    def changes_keys(self) -> None:
        """Begin to change the keys of all its links."""
        for link in self._links:
            in_thread(self._reactor, partial(self._ask, f"key change {link}"))

    def held(self) -> Held:
        """What it holds, read from its database."""
        reading = Reading(database(f"sqlite:///{self._database}"))
        try:
            opened = OPENED_WITH if (self._folder / "accounts.csv").exists() else 0
            every = reading.every
            return held(every(Transaction), every(Owed), every(Irregular), every(Account), opened)
        finally:
            reading.close()
