"""A running server for tests that need a real one."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.served import CONSOLE_WORDS, ECHO, Serve, Served, echo_environment


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Starts servers that echo: options of ``hsm serve`` in, a Served out, ready."""
    yield from _starting(ECHO, tmp_path)


@pytest.fixture
def serve_console(tmp_path: Path) -> Iterator[Serve]:
    """As ``serve``, with an appliance behind, and the console commands of ``support.console_words``."""
    yield from _starting(CONSOLE_WORDS, tmp_path)


def _starting(module: str, folder: Path) -> Iterator[Serve]:
    started: list[Served] = []

    def start(*options: str) -> Served:
        ready_file = folder / f"ready-{len(started)}.json"
        words = ["serve", "--ready-file", str(ready_file), *options]
        if not any(each in ("--host-port", "--config") for each in options):
            words += ["--host-port", "0"]
        process = subprocess.Popen(
            [sys.executable, "-m", module, *words],
            stderr=subprocess.PIPE,
            text=True,
            env=echo_environment(),
        )
        served = Served(process, {}, ready_file)
        started.append(served)
        served.line("listening on")
        served.ports.update(json.loads(ready_file.read_text())["ports"])
        return served

    yield start
    for each in started:
        if each.process.poll() is None:
            each.process.kill()
        each.process.communicate()
