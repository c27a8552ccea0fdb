"""Kills the bureau's demonstration at random moments of each step, over and over, and looks at what it comes to.

``perso_kills.py --rounds N --seed S``: in each round one demonstration is killed once while it starts and once in each
step, uniformly over the time that the step took when nobody killed it; the last start is left alone.  Killed are the
demonstration (its parts end by themselves), a part that works just then, a server or an HSM, or all of them at once.

``perso_kills.py --commands N`` kills each command of the parts N times, beside HSMs and servers that live on.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import chdir, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from threading import Event, Timer

from support.persosite import ROOT, environment

from hsm.client.leash import Leash
from switch.server.perso.demo.commands import Words, spoken
from switch.server.perso.demo.doubts import settle
from switch.server.perso.demo.layout import Layout
from switch.server.perso.demo.steps import steps
from switch.server.perso.demo_command import served

STEPS = 14
TARGETS = ("demonstration", "part", "server", "all")
SERVERS = re.compile(r"hsm\.server\.main|perso (receive|host) ")
SAID = re.compile(r"(\d+)\. ")
SECONDS_MAX = 600.0


class Wrong(Exception):
    """The demonstration did not come to what it must come to."""


@dataclass
class Demonstration:
    """In the *folder*, with so many *cards*."""

    folder: Path
    cards: int
    killed: Counter[tuple[int, str]] = field(default_factory=Counter)
    said: str = ""
    at: int = 0
    """The step at which it is."""

    def line(self) -> list[str]:
        command = (sys.executable, "-m", "switch.main", "perso", "demo")
        return [*command, "--cards", str(self.cards), "--folder", str(self.folder)]

    def start(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.line(),
            cwd=ROOT,
            env=environment() | {"PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def lengths(self) -> list[float]:
        """Seconds that the start and each step take when nobody kills."""
        began, found = time.monotonic(), []
        with self.start() as running:
            assert running.stdout is not None
            for said in running.stdout:
                self.said += said
                if SAID.match(said):
                    found.append(time.monotonic() - began)
                    began = time.monotonic()
        found.append(time.monotonic() - began)
        self.check(running.returncode)
        return found

    def kill(self, number: int, moment_seconds: float, target: str, draw: Random) -> None:
        """Start, and kill *target* so long after step *number* began (0: after the start).  Raises Wrong.

        What survives that, for the target had nothing to do any more, is killed as the next step begins.
        """
        with self.start() as running:
            assert running.stdout is not None
            striking = Event()
            timer = Timer(moment_seconds, self._strike, (running.pid, target, striking, draw))
            self.at, self.said = 0, ""
            if not number:
                timer.start()
            # To the end: what holds this pipe open after the demonstration is a child that outlived it.
            for said in running.stdout:
                self.said += said
                if found := SAID.match(said):
                    self.at = int(found[1])
                    if self.at == number:
                        timer.start()
                    elif striking.is_set() and self.at > number:
                        self._kill([running.pid], "demonstration")
            timer.cancel()
            striking.set()
            if timer.ident:
                timer.join()
        if self.at < number:
            raise Wrong(f"step {number} was not reached:\n{self.said}")

    def _strike(self, pid: int, target: str, striking: Event, draw: Random) -> None:
        while not striking.is_set():
            children = descendants(pid)
            servers = [child for child, words in children.items() if SERVERS.search(words)]
            parts = sorted(children.keys() - set(servers))
            struck = {"demonstration": [pid], "part": parts, "server": servers, "all": [pid, *children]}[target]
            if struck:
                self._kill([draw.choice(struck)] if target in ("part", "server") else struck, target)
                striking.set()
            # Else none runs just now: the next one that does.

    def _kill(self, struck: list[int], target: str) -> None:
        for each in struck:
            with suppress(ProcessLookupError):
                os.kill(each, signal.SIGKILL)
        self.killed[self.at, target] += 1

    def finish(self) -> None:
        """The last start, left alone."""
        ended = subprocess.run(
            self.line(), cwd=ROOT, env=environment(), capture_output=True, text=True, check=False, timeout=SECONDS_MAX
        )
        self.said = ended.stdout + ended.stderr
        self.check(ended.returncode)

    def check(self, status: int) -> None:
        """Raises Wrong where the demonstration did not come to its end, or to other totals than an unbroken one."""
        ended = re.findall(r"^(\d+)\. ", self.said, re.MULTILINE)[-1:] == [str(STEPS)]
        told = f"Looked for {2 * (16 + 3 * self.cards)} keys, {2 * self.cards} PINs, {4 * self.cards} CVVs, "
        looked = told in self.said
        if status or not ended or not looked:
            raise Wrong(f"it ended with {status}:\n{self.said}")
        check_totals(self.folder, self.cards)


def check_totals(folder: Path, cards: int) -> None:
    """Raises Wrong where the demonstration in the *folder* came to other totals than an unbroken one."""
    (back,) = (folder / "production").glob("*.back")
    lines = [json.loads(each) for each in back.read_text().splitlines()]
    told: list[tuple[object, object]] = [
        ([each["card"] for each in lines[1:] if "state" in each], list(range(1, cards + 1))),
        (lines[-1]["total"], {"made": cards, "rejected": 0, "mailers": cards}),
        (len((folder / "machine" / "cards.box").read_bytes().splitlines()), cards),
    ]
    for audit in folder.rglob("*.audit"):
        entries = [json.loads(each) for each in audit.read_text().splitlines()]
        once = [(each["what"], json.dumps(each["told"])) for each in entries if each["what"] in ONCE]
        told.append((sorted(once), sorted(set(once))))
    wrong = [f"{found}, expected {expected}" for found, expected in told if found != expected]
    if wrong:
        raise Wrong("\n".join(wrong))


ONCE = (
    "officer added", "key received", "key made", "issuer key made", "order begun", "order made", "pushed", "announced",
    "pulled", "import begun", "order imported", "preparation begun", "order prepared", "production begun",
    "order closed",
)  # fmt: skip
"""What is in a part's audit once, however often it was killed.

A file that was pushed again when the inner side had it already is received twice, and taken further in once.
"""


def descendants(pid: int) -> dict[int, str]:
    """The command lines of all processes below *pid*."""
    parents: dict[int, int] = {}
    for each in Path("/proc").iterdir():
        if each.name.isdecimal():
            try:
                parents[int(each.name)] = int((each / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
    found: dict[int, str] = {}
    below = [pid]
    while below:
        parent = below.pop()
        for child in [child for child, of in parents.items() if of == parent]:
            below.append(child)
            try:
                found[child] = Path(f"/proc/{child}/cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
    return found


def killed_round(folder: Path, cards: int, lengths: Sequence[float], draw: Random) -> Counter[tuple[int, str]]:
    """One demonstration killed in each step; how often, by step and target.  Raises Wrong."""
    demonstration = Demonstration(folder, cards)
    for number in range(len(lengths)):
        target = draw.choice(TARGETS)
        demonstration.kill(number, draw.uniform(0.0, lengths[number]), target, draw)
    demonstration.finish()
    return demonstration.killed


def killed_commands(folder: Path, cards: int, kills: int, draw: Random) -> Counter[tuple[int, str]]:
    """One demonstration whose HSMs and servers live on, and each command is killed so often; see ``killed_round``.

    The moments lie over the second half of what the last unbroken command took: before that it only begins to run.
    """
    layout, killed = Layout(folder), Counter[tuple[int, str]]()
    folder.mkdir()
    with Leash(folder / "lock", SECONDS_MAX) as leash, chdir(ROOT):
        layout.found()
        with served(layout, leash, False) as configs:
            seconds = 1.0
            for number, step in enumerate(steps(layout, configs, cards), 1):
                for words in step.commands:
                    for _ in range(kills):
                        if step.doubtful is not None:
                            settle(layout, words[:3], step.doubtful, leash, lambda said: None)
                        killed[number, "part"] += struck(words, leash, draw.uniform(0.5, 1.2) * seconds)
                    if step.doubtful is not None:
                        settle(layout, words[:3], step.doubtful, leash, lambda said: None)
                    began = time.monotonic()
                    spoken(words, leash, layout.log)
                    seconds = time.monotonic() - began
                while step.until is not None and not step.until.exists():
                    spoken(step.commands[-1], leash, layout.log)
                print(f"step {number}: {killed[number, 'part']} kills", flush=True)
    check_totals(folder, cards)
    return killed


def struck(words: Words, leash: Leash, seconds: float) -> int:
    """Kill a command so long after it began: how often, for it may have ended.  Raises Wrong if it fails by itself."""
    line = [sys.executable, "-m", "switch.main", "perso", *map(str, words)]
    with subprocess.Popen(
        line,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        pass_fds=leash.descriptors,
        env=leash.environment | environment(),
    ) as running:
        try:
            status = running.wait(seconds)
        except subprocess.TimeoutExpired:
            running.kill()
            return 1
        assert running.stderr is not None
        if status:
            raise Wrong(f"{' '.join(line)}: {running.stderr.read().decode()}")
        return 0


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    words.add_argument("--rounds", type=int, default=1)
    words.add_argument("--seed", type=int, default=0)
    words.add_argument("--cards", type=int, default=20)
    words.add_argument("--commands", type=int, default=0, metavar="N", help="kill each command so often instead")
    given = words.parse_args()
    draw = Random(given.seed)
    killed: Counter[tuple[int, str]] = Counter()
    with tempfile.TemporaryDirectory(prefix="zonekey-kills-") as name:
        for number in range(given.rounds if given.commands else 0):
            killed += killed_commands(Path(name) / str(number), given.cards, given.commands, draw)
            print(f"round {number}: {killed.total()} kills, the same totals", flush=True)
        if given.commands:
            show(killed)
            return
        lengths = Demonstration(Path(name) / "unbroken", given.cards).lengths()
        print("seconds of the start and of each step:", " ".join(f"{each:.1f}" for each in lengths), flush=True)
        for number in range(given.rounds):
            began = time.monotonic()
            killed += killed_round(Path(name) / str(number), given.cards, lengths, draw)
            print(
                f"round {number}: {killed.total()} kills, the same totals ({time.monotonic() - began:.0f} s)",
                flush=True,
            )
    show(killed)


def show(killed: Counter[tuple[int, str]]) -> None:
    """A row a step."""
    print(f"{'step':>6}" + "".join(f"{target:>15}" for target in TARGETS))
    for number in range(STEPS + 1):
        print(f"{number or 'start':>6}" + "".join(f"{killed[number, target]:15}" for target in TARGETS))


if __name__ == "__main__":
    main()
