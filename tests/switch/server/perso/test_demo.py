"""The whole demonstration, small, killed in the middle and gone on with."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from support.persosite import ROOT, environment

CARDS = 6
KILLED_AFTER = "7. The issuer makes the order"


def test_a_killed_demonstration_goes_on_to_the_same_totals(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    line = [
        sys.executable,
        "-m",
        "switch.main",
        "perso",
        "demo",
        "--capture",
        "--cards",
        str(CARDS),
        "--folder",
        str(folder),
    ]
    first = subprocess.Popen(
        line, cwd=ROOT, env=environment() | {"PYTHONUNBUFFERED": "1"}, stdout=subprocess.PIPE, text=True
    )
    assert first.stdout is not None
    for said in first.stdout:
        if said.startswith(KILLED_AFTER):
            break
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    first.stdout.close()
    again = subprocess.run(line, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=200)
    assert again.returncode == 0, again.stderr
    assert again.stdout.count("done before") >= 6
    assert f"{CARDS} made, 0 rejected, {CARDS} mailers printed" in again.stdout
    assert f"Looked for 11 keys, {CARDS} PINs and {CARDS} PANs" in again.stdout
    found = {
        row.split()[0]: row.split()[-3:]
        for row in again.stdout.splitlines()
        if row.startswith(("pmp ", "hosting ", "traffic "))
    }
    assert found == {"pmp": ["0", "0", "0"], "hosting": ["0", "0", "0"], "traffic": ["0", "0", str(CARDS)]}
