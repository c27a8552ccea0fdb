"""A scenario by processes: a switch that is killed, over sockets, with an HSM.  All of them: ``tox -e scenarios``."""

from __future__ import annotations

import subprocess
import sys

from support.switched import ENVIRONMENT

SECONDS_MAX = 110


def test_a_switch_that_dies_and_one_that_says_something_else() -> None:
    line = [sys.executable, "-m", "switch.main", "scenario", "run", "F24-switch-dies-answering", "--sockets"]
    told = subprocess.run(line, capture_output=True, text=True, timeout=SECONDS_MAX, env=ENVIRONMENT, check=False)
    assert told.returncode == 0, told.stdout + told.stderr
    assert "1 of 1 end as they must" in told.stdout
    assert told.stderr == ""
