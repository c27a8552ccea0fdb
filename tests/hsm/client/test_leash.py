"""A leash: children end with who started them, and the lock is free when they have."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hsm.client.leash import VARIABLE, Leash, StillHeld

CHILD = """
import sys, time
from hsm.client.leash import take_leash
take_leash()
print("works", flush=True)
time.sleep(600)
"""
PARENT = """
import subprocess, sys
from pathlib import Path
from hsm.client.leash import Leash
with Leash(Path(sys.argv[1]), 0.0) as leash:
    child = [sys.executable, "-c", sys.argv[2]]
    subprocess.Popen(child, pass_fds=leash.descriptors, env=leash.environment).wait()
"""
SECONDS_MAX = 60.0


def parent(lock: Path, child: str = CHILD) -> subprocess.Popen[str]:
    """A process that holds *lock* and has a child, whose words are its own."""
    line = [sys.executable, "-c", PARENT, str(lock), child]
    return subprocess.Popen(line, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": os.getcwd()})


def test_a_child_ends_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with parent(lock) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "works\n"
        with pytest.raises(StillHeld), Leash(lock, 0.0):
            pass
        running.send_signal(signal.SIGKILL)
        assert running.stdout.read() == "", "the child has it open as long as it lives"
        with Leash(lock, SECONDS_MAX):
            pass


def test_a_child_that_comes_too_late_does_nothing(tmp_path: Path) -> None:
    """Its parent was killed while it was being started."""
    late = "import sys; print('starts', flush=True); sys.stdin.readline()" + CHILD
    line = [sys.executable, "-c", late]
    theirs, ours = os.pipe()
    environment = {**os.environ, VARIABLE: str(theirs), "PYTHONPATH": os.getcwd()}
    with subprocess.Popen(
        line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, pass_fds=(theirs,), env=environment
    ) as child:
        os.close(theirs)
        assert child.stdin is not None
        assert child.stdout is not None
        assert child.stdout.readline() == "starts\n"
        os.close(ours)
        child.stdin.write("\n")
        child.stdin.flush()
        assert child.stdout.read() == ""
    assert child.returncode == 1


def test_the_lock_is_held_till_the_last_child_has_ended(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    stays = CHILD.replace("take_leash()\n", "", 1).replace("from hsm.client.leash import take_leash\n", "")
    with parent(lock, f"import os; print(os.getpid()){stays}") as running:
        assert running.stdout is not None
        child = int(running.stdout.readline())
        assert running.stdout.readline() == "works\n"
        running.send_signal(signal.SIGKILL)
        running.wait()
        with pytest.raises(StillHeld, match="is held by another process"), Leash(lock, 0.0):
            pass
        os.kill(child, signal.SIGKILL)
        with Leash(lock, SECONDS_MAX):
            pass


def test_a_process_without_a_leash_is_free(tmp_path: Path) -> None:
    free = "from hsm.client.leash import take_leash; take_leash(); print('done')"
    line = [sys.executable, "-c", free]
    environment = {name: value for name, value in os.environ.items() if name != VARIABLE}
    ended = subprocess.run(
        line, capture_output=True, text=True, check=True, env={**environment, "PYTHONPATH": os.getcwd()}
    )
    assert ended.stdout == "done\n"
