"""The canary in a real server: state directory, sealed LMK, workers, audit file, standard error, ready file."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support import composing
from support.appliances import make_speaker
from support.canary import Canary
from support.served import exactly

from hsm.dialects.thales.codes import thales
from hsm.dialects.thales.families import load
from hsm.keys.masters import lmk_of_material, new_material
from hsm.ports import SystemRandom
from hsm.storage.database import Database
from hsm.storage.passphrase import PASSPHRASE_VARIABLE
from hsm.storage.vault import LmkLabel, Vault

load()
PIN = "816303925527"
PASSPHRASE = "canary in the vault 58Q"
SECONDS_MAX = 30
NAME = "canary"
TELLS_CLEAR_PIN = "NG"


def requests_for(material: bytes, canary: Canary) -> list[str]:
    """Requests of every command that fit the served appliance's LMK."""
    speaker = make_speaker({"encrypted-pin-length": "13", "key-cache": "off"})
    speaker.appliance.load_lmks({"00": lmk_of_material("variant", "00", material, NAME)}, {})
    with canary.marking():
        return [composing.composed_request(code, speaker, full=False) for code in sorted(thales.commands)]


def ask_all(port: int, requests: list[str]) -> list[str]:
    found = []
    with socket.create_connection(("127.0.0.1", port), SECONDS_MAX) as connected:
        for request in requests:
            body = ("HEAD" + request).encode("latin-1")
            connected.sendall(len(body).to_bytes(2, "big") + body)
            length = int.from_bytes(exactly(connected, 2), "big")
            found.append(exactly(connected, length).decode("latin-1")[4:])
    return found


@pytest.mark.parametrize("workers", [1, 2])
def test_a_server_leaks_nothing(workers: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(composing, "SAMPLE_PIN", PIN)
    canary = Canary()
    canary.pin(PIN)
    material = new_material("variant", SystemRandom().bytes)
    canary.material(material)
    state, ready = tmp_path / "state", tmp_path / "ready.json"
    database = Database(state)
    check_value = lmk_of_material("variant", "00", material, NAME).check_value
    Vault(database, PASSPHRASE.encode(), make=True).add(LmkLabel(NAME, "variant", check_value, ""), material)
    database.close()
    requests = requests_for(material, canary)
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "hsm.server.main", "serve", "--host-port", "0", "--workers", str(workers)),
            *("--state-dir", str(state), "--lmk", f"00={NAME}", "--ready-file", str(ready), "--authorise", "all"),
            *("--set", "encrypted-pin-length=13"),
        ],
        env={**os.environ, PASSPHRASE_VARIABLE: PASSPHRASE},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if b"listening on" in line:
                break
        replies = ask_all(ready_port(ready), requests)
    finally:
        process.terminate()
        told, _ = process.communicate(timeout=SECONDS_MAX)
    succeeded = 0
    for request, reply in zip(requests, replies, strict=True):
        succeeded += reply[2:4] == "00"
        allowed = request + (PIN if request[:2] == TELLS_CLEAR_PIN else "")
        assert canary.found_in(reply, allowed) == set(), request[:2]
    assert succeeded > 30
    files = [path for path in (*state.rglob("*"), ready) if path.is_file()]
    assert any(path.stat().st_size > 1000 for path in files if "audit" in path.name)
    for output in (told, *(path.read_bytes() for path in files)):
        assert canary.found_in(output) == set()
        assert PASSPHRASE.encode() not in output


def ready_port(ready: Path) -> int:
    """The Thales port, as soon as the ready file is there."""
    until = time.monotonic() + SECONDS_MAX
    while not ready.exists() and time.monotonic() < until:
        time.sleep(0.01)  # another process writes the file; there is nothing to wait on
    return int(json.loads(ready.read_text())["ports"]["thales"])
