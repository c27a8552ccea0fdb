"""Each figure's scenarios once more: three hosts as processes, an HSM for them, terminals, and faulty lines between."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from support.switched import ENVIRONMENT

from switch.scenarios.scenariofile import load, names
from switch.server.processhost import appliance

FIGURES = [f"F{number:02}" for number in range(8, 35)]
"""Figures 3.8 to 3.34."""
ROWS = {name: load(name).row for name in names()}
SECONDS_MAX = 280
STILL = "SCENARIOS_STAND_STILL"
"""After how many seconds, again and again, everything stands still, and for how many: ``7 2``."""


@pytest.fixture(scope="session")
def hsm_port() -> Iterator[int]:
    """An HSM for all scenarios but those in which one is killed."""
    with appliance() as hsm:
        yield hsm.ports["thales"]


def played(chosen: list[str], hsm_port: int) -> str:
    """What ``switch scenario run`` says of those *chosen*, all at once."""
    line = [sys.executable, "-m", "switch.main", "scenario", "run", *chosen, "--sockets", "--hsm-port", str(hsm_port)]
    with subprocess.Popen(
        [*line, "--at-once", str(len(chosen))], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env=ENVIRONMENT, start_new_session=True,
    ) as playing:  # fmt: skip
        try:
            _stand_still(playing)
            return playing.communicate(timeout=SECONDS_MAX)[0]
        finally:
            if playing.poll() is None:
                os.killpg(playing.pid, signal.SIGKILL)


def _stand_still(playing: subprocess.Popen[str]) -> None:
    """Stop everything but the HSM again and again, if that is asked for: no scenario may end otherwise for it."""
    if STILL not in os.environ:
        return
    every, seconds = map(float, os.environ[STILL].split())
    until = time.monotonic() + SECONDS_MAX
    while time.monotonic() < until:
        try:
            playing.wait(every)
        except subprocess.TimeoutExpired:
            os.killpg(playing.pid, signal.SIGSTOP)
            time.sleep(seconds)
            os.killpg(playing.pid, signal.SIGCONT)
        else:
            return


@pytest.mark.parametrize("row", FIGURES)
def test_over_sockets_every_party_ends_as_the_figure_wants(row: str, hsm_port: int) -> None:
    own = [name for name in ROWS if ROWS[name] == row]
    told = played(own, hsm_port)
    assert told.endswith(f"{len(own)} of {len(own)} end as they must\n"), told


@pytest.mark.parametrize("name", [name for name in ROWS if ROWS[name] not in FIGURES])
def test_over_sockets_what_no_figure_shows(name: str, hsm_port: int) -> None:
    told = played([name], hsm_port)
    assert told.endswith("1 of 1 end as they must\n"), told
