"""``hsm state`` and the passphrase commands of ``hsm lmk``, as an operator types them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from hsm.server import lmk_command, state_command
from hsm.storage.database import Database, DirectoryLock
from hsm.storage.vault import Vault

PASSPHRASE = "correct horse"
Run = Callable[..., Result]


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hsm.storage.vault._SCRYPT_LOG_N", 14)


def run(group: click.Command, *words: str | Path, passphrase: str | None = PASSPHRASE) -> Result:
    return CliRunner().invoke(group, [str(word) for word in words], env={"HSM_PASSPHRASE": passphrase})


def lmk(*words: str | Path, passphrase: str | None = PASSPHRASE) -> Result:
    return run(lmk_command.command, *words, passphrase=passphrase)


def state(*words: str | Path, passphrase: str | None = PASSPHRASE) -> Result:
    return run(state_command.command, *words, passphrase=passphrase)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    directory = tmp_path / "state"
    assert lmk("new", "spare", "--kind", "aes-block", "--state-dir", directory).exit_code == 0
    return directory


def test_backup_and_restore(tmp_path: Path, directory: Path) -> None:
    file, again = tmp_path / "backup", tmp_path / "again"
    made = state("backup", "--state-dir", directory, file)
    assert (made.exit_code, made.output) == (0, f"{file}: the database and 0 other files\n")
    assert state("restore", file, "--state-dir", again).exit_code == 0
    assert lmk("list", "--state-dir", again).output == lmk("list", "--state-dir", directory).output
    for refused, why in (
        (state("backup", "--state-dir", directory, file), "there is such a file already"),
        (state("restore", file, "--state-dir", again), "is not empty"),
        (state("backup", "--state-dir", tmp_path / "missing", tmp_path / "b"), "there is no such file"),
        (state("restore", tmp_path / "missing", "--state-dir", tmp_path / "c"), "there is no such file"),
    ):
        assert refused.exit_code == 1
        assert why in refused.output


def test_check_names_what_is_bad(directory: Path) -> None:
    assert state("check", "--state-dir", directory).output == "2 records, 0 bad\n"
    assert state("check", "--state-dir", directory, passphrase=None).output == (
        "2 records, 0 bad; 1 sealed ones not opened, for want of a passphrase\n"
    )
    wrong = state("check", "--state-dir", directory, passphrase="wrong horse")
    assert wrong.exit_code == 1
    assert "the passphrase is wrong" in wrong.output
    database = Database(directory)
    with database.transaction() as change:
        change.execute("UPDATE lmk SET comment = 'another'")
    database.close()
    bad = state("check", "--state-dir", directory)
    assert bad.exit_code == 1
    assert "the LMK spare is damaged" in bad.output
    assert "2 records, 1 bad" in bad.output
    path = directory / "hsm.db"
    path.write_bytes(path.read_bytes().replace(b"another", b"bnother"))
    rotten = state("check", "--state-dir", directory)
    assert rotten.exit_code == 1
    assert "the record lmk 'spare' is damaged; restore it from a backup" in rotten.output


def test_upgrade_says_where_it_got_to(tmp_path: Path, directory: Path) -> None:
    assert state("upgrade", "--state-dir", directory).output == f"{directory / 'hsm.db'}: schema 2\n"
    lock = DirectoryLock(directory)
    assert "another process" in state("upgrade", "--state-dir", directory).output
    lock.close()
    assert "no such file" in state("upgrade", "--state-dir", tmp_path).output


def test_a_key_file_takes_the_place_of_the_passphrase(tmp_path: Path, directory: Path) -> None:
    key = tmp_path / "key"
    assert lmk("keyfile", key).exit_code == 0
    assert "File exists" in lmk("keyfile", key).output
    assert lmk("passphrase", "--state-dir", directory, "--new-key-file", key).exit_code == 0
    assert lmk("remove", "spare", "--state-dir", directory).exit_code == 1
    added = lmk("new", "more", "--kind", "aes-block", "--state-dir", directory, "--key-file", key, passphrase=None)
    assert added.exit_code == 0
    assert state("check", "--state-dir", directory, "--key-file", key, passphrase=None).output == "3 records, 0 bad\n"
    removed = lmk("remove", "spare", "--state-dir", directory, "--key-file", key, passphrase=None)
    assert removed.exit_code == 0
    assert "spare" not in lmk("list", "--state-dir", directory).output


def test_a_new_passphrase_comes_from_a_file(tmp_path: Path, directory: Path) -> None:
    file = tmp_path / "phrase"
    file.write_text("another passphrase\n")
    file.chmod(0o600)
    # The variable holds the old one, so it is not asked for the new one.
    assert "is not set" in lmk("passphrase", "--state-dir", directory).output
    lock = DirectoryLock(directory)
    assert "another process" in lmk("passphrase", "--state-dir", directory, "--new-passphrase-file", file).output
    lock.close()
    assert lmk("passphrase", "--state-dir", directory, "--new-passphrase-file", file).exit_code == 0
    database = Database(directory)
    assert Vault(database, b"another passphrase").load("spare")
    database.close()


def test_passphrases_are_asked_for_at_a_terminal(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter(["correct horse", "another passphrase"])
    prompts: list[tuple[str, bool, bool]] = []

    def prompt(text: str, hide_input: bool = False, confirmation_prompt: bool = False, err: bool = False) -> str:
        prompts.append((text, hide_input, confirmation_prompt))
        return next(answers)

    def terminal(prompt: Callable[[], str] | None = None) -> Callable[[], str] | None:
        return prompt or lmk_command._asked

    monkeypatch.setattr(click, "prompt", prompt)
    monkeypatch.setattr(lmk_command, "asked", terminal)
    assert lmk("passphrase", "--state-dir", directory, passphrase=None).exit_code == 0
    assert prompts == [("Passphrase", True, False), ("New passphrase", True, True)]
    database = Database(directory)
    assert Vault(database, b"another passphrase").load("spare")
    database.close()
