"""SIGUSR2 to a running appliance, with and without workers; and a start whose self-test fails."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

import pytest
from support.served import Served, echo_environment, exactly

from hsm.console.families import load
from hsm.crypto import selftest
from hsm.server import founding
from hsm.server.config import Config
from hsm.server.counters import Counters, shared_file
from hsm.server.keeping import Keeping
from hsm.server.ports import Listener
from hsm.storage.cards import CardError, Role
from hsm.storage.database import StorageError

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


def test_a_tamper_event_its_time_and_their_number_outlive_the_process(tmp_path: Path) -> None:
    config = replace(Config(), state_dir=str(tmp_path / "state"))
    household = founding.found(config, Counters(1, founding.counter_names))
    household.tamper()
    told = household.session(PORT, "192.0.2.1:1").execute(b"JK")[34:49]
    household.close()
    household = founding.found(replace(config, authorise=("all",)), Counters(1, founding.counter_names))
    session = household.session(PORT, "192.0.2.1:1")
    assert session.execute(b"JK")[34:49] == told
    assert told.startswith(b"202")
    assert session.execute(b"J8")[-30:-20] == b"0000000001"
    assert session.execute(b"NC") == b"ND13"
    assert not household._appliance.authority.grants
    household._appliance.clear_tamper()
    household.close()
    household = founding.found(config, Counters(1, founding.counter_names))
    session = household.session(PORT, "192.0.2.1:1")
    assert session.execute(b"JK")[34:35] == b"1"
    assert session.execute(b"J8")[-30:-20] == b"0000000001"
    assert session.execute(b"NC") == b"ND13"
    household.close()


def test_a_second_event_takes_what_was_made_after_the_first(tmp_path: Path) -> None:
    config = replace(Config(), state_dir=str(tmp_path / "state"))
    keeping = Keeping(config)
    first, _ = keeping.state(config)
    tampered = replace(first, lmks={}, tampered="console", tampered_at="2026-01-01T00:00:00+00:00", tampers_count=1)
    keeping.keeper.keep(first, tampered)
    keeping.rack.issue("ALICE", Role.OFFICER, "12345")
    keeping.keeper.keep(tampered, replace(tampered, tampered="signal", tampers_count=2))
    assert keeping.rack.cards() == ()
    keeping.close()


def test_cards_open_no_more_even_while_nothing_can_be_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = replace(Config(), state_dir=str(tmp_path / "state"))
    keeping = Keeping(config)
    first, _ = keeping.state(config)
    card = keeping.rack.issue("ALICE", Role.OFFICER, "12345")

    def full() -> NoReturn:
        raise StorageError(tmp_path, "disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(keeping.database, "transaction", full)
        with pytest.raises(StorageError):
            keeping.keeper.keep(first, replace(first, lmks={}, tampered="console", tampers_count=1))
    with pytest.raises(CardError):
        keeping.rack.read(card.serial, "12345")
    keeping.keeper.settle()  # type: ignore[attr-defined]  # a DatabaseKeeper
    assert keeping.rack.cards() == ()
    keeping.close()


def test_the_time_that_was_set_outlives_the_process(tmp_path: Path) -> None:
    config = replace(Config(), state_dir=str(tmp_path / "state"))
    household = founding.found(config, Counters(1, founding.counter_names))
    household._appliance.set_time(datetime(2040, 6, 1, tzinfo=UTC))
    household.close()
    household = founding.found(config, Counters(1, founding.counter_names))
    assert household._appliance.clock.now().year == 2040
    assert household._appliance.started.year == 2040
    household.close()
