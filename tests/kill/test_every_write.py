"""A process is killed at every system call by which the store writes: nothing acknowledged is lost, nothing is half there.

strace delivers SIGKILL as the n-th call of one sort is entered, for each sort and each n that an undisturbed run has.
Afterwards the directory is opened as a start would: it holds the state before a step or the one after, whole.
"""

from __future__ import annotations

import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
from support.acts import ACKNOWLEDGED, ACTS, OF_AN_UPGRADE, OTHER, first_state, populated
from support.resting import PASSPHRASE, live_lmk, opened, traces
from support.served import echo_environment
from support.version1 import of_version_1

from hsm.storage.backup import backup, restore
from hsm.storage.database import Database, StorageError
from hsm.storage.keeper import DatabaseKeeper, state_at_rest
from hsm.storage.shelf import DatabaseShelf
from hsm.storage.slots import DatabaseSlots
from hsm.storage.vault import Vault, VaultError, labels

STRACE = shutil.which("strace")
CALLS = (
    "write", "pwrite64", "writev", "pwritev", "fsync", "fdatasync", "ftruncate", "unlink", "unlinkat", "rename",
    "renameat", "renameat2", "mkdir", "mkdirat", "rmdir", "fallocate", "copy_file_range", "sendfile", "link", "chmod",
    "fchmod",
)  # fmt: skip
LEFT = re.compile(r"hsm\.db(-wal|-shm|\.v1)?|audit\.jsonl")
QUICK = ("lmks", "tamper", "slots")
"""Acts that every run of the tests tries exhaustively; ``--full`` tries all."""

pytestmark = pytest.mark.skipif(STRACE is None, reason="strace is not installed")


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hsm.storage.vault._SCRYPT_LOG_N", 14)


def prepared(act: str, place: Path) -> Path:
    """A directory *place* as *act* finds it, in a folder of its own."""
    place.parent.mkdir(parents=True)
    if act == "upgrade":
        of_version_1(place)
    elif act == "restore_from":
        populated(place)
        (place / "audit.jsonl").write_bytes(b"{}\n" * 9)
        backup(place, place.with_name("backup"))
        shutil.rmtree(place)
    elif act != "begin":
        populated(place)
    return place


def run(act: str, directory: Path, *options: str) -> subprocess.CompletedProcess[bytes]:
    command = (str(STRACE), "-f", "-qq", *options, sys.executable, "-B", "-m", "support.acts", act)
    return subprocess.run((*command, str(directory)), capture_output=True, timeout=60, env=echo_environment())


def calls_of(act: str, template: Path) -> tuple[list[tuple[str, int]], list[object]]:
    """Every call, by name and number, of an undisturbed run, and what the directory holds after each step."""
    log, there = template.parent / "calls", template.with_name("undisturbed")
    copied(template, there)
    ended = run(act, there, "-o", str(log), "-e", f"trace={','.join(CALLS)}")
    assert ended.returncode == 0, ended.stderr
    counts = Counter(re.findall(r"^\d+ +(\w+)\(", log.read_text(), re.MULTILINE))
    stepwise = template.with_name("stepwise")
    copied(template, stepwise)
    states = [content(stepwise)]
    for _ in ACTS[act](stepwise):
        states.append(content(stepwise))
    assert ended.stdout == ACKNOWLEDGED * (len(states) - 1)
    assert content(there) == states[-1]
    return [(name, number) for name in counts for number in range(1, counts[name] + 1)], states


def copied(template: Path, place: Path) -> None:
    for each in (place, place.with_name("backup")):
        if each.is_dir():
            shutil.rmtree(each)
    if template.exists():
        shutil.copytree(template, place)
    if (template.parent / "backup").exists() and not (place.parent / "backup").exists():
        shutil.copy2(template.parent / "backup", place.parent / "backup")


def content(directory: Path) -> object:
    """All that *directory* holds, deciphered; the word for it when it is no state directory (yet)."""
    if not (directory / "hsm.db").exists():
        return "nothing"
    database = Database(directory)
    try:
        vault = None
        for passphrase in (PASSPHRASE, OTHER):
            try:
                vault = Vault(database, passphrase)
                break
            except VaultError:
                continue
        state = state_at_rest(database, vault)
        spare = [vault.load(label.name)[1] for label in labels(database)] if vault is not None else []
        slots = dict(DatabaseSlots(database).stored())
        under = passphrase if vault is not None else None
        return opened(state) if state else None, spare, slots, DatabaseShelf(database).cards(), under
    finally:
        database.close()


SEALED = (
    "SELECT sealed FROM lmk UNION SELECT sealed FROM loaded WHERE sealed IS NOT NULL"
    " UNION SELECT content FROM secret UNION SELECT header FROM vault"
)


def sealed_in(directory: Path) -> set[bytes]:
    """What is sealed in *directory*, and the salt."""
    if not (directory / "hsm.db").exists():
        return set()
    with closing(sqlite3.connect(directory / "hsm.db")) as there:
        try:
            return {bytes(row[0]) for row in there.execute(SEALED)}
        except sqlite3.OperationalError:
            return set()  # version 1, or nothing yet


def check(act: str, place: Path, acknowledged: int, states: list[object], where: object, before: set[bytes]) -> None:
    """What a start finds in *place* after *acknowledged* steps is one of *states*; nothing is left that should not be."""
    if act == "restore_from" and (place / ".restoring").exists() and not (place / "hsm.db").exists():
        with pytest.raises(StorageError, match="a restore was broken off; run it again"):
            Database(place)
        found = states[0]
        list(ACTS[act](place))
        assert content(place) == states[-1], where
    else:
        found = content(place)
    assert found in states[acknowledged : acknowledged + 2], where
    if not (place / "hsm.db").exists():
        return
    # A start folds what a killed process had no time to fold.
    database = Database(place)
    DatabaseKeeper(database, None)
    database.close()
    assert {path.name for path in place.iterdir() if not LEFT.fullmatch(path.name)} == set(), where
    assert not traces(place, before - sealed_in(place)), where
    if found == states[-1] != states[0] and act in ("tamper", "passphrase"):
        assert not traces(place.parent, [OF_AN_UPGRADE]), where
    if act == "back_up" and (place.parent / "backup").exists():
        restore(place.parent / "backup", place.parent / "again")
        assert content(place.parent / "again") == states[0], where


@pytest.mark.parametrize("act", ACTS)
def test_killed_at_every_write(act: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    if act not in QUICK and not request.config.getoption("--full", default=False):
        pytest.skip("only with --full")
    template = prepared(act, tmp_path / "template" / "state")
    calls, states = calls_of(act, template)
    secrets = [bytes(range(8))] + [
        lmk.material()[:8] for lmk in (*first_state().lmks.values(), live_lmk("02", "variant"))
    ]
    before = sealed_in(template)
    print(f"{act}: {len(calls)} calls", dict(Counter(name for name, _ in calls)))
    for name, number in calls:
        place = tmp_path / "killed" / "state"
        place.parent.mkdir(exist_ok=True)
        copied(template, place)
        ended = run(act, place, "-e", f"trace={name}", "-e", f"inject={name}:signal=KILL:when={number}")
        assert ended.returncode in (-signal.SIGKILL, 128 + signal.SIGKILL), (name, number, ended)
        assert not traces(place.parent, secrets), (name, number)
        check(act, place, ended.stdout.count(ACKNOWLEDGED), states, (name, number), before)
        shutil.rmtree(place.parent)
