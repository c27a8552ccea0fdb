"""PIN functions over sockets, alone and with workers: the public samples, and pages that the state directory keeps."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.eracompins import ANB, FIRST, PAN, STORED, block
from support.resting import traces

from hsm.client.process import ApplianceProcess
from hsm.spec.derive import ROOT
from hsm.storage.database import Database
from hsm.storage.printer import DatabaseTray, Printer
from hsm.storage.secrets import PRINTER_KEY, secret

PIN = "592638174055"
KEYS = [word for place, key in STORED.items() for word in ("--stored-key", f"{place}={key}")]
PRINT = f"EE0E05 00 {block(PIN)} {FIRST} 01 {ANB} {PAN} 00"


@pytest.fixture(scope="module", params=[(), ("--workers", "2")], ids=["alone", "workers"])
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Path]]:
    directory = tmp_path_factory.mktemp("state") / "state"
    options = ["--eracom-port", "0", "--state-dir", str(directory), "--set", "pin-mailing=yes", *KEYS, *request.param]
    with ApplianceProcess(options) as process:
        yield process.ports["eracom"], directory


def ask(port: int, *bodies: str) -> list[str]:
    """The replies to *bodies*, sent in one write."""
    sent = b"".join(b"\x01\x01\x00\x01" + len(raw).to_bytes(2, "big") + raw for raw in map(bytes.fromhex, bodies))
    with socket.create_connection(("127.0.0.1", port), 5) as link, link.makefile("rb") as replies:
        link.sendall(sent)
        return [replies.read(int.from_bytes(replies.read(6)[4:], "big")).hex().upper() for _ in bodies]


def test_samples_of_public_clients(running: tuple[int, Path]) -> None:
    port, _ = running
    samples = json.loads((ROOT / "eracom" / "vectors" / "pinverify.json").read_text())
    for each in (sample for sample in samples if sample["id"] in ("EE0603-ibm3624", "EE0604-derived")):
        assert ask(port, each["request_hex"]) == [each["reply_hex"]]


def test_pages_are_at_rest_when_the_host_is_answered(running: tuple[int, Path]) -> None:
    port, directory = running
    verify = f"EE0605 00 {block(PIN)} {FIRST} 01 {ANB} 020099 123456789011 1234"
    assert ask(port, PRINT, verify, PRINT) == ["EE0E0500", "EE06050A", "EE0E0500"]
    assert traces(directory, [PIN.encode()]) == []
    database = Database(directory)
    try:
        printer = Printer(DatabaseTray(database), lambda: secret(database, None, PRINTER_KEY))
        released = [printer.release(page.number) for page in printer.pages()]
        assert released == [f"PAN {PAN}\nPIN {PIN}"] * 2
    finally:
        database.close()
