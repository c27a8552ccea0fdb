"""The whole demonstration, small, killed at each of its steps and gone on with."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random

import pytest
from psec import cvv, pinblock
from psec import pin as psec_pin
from pyemv import kd
from support.persosite import ROOT, environment

from switch.perso.issuersvalues import odd_parity
from switch.perso.issuing import Draw, Wish, card_key, cardholders
from switch.server.perso.demo.commands import StepFailed
from switch.server.perso.demo.layout import ISSUER, PREFIX, Layout
from switch.server.perso.demo.steps import FIRST, ORDER
from switch.server.perso.demo_command import show

CARDS = 6
STEPS = 14
MOMENT_SECONDS_MAX = 1.5
"""So long a step has gone on, at most, when the demonstration is killed; tests/kill has moments over all of its length."""
LAST_SECONDS_MAX = 600.0


def killed_at(line: list[str], number: int, moment_seconds: float) -> Iterator[str]:
    """Run the demonstration until so long after step *number* has begun; what it has said."""
    running = subprocess.Popen(
        line,
        cwd=ROOT,
        env=environment() | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert running.stdout is not None
    with running.stdout as told:
        for said in told:
            yield said
            if said.startswith(f"{number}. "):
                break
        try:
            running.wait(moment_seconds)
        except subprocess.TimeoutExpired:
            os.kill(running.pid, signal.SIGKILL)
            running.wait()


@pytest.mark.timeout(1_800)
def test_killed_at_each_step_it_goes_on_to_the_same_totals(tmp_path: Path) -> None:
    moments = Random(7)
    folder = str(tmp_path / "demo")
    line = [*(sys.executable, "-m", "switch.main", "perso", "demo"), "--cards", str(CARDS)]
    line += ["--folder", folder]
    for number in range(1, STEPS + 1):
        said = list(killed_at(line, number, moments.uniform(0.0, MOMENT_SECONDS_MAX)))
        assert said[-1].startswith(f"{number}. "), "".join(said)
    again = subprocess.run(line, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=LAST_SECONDS_MAX)
    assert again.returncode == 0, again.stdout + again.stderr
    assert f"\n{STEPS}. " in again.stdout
    assert f"\n{STEPS + 1}. " not in again.stdout
    (back,) = (tmp_path / "demo" / "production").glob("*.back")
    lines = [json.loads(each) for each in back.read_text().splitlines()]
    assert [each["card"] for each in lines[1:-1]] == list(range(1, CARDS + 1))
    assert lines[-1]["total"] == {"made": CARDS, "rejected": 0, "mailers": CARDS}
    whole = "whole from the issuer to the return file: issuer, receiving, hosting, pmp, cardink, production"
    # What the commands have said: the last step may have been done when the demonstration was killed in it.
    assert whole in (tmp_path / "demo" / "logs" / "commands.log").read_text()
    told = f"{2 * (13 + 3 * CARDS + 3)} keys, {2 * CARDS} PINs, {4 * CARDS} CVVs, {CARDS} PANs"
    assert f"Looked for {told}" in again.stdout
    rows = {row.split()[0]: row.split()[-4:] for row in again.stdout.splitlines() if row[:1].isalpha()}
    for part in ("pmp", "hosting", "receiving", "cardink", "production", "hsm", "logs", "traffic", "tls", "beside"):
        assert rows[part] == ["0", "0", "0", "0"]
    assert rows["issuer"][0] != "0"
    heard = tmp_path / "demo" / "traffic"
    assert {each.stem for each in heard.iterdir()} == {"receiving", "hosting", "bureau-hsm", "production-hsm"}
    assert min(each.stat().st_size for each in heard.iterdir()) > 2_000
    planted(tmp_path / "demo")


def planted(folder: Path) -> None:
    """A secret written anywhere, in whatever way, is found, and the part is named."""
    layout, own = Layout(folder), bytes.fromhex((folder / "issuer" / "secret").read_text())
    holder = list(cardholders(Wish(ORDER, "DEBIT", PREFIX, CARDS, "2912", "201", FIRST)))[-1]
    key = kd.derive_icc_mk_a(card_key(own, ISSUER, "imk-ac"), holder.pan, "01")
    for path, content, told in (
        (folder / "logs" / "host.log", holder.pan.encode(), "PANs in logs"),
        (folder / "traffic" / "hosting.raw", bytes.fromhex(holder.pan), "PANs in traffic"),
        (folder / "cardink" / "a.part", b64encode(odd_parity(key)), "keys in cardink"),
        (folder / "receive.ready", b'{"port": "' + own.hex().encode() + b'"}', "keys in beside"),
    ):  # fmt: skip
        before = path.read_bytes() if path.exists() else b""
        path.write_bytes(before + b"\n" + content + b"\n")
        with pytest.raises(StepFailed, match=f"can be read: {told}$"):
            show(layout, CARDS)
        path.write_bytes(before)
    show(layout, CARDS)
    pin = pins(own)[-1]
    value = psec_pin.generate_visa_pvv(card_key(own, ISSUER, "pvv-key"), "1", pin, holder.pan)
    track = f"2912201{1}{value}{cvv.generate_cvv(card_key(own, ISSUER, 'cvk'), holder.pan, '2912', '999')}"
    with closing(sqlite3.connect(folder / "pmp" / "state" / "books.db")) as books, books:
        books.execute("INSERT INTO product VALUES ('a', ?, '', '')", (f"={track}",))
    (folder / "traffic" / "production-hsm.raw").write_bytes(pinblock.encode_pinblock_iso_2(pin).hex().encode())
    with pytest.raises(StepFailed, match=r"can be read: CVVs in pmp, PINs in traffic$"):
        show(layout, CARDS)


def pins(own: bytes) -> list[str]:
    """What the issuer's tool drew."""
    draw, drawn = Draw(own, f"{ISSUER}/{ORDER}"), []
    for _ in range(CARDS):
        draw.bytes(8)
        drawn.append(draw.digits(4))
        draw.bytes(8)
    return drawn
