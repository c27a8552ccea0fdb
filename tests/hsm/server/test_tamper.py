"""SIGUSR2 to a running appliance, with and without workers; and a start whose self-test fails."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.served import Served, echo_environment, exactly

from hsm.console.families import load
from hsm.crypto import selftest
from hsm.server import founding
from hsm.server.config import Config
from hsm.server.counters import Counters, shared_file
from hsm.server.ports import Listener

PORT = Listener("thales", 1500)
load()


@pytest.fixture
def started(tmp_path: Path) -> Iterator[list[Served]]:
    running: list[Served] = []
    yield running
    for each in running:
        if each.process.poll() is None:
            each.process.kill()
        each.process.communicate()


def serve(tmp_path: Path, *options: str) -> Served:
    ready_file = tmp_path / "ready.json"
    words = ["serve", "--ready-file", str(ready_file), "--host-port", "0", "--header-length", "0", *options]
    command = [sys.executable, "-m", "hsm.server.main", *words]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=echo_environment())
    served = Served(process, {}, ready_file)
    served.line("listening on")
    served.ports.update(json.loads(ready_file.read_text())["ports"])
    return served


def ask(connected: socket.socket, request: bytes) -> bytes:
    connected.sendall(len(request).to_bytes(2, "big") + request)
    return exactly(connected, int.from_bytes(exactly(connected, 2), "big"))


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_signal_destroys_the_keys_in_every_process(tmp_path: Path, started: list[Served], workers: str) -> None:
    served = serve(tmp_path, "--workers", workers)
    started.append(served)
    connections = [served.connect() for _ in range(8)]
    assert all(ask(each, b"NC").startswith(b"ND00") for each in connections)
    served.process.send_signal(signal.SIGUSR2)
    served.line("all keys are destroyed")
    assert [ask(each, b"NC") for each in connections] == [b"ND13"] * 8
    assert ask(connections[0], b"JK")[34:37] == b"202"
    for each in connections:
        each.close()
    code, _ = served.stop()
    assert code == 0


def test_a_state_that_is_founded_on_a_failed_self_test_executes_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = (selftest.KNOWN_ANSWERS[0], selftest.KnownAnswer("Flipped", "nobody", "00", lambda: b"\x01"))
    monkeypatch.setattr(founding, "self_test", lambda random: selftest.self_test(random, wrong))
    household = founding.found(Config(), Counters(1, founding.counter_names))
    assert "self-test failed: Flipped; nothing is executed" in capsys.readouterr().err
    for request in (b"NC", b"A00002U", b"JK"):
        assert household.session(PORT, "192.0.2.1:1").execute(request)[-2:] == b"41"
    household.close()


def test_workers_take_over_that_the_self_test_failed_time_and_tamper_events() -> None:
    shared = shared_file(2, founding.counter_names)
    owner = founding.found(Config(), Counters(2, founding.counter_names, descriptor=shared))
    worker = founding.adopt(Counters(2, founding.counter_names, row=1, descriptor=shared))
    worker.restore(owner.snapshot())
    changes: list[bytes] = []
    owner.on_change(changes.append)
    owner.tamper()
    worker.apply(changes.pop())
    told = worker.session(PORT, "192.0.2.1:1").execute(b"JK")
    assert told[34:37] == b"202"
    assert told == owner.session(PORT, "192.0.2.1:1").execute(b"JK")
    box = owner._appliance
    box.fail("Flipped")
    worker.apply(changes.pop())
    assert worker.session(PORT, "192.0.2.1:1").execute(b"JK")[-2:] == b"41"
    owner.close()
