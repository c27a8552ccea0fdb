"""A bank's appliance as a process: state directory, passphrase, operators' keys, and all that ever came out of it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from support import terminals
from support.canary import Canary
from support.served import SECONDS_MAX, Served, echo_environment
from support.terminals import Terminal

from hsm.client.blocking import BlockingClient

PASSPHRASE = "seven custodians and no key"
WAYS = ("ssh", "telnet")


def hsm(*words: str | Path) -> str:
    """What ``hsm`` with *words* says, on both its outputs; it must succeed."""
    done = subprocess.run(
        [sys.executable, "-m", "hsm.server.main", *map(str, words)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=SECONDS_MAX, env=echo_environment(),
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    return done.stdout


@dataclass
class Site:
    """One appliance through several lives, and the people who work at it."""

    folder: Path
    served: Served | None = None
    terminals: list[Terminal] = field(default_factory=list)
    frames: list[bytes] = field(default_factory=list)
    printed: list[str] = field(default_factory=list)

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def phrase(self) -> Path:
        return self.folder / "phrase"

    def prepare(self, *operators: str) -> None:
        """A passphrase, and an SSH key for each of *operators*."""
        self.phrase.write_text(PASSPHRASE + "\n")
        self.phrase.chmod(0o600)
        lines = []
        for user in operators:
            file = self.folder / user
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", user, "-f", file], check=True)
            lines.append(file.with_suffix(".pub").read_text())
        (self.folder / "operators").write_text("".join(lines))
        (self.folder / "operators").chmod(0o600)

    def start(self, *options: str) -> Served:
        """A life of the appliance; all its ways in are open."""
        ready = self.folder / "ready.json"
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "hsm.server.main", "serve", "--ready-file", str(ready)),
                *("--state-dir", str(self.state), "--passphrase-file", str(self.phrase), "--host-port", "0"),
                *("--console-port", "0", "--ssh-port", "0", "--ssh-authorized-keys", str(self.folder / "operators")),
                *options,
            ],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=echo_environment(),
        )  # fmt: skip
        served = self.served = Served(process, {}, ready)
        assert process.stdout is not None
        for line in process.stdout:
            self.printed.append(line)
            if line.startswith("ssh: listening on"):  # the last port to open
                break
        else:
            raise AssertionError("".join(self.printed))
        served.ports.update(json.loads(ready.read_text())["ports"])
        return served

    def end(self, number: int = signal.SIGTERM) -> int:
        """The appliance ends by a signal; its exit status."""
        assert self.served is not None
        process, self.served = self.served.process, None
        process.send_signal(number)
        self.printed.append(process.communicate(timeout=SECONDS_MAX)[0])
        return process.returncode

    def close(self) -> None:
        """Nothing runs any more."""
        for each in self.terminals:
            each.drops()
        if self.served is not None:
            self.end(signal.SIGKILL)

    def at(self, way: str, user: str = "alice") -> Terminal:
        """A terminal that came in by *way*: ``local``, ``telnet`` or ``ssh``."""
        assert self.served is not None
        if way == "local":
            terminal = terminals.local(self.state)
        elif way == "telnet":
            terminal = terminals.telnet(self.served)
        else:
            terminal = terminals.ssh(self.served, self.folder, user)
        self.terminals.append(terminal)
        return terminal

    @contextmanager
    def host(self) -> Iterator[BlockingClient]:
        """A host's connection, whose every frame is kept."""
        assert self.served is not None
        port = self.served.ports["thales"]
        with BlockingClient("127.0.0.1", port, on_frame=lambda way, frame: self.frames.append(frame)) as client:
            yield client

    def outputs(self) -> Iterator[tuple[str, bytes]]:
        """Everything that came out until now, by name: screens, frames, what was printed, files."""
        for count, each in enumerate(self.terminals):
            yield f"terminal {count}", each.shown.encode("latin-1")
        yield "host frames", b"\n".join(self.frames)
        yield "standard output and error", "".join(self.printed).encode()
        for path in sorted(self.folder.rglob("*")):
            if path.is_file() and path != self.phrase:
                yield str(path.relative_to(self.folder)), path.read_bytes()

    def leaks(self, canary: Canary) -> dict[str, set[str]]:
        """The marks found, by the output they were found in."""
        found = {name: canary.found_in(content) for name, content in self.outputs()}
        return {name: marks for name, marks in found.items() if marks}


def cards_told(shown: Sequence[str]) -> list[str]:
    """The numbers of cards in what was shown when they were issued."""
    return [line.split()[1] for each in shown for line in each.splitlines() if line.startswith("Card ")]
