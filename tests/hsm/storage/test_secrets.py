"""Small secrets are sealed as soon as they can be, and another passphrase takes everything along."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.resting import PASSPHRASE, live_domain, live_lmk, opened, read_back, traces

from hsm.keys.masters import Lmk
from hsm.state import State
from hsm.storage.database import Database, StorageError
from hsm.storage.keeper import DatabaseKeeper
from hsm.storage.secrets import RACK_KEY, change_passphrase, secret
from hsm.storage.vault import LmkLabel, Vault, VaultError

OTHER = b"another passphrase"


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    monkeypatch.setattr("hsm.storage.vault._SCRYPT_LOG_N", 14)
    database = Database(tmp_path / "state")
    yield database
    database.close()


def test_a_secret_is_made_once_for_each_purpose(database: Database) -> None:
    made = secret(database, None, RACK_KEY)
    assert len(made) == 32
    assert secret(database, None, RACK_KEY) == made
    assert secret(database, None, "another") != made


def test_an_open_secret_is_sealed_once_there_is_a_vault(database: Database, tmp_path: Path) -> None:
    made = secret(database, None, RACK_KEY)
    assert traces(tmp_path / "state", [made])
    vault = Vault(database, PASSPHRASE, make=True)
    assert secret(database, vault, RACK_KEY) == made
    assert not traces(tmp_path / "state", [made])
    assert secret(database, vault, RACK_KEY) == made
    with pytest.raises(StorageError, match="the vault is closed"):
        secret(database, None, RACK_KEY)


def test_what_is_sealed_opens_for_its_purpose_alone(database: Database) -> None:
    vault = Vault(database, PASSPHRASE, make=True)
    sealed = vault.seal("one", b"content")
    assert vault.unseal("one", sealed) == b"content"
    for purpose, wrong in (("two", sealed), ("one", sealed[:-1]), ("one", b""), ("one", bytes(len(sealed)))):
        with pytest.raises(VaultError, match=f"{purpose} is damaged"):
            vault.unseal(purpose, wrong)


def everything(database: Database, vault: Vault) -> State:
    lmks: dict[str, Lmk] = {"00": live_lmk("00", "aes-block")}
    state = State(lmks=lmks, domain=live_domain(7))
    DatabaseKeeper(database, vault).begin(state, "legacy")
    vault.add(LmkLabel("spare", "aes-block", "0" * 16, "a comment"), bytes(range(32)))
    with database.transaction() as change:
        change.execute(
            "INSERT INTO audit_key (id, sealed, key) VALUES (1, 1, ?)", (vault.seal("audit key", b"k" * 32),)
        )
    return state


def test_another_passphrase_takes_everything_along(database: Database, tmp_path: Path) -> None:
    vault = Vault(database, PASSPHRASE, make=True)
    state, rack_key = everything(database, vault), secret(database, vault, RACK_KEY)
    places = "lmk", "loaded", "secret", "audit_key", "km"
    column = {"secret": "content", "audit_key": "key", "km": "key"}
    old = [database.read(f"SELECT {column.get(name, 'sealed')} FROM {name}")[0][0] for name in places]  # noqa: S608
    (tmp_path / "state" / "hsm.db.v1").write_bytes(b"of the old passphrase")
    change_passphrase(database, vault, OTHER)
    # The open vault goes on, and so does one that is opened from now on.
    for each in (vault, Vault(database, OTHER)):
        assert each.load("spare")[1] == bytes(range(32))
        assert secret(database, each, RACK_KEY) == rack_key
        key = database.read("SELECT key FROM audit_key")[0][0]
        assert isinstance(key, bytes)
        assert each.unseal("audit key", key) == b"k" * 32
    database.close()
    assert read_back(tmp_path / "state", OTHER) == opened(state)
    assert not traces(tmp_path / "state", old)
    assert not (tmp_path / "state" / "hsm.db.v1").exists()
    with pytest.raises(VaultError, match="passphrase is wrong"):
        read_back(tmp_path / "state", PASSPHRASE)


def test_a_change_that_fails_leaves_the_old_passphrase(database: Database, tmp_path: Path) -> None:
    vault = Vault(database, PASSPHRASE, make=True)
    state = everything(database, vault)
    ((whole,),) = database.read("SELECT key FROM km")
    with database.transaction() as change:
        change.execute("UPDATE km SET key = zeroblob(60)")
    with pytest.raises(VaultError, match="km is damaged"):
        change_passphrase(database, vault, OTHER)
    with database.transaction() as change:
        change.execute("UPDATE km SET key = ?", (whole,))
    assert vault.load("spare")[1] == bytes(range(32))
    database.close()
    assert read_back(tmp_path / "state") == opened(state)
