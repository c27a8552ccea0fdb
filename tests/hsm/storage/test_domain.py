"""The Domain Master Key at rest: sealed unless it is published, and nothing left of it once it is gone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from support.resting import PASSPHRASE, live_domain, opened, read_back, traces

from hsm.keys.domain import Domain
from hsm.keys.km import Km
from hsm.keys.published import PUBLISHED_KMS
from hsm.state import State
from hsm.storage.database import Database, StorageError
from hsm.storage.domain import read_domain
from hsm.storage.keeper import DatabaseKeeper, state_at_rest
from hsm.storage.vault import Vault


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hsm.storage.vault._SCRYPT_LOG_N", 14)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def database(directory: Path) -> Iterator[Database]:
    database = Database(directory)
    yield database
    database.close()


def test_a_published_km_needs_no_passphrase(directory: Path, database: Database) -> None:
    odd = Km(bytes.fromhex("23232323232323236767676767676767"), "as custodians form it")
    for km in (Km(PUBLISHED_KMS["test-33"], "test-33"), odd):
        state = State(domain=Domain(km, live_domain(3).stored))
        DatabaseKeeper(database, None).keep(State(), state)
        found = read_domain(database, None)
        assert found is not None
        assert found.km.name == km.name
        assert found.km.check_value == km.check_value
        assert found.stored == state.domain.stored  # type: ignore[union-attr]  # it was given
        assert not traces(directory, [km.material()])
        DatabaseKeeper(database, None).keep(state, State())


def test_a_live_km_needs_the_vault(directory: Path, database: Database) -> None:
    state = State(domain=live_domain(3))
    with pytest.raises(StorageError, match="the vault is closed"):
        DatabaseKeeper(database, None).keep(State(), state)
    assert database.read("SELECT * FROM stored_key") == []
    DatabaseKeeper(database, Vault(database, PASSPHRASE, make=True)).begin(state, "legacy")
    assert read_back(directory) == opened(state)
    with pytest.raises(StorageError, match="the vault is closed"):
        state_at_rest(database, None)
    assert not traces(directory, [state.domain.km.material()])  # type: ignore[union-attr]  # it was given


def test_nothing_deleted_is_left(directory: Path, database: Database) -> None:
    keeper, domain = DatabaseKeeper(database, Vault(database, PASSPHRASE, make=True)), live_domain(3, 4)
    state = State(domain=domain)
    keeper.begin(state, "legacy")
    sealed = database.read("SELECT key FROM km")[0][0]
    gone = domain.stored["01", 3].cryptogram
    assert traces(directory, [gone])
    fewer = replace(state, domain=domain.without(("01", 3)))
    keeper.keep(state, fewer)
    assert not traces(directory, [gone])
    assert database.read("SELECT key FROM km")[0][0] == sealed
    keeper.keep(fewer, State())
    assert not traces(directory, [sealed, *(key.cryptogram for key in domain.stored.values())])
    assert read_back(directory) == opened(State())


def test_another_km_takes_the_place(directory: Path, database: Database) -> None:
    keeper = DatabaseKeeper(database, Vault(database, PASSPHRASE, make=True))
    one, other = State(domain=live_domain(3)), State(domain=live_domain(3, 5, name="other"))
    keeper.begin(one, "legacy")
    sealed = database.read("SELECT key FROM km")[0][0]
    keeper.keep(one, other)
    assert read_back(directory) == opened(other)
    assert not traces(directory, [sealed])


def test_a_tamper_event_destroys_it(directory: Path, database: Database) -> None:
    keeper = DatabaseKeeper(database, Vault(database, PASSPHRASE, make=True))
    state = State(domain=live_domain(3))
    keeper.begin(state, "legacy")
    sealed = database.read("SELECT key FROM km")[0][0]
    keeper.keep(state, State(tampered="lid opened"))
    assert database.read("SELECT * FROM stored_key") == database.read("SELECT * FROM km") == []
    assert not traces(directory, [sealed])
