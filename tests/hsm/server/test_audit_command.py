"""``hsm audit`` checks a log, prints a checkpoint that shows a roll-back, and puts a damaged log aside."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from support.auditlogs import log_of, made

from hsm.audit.anchor import AuditFileError
from hsm.server.audit_command import command
from hsm.server.config import Config
from hsm.server.counters import Counters
from hsm.server.founding import ApplianceHousehold, counter_names, found
from hsm.server.ports import Listener
from hsm.storage.database import DirectoryLock

PORT = Listener("thales", 1500)
PASSPHRASE = "correct horse"


def run(*arguments: str, passphrase: str | None = None) -> Result:
    return CliRunner().invoke(command, arguments, env={"HSM_PASSPHRASE": passphrase})


@pytest.fixture
def state(tmp_path: Path) -> Path:
    directory = made(tmp_path / "state")
    log_of(directory, 5)
    return directory


def checkpoint_in(result: Result) -> str:
    return result.stdout.splitlines()[-1].removeprefix("checkpoint ")


def household(state: Path) -> ApplianceHousehold:
    return found(replace(Config(), state_dir=str(state)), Counters(1, counter_names))


def test_a_sound_log_and_its_checkpoint(state: Path) -> None:
    result = run("verify", "--state-dir", str(state))
    assert result.exit_code == 0
    mac = json.loads((state / "audit.jsonl").read_text().splitlines()[-1])["mac"]
    assert result.stdout.splitlines() == [
        "5 entries, 1 to 5, in 1 file",
        "first 2024-01-01 12:00:00, last 2024-01-01 12:00:00 UTC",
        f"checkpoint 5:{mac[:16].upper()}",
    ]


def test_a_checkpoint_shows_that_a_whole_directory_was_rolled_back(state: Path, tmp_path: Path) -> None:
    old = tmp_path / "old"
    shutil.copytree(state, old)
    early = checkpoint_in(run("verify", "--state-dir", str(state)))
    log_of(state, 3)
    late = checkpoint_in(run("verify", "--state-dir", str(state), "--checkpoint", early))
    assert run("verify", "--state-dir", str(state), "--checkpoint", early, "--checkpoint", late).exit_code == 0
    rolled_back = run("verify", "--state-dir", str(old), "--checkpoint", late)
    assert (rolled_back.exit_code, "rolled back: entry 8 is missing" in rolled_back.output) == (1, True)
    log_of(old, 3)
    other = run("verify", "--state-dir", str(old), "--checkpoint", "8:" + "0" * 16)
    assert (other.exit_code, "rolled back: entry 8 is another" in other.output) == (1, True)
    for wrong in ("8", "8:00", "x:" + "0" * 16, "8:" + "0" * 17):
        assert run("verify", "--state-dir", str(state), "--checkpoint", wrong).exit_code == 2


def test_entries_are_shown(state: Path) -> None:
    result = run("show", "--state-dir", str(state), "--last", "2")
    assert result.stdout.splitlines() == [
        f"       {number} 2024-01-01 12:00:00 key      A0           00 192.0.2.1:5 ALICE" for number in (4, 5)
    ]
    (state / "audit.jsonl").write_text("something else\n")
    assert run("show", "--state-dir", str(state)).stdout == "(a line that is no audit entry)\n"


def test_a_damaged_log_keeps_the_appliance_from_starting_until_it_is_put_aside(state: Path) -> None:
    path = state / "audit.jsonl"
    path.write_bytes(path.read_bytes().replace(b"A0", b"A2", 1))
    verified = run("verify", "--state-dir", str(state))
    assert verified.exit_code == 1
    assert f"{path}: line 1: edited: entry 1 is not as it was written" in verified.output
    with pytest.raises(AuditFileError, match=r"line 1: edited: .* `hsm audit archive`"):
        household(state)
    lock = DirectoryLock(state)
    assert "another process" in run("archive", "--state-dir", str(state)).output
    lock.close()
    aside = run("archive", "--state-dir", str(state))
    assert aside.exit_code == 0
    assert run("verify", "--state-dir", str(state)).stdout.startswith("1 entries, 6 to 6")
    started = household(state)
    assert started.session(PORT, "192.0.2.1:1").execute(b"A00001U").startswith(b"A100")
    started.close()
    commands = [json.loads(line)["command"] for line in path.read_text().splitlines()]
    assert commands == ["ARCHIVED", "START", "A0", "STOP"]


def test_a_log_of_a_running_appliance_is_verified(state: Path) -> None:
    started = household(state)
    started.session(PORT, "192.0.2.1:1").execute(b"A00001U")
    assert run("verify", "--state-dir", str(state)).stdout.startswith("6 entries")
    started.flush()
    assert run("verify", "--state-dir", str(state)).stdout.startswith("7 entries")
    started.close()


def test_a_sealed_key_asks_for_the_passphrase(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HSM_PASSPHRASE", PASSPHRASE)
    household(state).close()
    monkeypatch.delenv("HSM_PASSPHRASE")
    without = run("verify", "--state-dir", str(state))
    assert (without.exit_code, "give the passphrase" in without.output) == (1, True)
    wrong = run("verify", "--state-dir", str(state), passphrase="wrong horse")
    assert (wrong.exit_code, "the passphrase is wrong" in wrong.output) == (1, True)
    assert run("verify", "--state-dir", str(state), passphrase=PASSPHRASE).stdout.startswith("7 entries")
    assert run("archive", "--state-dir", str(state), passphrase=PASSPHRASE).exit_code == 0


@pytest.mark.parametrize("what", ["verify", "show", "archive"])
def test_where_there_is_no_state(tmp_path: Path, what: str) -> None:
    result = run(what, "--state-dir", str(tmp_path / "nowhere"))
    assert result.exit_code == 1
    assert "there is no such file" in result.output
    assert not (tmp_path / "nowhere").exists()
