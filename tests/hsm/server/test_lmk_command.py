"""``hsm lmk`` seals sound new LMKs and shows names and check values, never key material."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hsm.keys.masters import KINDS, lmk_of_material
from hsm.server.lmk_command import command
from hsm.storage.database import Database
from hsm.storage.vault import Vault

PASSPHRASE = "correct horse"
LENGTHS = {"variant": 320, "3des-block": 24, "aes-block": 32}


def run(*arguments: str, passphrase: str | None = PASSPHRASE) -> Result:
    return CliRunner().invoke(command, arguments, env={"HSM_PASSPHRASE": passphrase})


def test_new_lmks_are_sealed_and_listed(tmp_path: Path) -> None:
    state = tmp_path / "state"
    printed = [run("new", f"live-{kind}", "--kind", kind, "--state-dir", str(state)) for kind in KINDS]
    assert [result.exit_code for result in printed] == [0, 0, 0]
    listed = run("list", "--state-dir", str(state), passphrase=None)
    assert listed.exit_code == 0
    assert sorted(listed.stdout.splitlines()) == sorted(result.stdout.rstrip("\n") for result in printed)
    vault = Vault(Database(state), PASSPHRASE.encode())
    seen = listed.output + "".join(result.output for result in printed)
    for kind in KINDS:
        label, material = vault.load(f"live-{kind}")
        lmk = lmk_of_material(kind, "00", material)
        assert len(material) == LENGTHS[kind]
        assert label.kind == kind
        assert label.check_value == lmk.check_value
        assert f"live-{kind}" in seen
        assert label.check_value in seen
        assert not any(material[at : at + 8].hex() in seen.lower() for at in range(len(material) - 7))


@pytest.mark.parametrize("kind", ["variant", "3des-block"])
def test_new_des_lmks_have_odd_parity_and_no_part_twice(tmp_path: Path, kind: str) -> None:
    run("new", "live", "--kind", kind, "--state-dir", str(tmp_path / "state"))
    _, material = Vault(Database(tmp_path / "state"), PASSPHRASE.encode()).load("live")
    assert all(byte.bit_count() % 2 for byte in material)
    parts = [material[at : at + 8] for at in range(0, len(material), 8)]
    assert len(set(parts)) == len(parts)


@pytest.mark.parametrize(
    ("name", "passphrase", "message"),
    [
        ("test-variant", PASSPHRASE, "published test LMKs"),
        ("Live", PASSPHRASE, "an LMK's name"),
        ("live", PASSPHRASE, "there is an LMK live already"),
        ("other", "wrong horse", "the passphrase is wrong"),
        ("other", "short", "a passphrase is"),
        ("other", None, "HSM_PASSPHRASE: is not set"),
    ],
)
def test_what_is_refused_changes_nothing(tmp_path: Path, name: str, passphrase: str | None, message: str) -> None:
    state = str(tmp_path / "state")
    run("new", "live", "--kind", "aes-block", "--state-dir", state)
    before = run("list", "--state-dir", state).output
    result = run("new", name, "--kind", "aes-block", "--state-dir", state, passphrase=passphrase)
    assert result.exit_code == 1
    assert message in result.output
    assert "Traceback" not in result.output
    assert run("list", "--state-dir", state).output == before


def test_a_passphrase_file_and_a_comment(tmp_path: Path) -> None:
    file = tmp_path / "passphrase"
    file.write_text(PASSPHRASE + "\n")
    file.chmod(0o600)
    state = str(tmp_path / "state")
    arguments = ("new", "live", "--kind", "variant", "--state-dir", state, "--comment", "for the staging switch")
    assert run(*arguments, "--passphrase-file", str(file), passphrase=None).exit_code == 0
    assert run("list", "--state-dir", state).stdout.endswith(" for the staging switch\n")
    assert Vault(Database(tmp_path / "state"), PASSPHRASE.encode()).load("live")


def test_listing_makes_no_state_directory(tmp_path: Path) -> None:
    result = run("list", "--state-dir", str(tmp_path / "missing"))
    assert result.exit_code == 1
    assert "no such file" in result.output
    assert not (tmp_path / "missing").exists()
