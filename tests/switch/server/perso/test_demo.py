"""The whole demonstration, small, killed at each of its steps and gone on with."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from support.persosite import ROOT, environment

CARDS = 6
STEPS = 13
MOMENT_SECONDS_MAX = 1.5
"""So long a step has gone on, at most, when the demonstration is killed; tests/kill has moments over all of its length."""
LAST_SECONDS_MAX = 600.0


def killed_at(line: list[str], number: int, moment_seconds: float) -> Iterator[str]:
    """Run the demonstration until so long after step *number* has begun; what it has said."""
    running = subprocess.Popen(
        line,
        cwd=ROOT,
        env=environment() | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert running.stdout is not None
    with running.stdout as told:
        for said in told:
            yield said
            if said.startswith(f"{number}. "):
                break
        try:
            running.wait(moment_seconds)
        except subprocess.TimeoutExpired:
            os.kill(running.pid, signal.SIGKILL)
            running.wait()


@pytest.mark.timeout(1_800)
def test_killed_at_each_step_it_goes_on_to_the_same_totals(tmp_path: Path) -> None:
    moments = Random(7)
    folder = str(tmp_path / "demo")
    line = [*(sys.executable, "-m", "switch.main", "perso", "demo"), "--capture", "--cards", str(CARDS)]
    line += ["--folder", folder]
    for number in range(1, STEPS + 1):
        said = list(killed_at(line, number, moments.uniform(0.0, MOMENT_SECONDS_MAX)))
        assert said[-1].startswith(f"{number}. "), "".join(said)
    again = subprocess.run(line, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=LAST_SECONDS_MAX)
    assert again.returncode == 0, again.stdout + again.stderr
    assert f"\n{STEPS}. " in again.stdout
    assert f"\n{STEPS + 1}. " not in again.stdout
    (back,) = (tmp_path / "demo" / "production").glob("*.back")
    lines = [json.loads(each) for each in back.read_text().splitlines()]
    assert [each["card"] for each in lines[1:-1]] == list(range(1, CARDS + 1))
    assert lines[-1]["total"] == {"made": CARDS, "rejected": 0, "mailers": CARDS}
    assert f"Looked for 11 keys, {CARDS} PINs and {CARDS} PANs" in again.stdout
    found = {
        row.split()[0]: row.split()[-3:]
        for row in again.stdout.splitlines()
        if row.startswith(("pmp ", "hosting ", "traffic "))
    }
    assert found == {"pmp": ["0", "0", "0"], "hosting": ["0", "0", "0"], "traffic": ["0", "0", str(CARDS)]}
