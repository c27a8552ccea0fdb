"""``switch simulate`` as a process: commands on standard input and by a loopback connection, and its end."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from support.cardholders import CARD, PAN, PIN, TMK, TPK, cards_file, keys_file
from support.linked import Loop, loop
from support.terminalhost import CLIENT, HOST, POS_MORE, TERMINAL, Host, honest

from switch.link.config import read_links
from switch.server.links import Links

SECONDS_MAX = 30


@pytest.fixture
def run() -> Iterator[Loop]:
    """A reactor for the host."""
    with loop() as made:
        yield made


def written(run: Loop, folder: Path, more: str = "") -> Path:
    """A configuration of one POS terminal, and its host in this process."""
    links = Links(run.clock, read_links("h", HOST.format("pos", "edc", "none")), Host(honest))
    links.start()
    run.links.append(links)
    cards_file(folder, CARD)
    keys_file(folder, "POS00001")
    text = f'[simulate]\ncards = "cards.csv"\nkeys = "terminals.keys"\ntrace = true\n{more}\n'
    text += CLIENT.format("pos", "edc", "none", links.port("pos"), "")
    path = folder / "terminals.toml"
    path.write_text(text + TERMINAL.format("POS00001", "pos", "pos", POS_MORE))
    return path


def started(path: Path, *more: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "switch.main", "simulate", "--config", str(path), *more],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def ended(run: Loop, process: subprocess.Popen[bytes]) -> tuple[str, str]:
    """What it wrote, when it has ended."""
    run.until(lambda: process.poll() is not None, SECONDS_MAX)
    out, err = process.communicate()
    return out.decode(), err.decode()


def command(do: str, **more: object) -> bytes:
    return json.dumps({"terminal": "POS00001", "do": do, **more}).encode() + b"\n"


def test_commands_on_standard_input_are_answered_and_then_it_ends(run: Loop, tmp_path: Path) -> None:
    process = started(written(run, tmp_path))
    assert process.stdin is not None
    assert process.stdout is not None
    opened = process.stdout.fileno()
    # Only when the line is open can it be used; the event says so.
    said = bytearray()
    os.set_blocking(opened, False)

    def lines(count: int) -> bool:
        with suppress(BlockingIOError):
            said.extend(os.read(opened, 65_536))
        return said.count(b"\n") >= count

    run.until(lambda: lines(1), SECONDS_MAX)
    process.stdin.write(command("sign-on"))
    process.stdin.flush()
    run.until(lambda: lines(2), SECONDS_MAX)
    process.stdin.write(command("purchase", amount=500, card="an", pin=PIN) + b"garbage\n")
    process.stdin.flush()
    run.until(lambda: lines(4), SECONDS_MAX)
    process.stdin.close()
    process.stdin = None
    _, err = ended(run, process)
    answers = [json.loads(line) for line in said.decode().splitlines()]
    assert answers[0] == {"event": "link", "link": "pos", "open": True}
    assert [each.get("outcome", "") for each in answers[1:]].count("approved") == 2
    assert any("JSON object" in str(each.get("error")) for each in answers)
    assert process.returncode == 0
    assert "→ 0200 financial request, purchase, 500 VND" in err
    for secret in (PIN, PAN, TMK.hex(), TPK.hex()):
        assert secret not in (err + said.decode()).lower()


def test_commands_by_a_loopback_connection_and_an_end_by_signal(run: Loop, tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    process = started(written(run, tmp_path, 'commands = "127.0.0.1:0"'), "--ready-file", str(ready))
    run.until(ready.exists, SECONDS_MAX)
    port = json.loads(ready.read_text())["ports"]["commands"]
    with socket.create_connection(("127.0.0.1", port)) as operator:
        operator.sendall(command("status"))
        operator.setblocking(False)
        got = bytearray()

        def answered() -> bool:
            with suppress(BlockingIOError):
                got.extend(operator.recv(65_536))
            return b'"batch"' in got

        run.until(answered, SECONDS_MAX)
        operator.setblocking(True)
        operator.sendall(b"x" * 10_000)
        operator.settimeout(SECONDS_MAX)
        assert b"at most 4096 bytes" in operator.recv(65_536), "a line that is too long ends the connection"
    process.send_signal(signal.SIGTERM)
    ended(run, process)
    assert process.returncode == 0


def test_a_wrong_configuration_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "terminals.toml"
    path.write_text("[simulate]\ncards = 5\n")
    process = started(path)
    _, err = process.communicate(timeout=SECONDS_MAX)
    assert process.returncode == 2
    assert err.decode() == f"switch simulate: {path}, line 2: simulate.cards: expected the name of a file\n"
