"""What the vault gives back is what was sealed: a wrong passphrase and any damage are told, never used."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsm.storage.database import DATABASE_NAME, Database
from hsm.storage.vault import LMKS_MAX, LmkLabel, Vault, VaultError, exists, labels

PASSPHRASE = b"correct horse"
MATERIAL = bytes(range(64, 96))
LABEL = LmkLabel("live-1", "aes-block", "DB3FB60000000000", "for tests of ours")


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(tmp_path / "state")


@pytest.fixture
def vault(database: Database, monkeypatch: pytest.MonkeyPatch) -> Vault:
    # Half the usual cost, because the tests derive the key a hundred times; it is written into the header.
    monkeypatch.setattr("hsm.storage.vault._SCRYPT_LOG_N", 14)
    made = Vault(database, PASSPHRASE, make=True)
    made.add(LABEL, MATERIAL)
    return made


def test_an_lmk_comes_back_after_a_restart(vault: Vault, tmp_path: Path) -> None:
    again = Database(tmp_path / "state")
    assert labels(again) == (LABEL,)
    assert Vault(again, PASSPHRASE).load("live-1") == (LABEL, MATERIAL)


def test_a_vault_is_made_only_when_asked_for(database: Database) -> None:
    assert not exists(database)
    with pytest.raises(VaultError, match="holds no LMKs"):
        Vault(database, PASSPHRASE)
    assert not exists(database)
    Vault(database, PASSPHRASE, make=True)
    assert exists(database)


@pytest.mark.parametrize("wrong", [b"correct horse ", b"Correct horse", b""])
def test_a_wrong_passphrase_is_told(vault: Vault, database: Database, wrong: bytes) -> None:
    with pytest.raises(VaultError, match=f"{DATABASE_NAME}: the passphrase is wrong") as caught:
        Vault(database, wrong)
    assert not wrong or wrong.decode() not in str(caught.value)


def test_every_damaged_byte_of_the_header_is_detected(vault: Vault, database: Database) -> None:
    header = database.read("SELECT header FROM vault")[0][0]
    assert isinstance(header, bytes)
    for place in range(len(header)):
        if place == 1:
            continue  # scrypt's cost: tried below, with a value that does not take seconds
        damaged = header[:place] + bytes([header[place] ^ 1 << (place % 8)]) + header[place + 1 :]
        _replace(database, "UPDATE vault SET header = ?", damaged)
        with pytest.raises(VaultError, match="damaged"):
            Vault(database, PASSPHRASE)
    for damaged in (
        header[:1] + b"\x0f" + header[2:],
        header[:1] + b"\xff" + header[2:],
        header[:-1],
        b"",
        header + b"\0",
    ):
        _replace(database, "UPDATE vault SET header = ?", damaged)
        with pytest.raises(VaultError, match="damaged"):
            Vault(database, PASSPHRASE)


def _replace(database: Database, statement: str, value: bytes | str) -> None:
    with database.transaction() as change:
        change.execute(statement, (value,))


def test_every_damaged_byte_of_a_sealed_lmk_is_detected(vault: Vault, database: Database) -> None:
    sealed = database.read("SELECT sealed FROM lmk")[0][0]
    assert isinstance(sealed, bytes)
    assert len(sealed) == 12 + len(MATERIAL) + 16
    versions = [
        sealed[:place] + bytes([sealed[place] ^ 1 << bit]) + sealed[place + 1 :]
        for place in range(len(sealed))
        for bit in range(8)
    ]
    versions += [sealed[:length] for length in range(len(sealed))] + [sealed + b"\0"]
    with database.transaction() as change:
        for version in versions:
            change.execute("UPDATE lmk SET sealed = ?", (version,))
            with pytest.raises(VaultError, match="LMK live-1 is damaged"):
                vault.load("live-1")


@pytest.mark.parametrize(
    ("statement", "value"),
    [
        ("UPDATE lmk SET kind = ?", "variant"),
        ("UPDATE lmk SET kind = ?", "none"),
        ("UPDATE lmk SET check_value = ?", "DB3FB60000000001"),
        ("UPDATE lmk SET comment = ?", "for tests of ourS"),
        ("UPDATE lmk SET comment = ?", ""),
    ],
)
def test_labels_are_bound_to_the_seal(vault: Vault, database: Database, statement: str, value: str) -> None:
    _replace(database, statement, value)
    with pytest.raises(VaultError, match="LMK live-1 is damaged"):
        vault.load("live-1")


def test_lmks_cannot_change_places(vault: Vault, database: Database) -> None:
    vault.add(LmkLabel("live-2", "aes-block", "DB3FB60000000000", "for tests of ours"), MATERIAL[::-1])
    with database.transaction() as change:
        change.execute("UPDATE lmk SET name = 'live-3' WHERE name = 'live-1'")
        change.execute("UPDATE lmk SET name = 'live-1' WHERE name = 'live-2'")
    for name in ("live-1", "live-3"):
        with pytest.raises(VaultError, match="damaged"):
            vault.load(name)


def test_names_are_taken_once_and_removed(vault: Vault, database: Database) -> None:
    with pytest.raises(VaultError, match="already"):
        vault.add(LABEL, MATERIAL)
    vault.remove("live-1")
    assert labels(database) == ()
    for gone in (vault.load, vault.remove):
        with pytest.raises(VaultError, match="no LMK 'live-1'"):
            gone("live-1")
    vault.add(LABEL, MATERIAL)


def test_the_number_of_lmks_has_a_bound(vault: Vault) -> None:
    for number in range(LMKS_MAX - 1):
        vault.add(LmkLabel(f"n{number}", "variant", "0" * 16), MATERIAL)
    with pytest.raises(VaultError, match=f"{LMKS_MAX} LMKs already"):
        vault.add(LmkLabel("more", "variant", "0" * 16), MATERIAL)


def test_no_part_of_an_lmk_or_passphrase_is_in_any_file_or_text(vault: Vault, tmp_path: Path) -> None:
    for file in (tmp_path / "state").iterdir():
        content = file.read_bytes()
        assert PASSPHRASE not in content
        assert not any(MATERIAL[at : at + 8] in content for at in range(0, len(MATERIAL) - 7, 8))
    assert "horse" not in repr(vault)


def test_a_removed_lmk_is_overwritten(vault: Vault, database: Database, tmp_path: Path) -> None:
    sealed = database.read("SELECT sealed FROM lmk")[0][0]
    assert isinstance(sealed, bytes)
    vault.remove("live-1")
    assert not any(sealed[:20] in file.read_bytes() for file in (tmp_path / "state").iterdir())


@pytest.mark.parametrize(
    ("name", "kind", "check_value", "comment"),
    [
        ("", "variant", "0" * 16, ""),
        ("UPPER", "variant", "0" * 16, ""),
        ("-x", "variant", "0" * 16, ""),
        ("x" * 33, "variant", "0" * 16, ""),
        ("x", "of no kind", "0" * 16, ""),
        ("x", "variant", "0" * 6, ""),
        ("x", "variant", "0" * 16, "x" * 61),
        ("x", "variant", "0" * 16, "\n"),
    ],
)
def test_labels_have_a_form(name: str, kind: str, check_value: str, comment: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        LmkLabel(name, kind, check_value, comment)


printable = st.text(st.characters(categories=("L", "N", "P")), max_size=20)


@given(
    *(
        st.builds(
            LmkLabel,
            st.from_regex(r"[a-z0-9_-]{1,5}", fullmatch=True).filter(
                lambda name: re.match("[a-z0-9]", name) is not None
            ),
            st.sampled_from(["variant", "aes-block"]),
            st.just("0" * 16),
            printable,
        )
        for _ in range(2)
    )
)
def test_no_two_labels_are_bound_alike(one: LmkLabel, other: LmkLabel) -> None:
    assert (one.bound() == other.bound()) == (one == other)
