"""Kills a serving appliance at random moments, a thousand times on one state directory: ``random_kills.py --kills N``.

Hosts write user storage, four slots at a time; somebody changes two settings at a time and loads two LMKs at a time.  Each
waits for its answers.  After each kill the directory is looked at, and served again: everything that was answered must be
there, and what was asked and not answered must be there whole or not at all.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from support.changing import PORT_VARIABLE
from support.served import echo_environment, exactly

from hsm.storage.database import Database
from hsm.storage.keeper import state_at_rest
from hsm.storage.slots import DatabaseSlots
from hsm.storage.vault import Vault

PASSPHRASE = "correct horse battery"
START_SECONDS_MAX = 20.0
GROUP = 4
GROUPS = 64


class Lost(Exception):
    """Something acknowledged is gone, or something is half there."""


@dataclass
class Told:
    """What one writer asked last, and what was answered last: numbers that only grow."""

    asked: int = 0
    answered: int = 0

    def holds(self, found: int, what: str) -> None:
        """Is *found* the last answered, or one asked since?  Then the next life goes on from it."""
        if not self.answered <= found <= self.asked:
            raise Lost(f"{what}: answered {self.answered}, asked {self.asked}, found {found}")
        self.answered = found


@dataclass
class Knowledge:
    """What the clients know."""

    groups: list[Told] = field(default_factory=lambda: [Told() for _ in range(GROUPS)])
    settings: Told = field(default_factory=lambda: Told(asked=100, answered=100))
    lmks: Told = field(default_factory=Told)
    counts: Counter[str] = field(default_factory=Counter)


def write_slots(port: int, known: Knowledge, seed: float) -> None:
    """Fill groups of slots until the connection breaks."""
    draw = random.Random(seed)
    with contextlib.suppress(OSError, ValueError), socket.create_connection(("127.0.0.1", port), 5) as connected:
        while True:
            which = draw.randrange(GROUPS)
            told = known.groups[which]
            told.asked += 1
            frame = f"HEADLAK{which * GROUP:03X}{GROUP:02X}".encode() + f"{told.asked:016X}".encode() * GROUP
            connected.sendall(len(frame).to_bytes(2, "big") + frame)
            reply = exactly(connected, int.from_bytes(exactly(connected, 2), "big"))
            if len(reply) < 8:
                return
            if reply[4:8] != b"LB00":
                raise Lost(f"a write was answered {reply!r}")
            told.answered = told.asked
            known.counts["slot writes answered"] += 1


def change(port: int, known: Knowledge, seed: float) -> None:
    """Change settings and load LMKs until the connection breaks."""
    draw = random.Random(seed)
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 5) as connected:
        while True:
            what = draw.choice(("change", "load"))
            told = known.settings if what == "change" else known.lmks
            told.asked += 1
            line = f"{what} {told.asked}\n".encode()
            connected.sendall(line)
            if exactly(connected, len(line)) != line:
                return
            told.answered = told.asked
            known.counts["settings changed" if what == "change" else "LMKs loaded"] += 1


def look(directory: Path, known: Knowledge) -> None:
    """Compare what rests in *directory* with what the clients know.  Raises Lost, StorageError."""
    database = Database(directory)
    try:
        state = state_at_rest(database, Vault(database, PASSPHRASE.encode()))
        if state is None:
            raise Lost("there is no state at all")
        limits = (state.settings.pin_attack_limit, state.settings.pin_verifies_per_hour)
        if limits[0] != limits[1] and limits != (100, 1000):
            raise Lost(f"half a change of settings: {limits}")
        known.settings.holds(limits[0], "settings")
        names = {lmk.name for lmk_id, lmk in (*state.lmks.items(), *state.old_lmks.items()) if lmk_id != "00"}
        if len(names) > 1 or len(state.lmks) not in (1, 3):
            raise Lost(f"half a load of LMKs: {names}")
        known.lmks.holds(int(names.pop().split()[1]) if names else 0, "LMKs")
        slots = DatabaseSlots(database)
        for which, told in enumerate(known.groups):
            values = {slots.load(which * GROUP + at) for at in range(GROUP)}
            if len(values) != 1:
                raise Lost(f"half a write of slots at group {which}: {values}")
            value = values.pop()
            told.holds(int(value, 16) if value else 0, f"slots of group {which}")
            told.asked = told.answered
        for told in (known.settings, known.lmks):
            told.asked = told.answered
    finally:
        database.close()


def one_life(folder: Path, known: Knowledge, draw: random.Random) -> None:
    """Start, load, kill at a random moment, look."""
    ready, control, said = folder / "ready.json", folder / "control", folder / "said"
    for each in (ready, control):
        each.unlink(missing_ok=True)
    options = ("--state-dir", str(folder / "state"), "--ready-file", str(ready), "--host-port", "0", "--workers", "0")
    environment = {**echo_environment(), PORT_VARIABLE: str(control), "HSM_PASSPHRASE": PASSPHRASE}
    settings = ("--set", "test-and-live-lmks=yes", "--lmk", "00=test-variant")
    with said.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-B", "-m", "support.changing", "serve", *options, *settings],
            stdout=out, stderr=out, env=environment,
        )  # fmt: skip
    early = draw.random() < 0.2
    until = time.monotonic() + (draw.uniform(0, 0.7) if early else START_SECONDS_MAX)
    while not ready.exists() and time.monotonic() < until:
        if process.poll() is not None:
            raise Lost(f"no start: {said.read_text()}")
        time.sleep(0.005)
    clients: list[threading.Thread] = []
    if ready.exists():
        port = json.loads(ready.read_text())["ports"]["thales"]
        works = ((write_slots, port), (change, int(control.read_text())))
        clients = [threading.Thread(target=work, args=(where, known, draw.random())) for work, where in works]
        for client in clients:
            client.start()
        time.sleep(draw.uniform(0, 0.3))
    elif not early:
        raise Lost(f"not ready in {START_SECONDS_MAX} s: {said.read_text()}")
    known.counts["killed under load" if clients else "killed while starting"] += 1
    process.send_signal(signal.SIGKILL)
    process.wait()
    for client in clients:
        client.join()
    if (folder / "state" / "hsm.db").exists() and known.counts["killed under load"]:
        look(folder / "state", known)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4), "big"))
    chosen = parser.parse_args()
    print(f"seed {chosen.seed}")
    known, draw, began = Knowledge(), random.Random(chosen.seed), time.monotonic()
    lost: list[str] = []
    with tempfile.TemporaryDirectory(prefix="zonekey-kills-") as folder:
        for number in range(chosen.kills):
            try:
                one_life(Path(folder), known, draw)
            except Exception as fault:  # whatever it is, it is what we look for
                lost.append(f"kill {number}: {type(fault).__name__}: {fault}")
                print(lost[-1], flush=True)
                break
            if number % 100 == 99:
                print(f"{number + 1} kills, {time.monotonic() - began:.0f} s", flush=True)
    rows = {**known.counts, "lost, or half there": len(lost), "seconds": round(time.monotonic() - began)}
    for name, count in rows.items():
        print(f"{name:28} {count:>8}")
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
