"""The tools as a user runs them, against an appliance that is a process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from click.testing import CliRunner

from hsm.client import call_command, decode_command
from hsm.client.blocking import BlockingClient, ConnectionLost
from hsm.client.process import ApplianceProcess, NotReady
from hsm.wire.message import Empty

CA = (
    "source_key=0406FBB23A5214DF", "destination-key=BAB32D775A38E4AB", "pin_length_max=12",
    "source_block=DC80B186C30902B0", "source_format=03", "destination_format=03", "account=550000025321",
)  # fmt: skip


@pytest.fixture(scope="module")
def appliance() -> Iterator[ApplianceProcess]:
    with ApplianceProcess(["--lmk", "00=test-variant", "--lmk", "01=test-3des-block"]) as running:
        yield running


def run(appliance: ApplianceProcess, *arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(call_command.command, ["--port", str(appliance.port), *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.output


def test_call_shows_both_sides_masked(appliance: ApplianceProcess) -> None:
    status, output = run(appliance, "CA", *CA, "--header", "0042", "--trailer", "tail")
    assert status == 0
    assert "F7808F2CBEC63168" in output
    assert "0042 CB 00" in output
    assert "550000025321" not in output


def test_call_with_a_refusal(appliance: ApplianceProcess) -> None:
    status, output = run(appliance, "NC", "--lmk", "07")
    assert status == 1
    assert "No LMK is loaded" in output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["ZZ"], "no command 'ZZ'"),
        (["CA"], "source_key is missing"),
        (["NC", "colour=red"], "no field colour"),
        (["NC", "colour"], "NAME=VALUE"),
        (["CA", *CA, "account=1"], "each once"),
        (["NC", "--header", "1"], "header of 4"),
    ],
)
def test_call_says_what_is_wrong_with_the_request(appliance: ApplianceProcess, arguments: list[str], said: str) -> None:
    status, output = run(appliance, *arguments)
    assert status == 2
    assert said in output


def test_call_without_a_server() -> None:
    result = CliRunner().invoke(call_command.command, ["NC", "--port", "1", "--timeout", "1"])
    assert result.exit_code == 2
    assert "no answer from 127.0.0.1:1" in result.output


@pytest.mark.parametrize("prefix", ["", "0048"])
def test_decode(prefix: str) -> None:
    text = "HEADCA0406FBB23A5214DFBAB32D775A38E4AB12DC80B186C30902B00303550000025321"
    result = CliRunner().invoke(decode_command.command, [prefix + text.encode().hex()])
    assert result.exit_code == 0
    assert "550000025321" not in result.output
    assert "DC80B186C30902B0" in result.output


def test_decode_of_what_is_wrong() -> None:
    result = CliRunner().invoke(decode_command.command, ["--text", "--reply", "HEADCB0004F7808F2CBEC6316G03"])
    assert result.exit_code == 1
    assert "destination block at character 10" in result.output
    assert CliRunner().invoke(decode_command.command, ["0"]).exit_code == 2


def test_the_blocking_client(appliance: ApplianceProcess) -> None:
    frames: list[tuple[str, bytes]] = []
    with BlockingClient("127.0.0.1", appliance.port, on_frame=lambda *each: frames.append(each)) as client:
        assert client.call("NC", Empty()).succeeded
        assert client.command("ZZ") == "Z[15"
        assert [way for way, _ in frames] == [">", "<", ">", "<"]
        with pytest.raises(ValueError, match="at most"):
            client.exchange(b"x" * 70_000)
        with pytest.raises(ConnectionLost):
            client.exchange(b"x" * 60_000)


def test_an_appliance_that_cannot_start_says_why() -> None:
    with pytest.raises(NotReady, match="LMK 00"), ApplianceProcess(["--lmk", "00=no-such"]):
        pass
