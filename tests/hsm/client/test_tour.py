"""The newcomer's tour, as `make run` starts it: the conversation goes as it says, and what it says to try works."""

from __future__ import annotations

import re
import signal
import subprocess
import sys

from support.served import SECONDS_MAX, echo_environment


def test_the_tour_and_the_console_it_offers() -> None:
    tour = subprocess.Popen(
        [sys.executable, "-m", "hsm.client.tour", "--serve", "--port", "0"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**echo_environment(), "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    try:
        assert tour.stdout is not None
        told = ""
        for line in tour.stdout:
            told += line
            if line.startswith("Serving until"):
                break
        (words,) = re.findall(r"^    hsm (console --state-dir \S+)", told, re.MULTILINE)
        console = subprocess.run(
            [sys.executable, "-m", "hsm.server.main", *words.split()],
            input="HELP\nEXIT\n", capture_output=True, text=True, timeout=SECONDS_MAX, env=echo_environment(),
        )  # fmt: skip
        assert console.returncode == 0
        assert "Turn both keys, for what touches LMKs, cards and logs." in console.stdout
        tour.send_signal(signal.SIGINT)
        tour.communicate(timeout=SECONDS_MAX)
        assert tour.returncode == 0
    finally:
        tour.kill()
        tour.communicate()
    assert "code                00   (done)" in told
    assert "The tour ends here" not in told
