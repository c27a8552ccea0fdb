"""The command and what it can do so far."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from support.messages import Published, published

from switch.codec.specfile import names
from switch.main import SUBCOMMANDS, main

SIGN_ON = {"mti": "0800", "fields": {"7": "0607091818", "11": "000001", "70": "001"}}
WIRE = b"0800" + b"82200000000000000400000000000000" + b"0607091818" + b"000001" + b"001"


def run(*arguments: str, given: str | None = None) -> Result:
    return CliRunner().invoke(main, arguments, input=given)


def test_it_says_what_there_is() -> None:
    told = run("--help")
    assert told.exit_code == 0
    assert all(name in told.output for name in SUBCOMMANDS)


def test_listing_imports_no_subcommand() -> None:
    script = (
        "import sys; from switch.main import main; main(['--help'], standalone_mode=False);"
        "print('switch.codec' in sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert told.stdout.endswith("False\n")


def test_dialects_are_listed() -> None:
    assert [line.split()[0] for line in run("specs").output.splitlines()] == names()
    assert "  90  n 42" in run("specs", "banknet").output


@pytest.mark.parametrize("case", published(), ids=lambda case: case.id)
def test_published_messages_are_explained(case: Published) -> None:
    name, wire, expect = case.spec, case.wire, case.expect
    told = run("decode", "--spec", name, wire.hex())
    assert told.exit_code == 0, told.output
    assert all(f"DE {key} " in told.output for key in expect if key.isdecimal() and key != "0")
    assert expect.get("2", expect.get("35", "none")[:16]) not in told.output


def test_a_message_is_encoded(tmp_path: Path) -> None:
    file = tmp_path / "sign-on.json"
    file.write_text(json.dumps(SIGN_ON))
    assert run("encode", "--spec", "banknet", str(file)).output.strip() == WIRE.hex().upper()
    framed = run("encode", "--spec", "banknet", "--framed", "-", given=json.dumps(SIGN_ON)).output.strip()
    assert bytes.fromhex(framed) == b"0055" + WIRE
    told = run("decode", "--spec", "banknet", "--framed", framed)
    assert told.exit_code == 0
    assert "(network management request)" in told.output


def test_what_is_wrong_is_told() -> None:
    told = run("decode", "--spec", "banknet", WIRE[:-1].hex())
    assert told.exit_code == 1
    assert told.output.endswith("WRONG: DE 70 at byte 52: expected 3 bytes, 2 are left\n")
    for arguments in (
        ("decode", "--spec", "banknet", "0"),
        ("decode", "--spec", "nosuch", "00"),
        ("decode", "--spec", "banknet", "--framed", "00"),
        ("decode", "--spec", "banknet", "--framed", (b"0002" + WIRE).hex()),
        ("encode", "--spec", "banknet", "nosuch.json"),
    ):
        assert run(*arguments).exit_code == 2, arguments


def test_what_cannot_be_encoded_is_told(tmp_path: Path) -> None:
    told = run("encode", "--spec", "banknet", "-", given='{"mti": "0800", "fields": {"11": "1"}}')
    assert (told.exit_code, told.output) == (1, "Error: DE 11: expected 6 digits\n")
    assert run("encode", "--spec", "banknet", "-", given="{").exit_code == 1
    latin = tmp_path / "latin.json"
    latin.write_bytes(b'{"mti": "\xe9"}')
    assert "not UTF-8" in run("encode", "--spec", "banknet", str(latin)).output
