"""Every bad record is named, and what can't be opened without the passphrase is counted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.resting import PASSPHRASE, live_domain, live_lmk

from hsm.keys.masters import published_lmk
from hsm.state import State
from hsm.storage.cards import CardRack, Role
from hsm.storage.check import check
from hsm.storage.database import Database
from hsm.storage.keeper import DatabaseKeeper
from hsm.storage.secrets import RACK_KEY, secret
from hsm.storage.shelf import DatabaseShelf
from hsm.storage.vault import LmkLabel, Vault


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    monkeypatch.setattr("hsm.storage.vault._SCRYPT_LOG_N", 14)
    database = Database(tmp_path / "state")
    yield database
    database.close()


@pytest.fixture
def vault(database: Database) -> Vault:
    """A directory with one of each kind of sealed record."""
    vault = Vault(database, PASSPHRASE, make=True)
    vault.add(LmkLabel("spare", "aes-block", "0" * 16), bytes(range(32)))
    state = State(
        lmks={"00": live_lmk("00", "aes-block")},
        old_lmks={"01": published_lmk("test-variant", "01")},
        domain=live_domain(7),
    )
    DatabaseKeeper(database, vault).begin(state, "legacy")
    CardRack(DatabaseShelf(database), secret(database, vault, RACK_KEY)).issue("ALICE", Role.OFFICER, "12345")
    with database.transaction() as change:
        change.execute(
            "INSERT INTO audit_key (id, sealed, key) VALUES (1, 1, ?)", (vault.seal("audit key", bytes(32)),)
        )
    return vault


def test_a_whole_state_is_whole(database: Database, vault: Vault) -> None:
    found = check(database, vault)
    assert (found.faults, found.unopened) == ((), 0)
    assert found.records > 50
    assert check(database, None).faults == ()
    assert check(database, None).unopened == 5


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("UPDATE lmk SET sealed = zeroblob(60)", "the LMK spare is damaged"),
        ("UPDATE loaded SET sealed = zeroblob(60) WHERE lmk_id = '00'", 'loaded LMK \\["live", "00".* is damaged'),
        ("UPDATE secret SET content = zeroblob(60)", "the card rack's key is damaged"),
        ("UPDATE audit_key SET key = zeroblob(60)", "audit key is damaged"),
        ("UPDATE km SET key = zeroblob(60)", "km is damaged"),
        ("UPDATE km SET sealed = 0", "the Domain Master Key or a key under it is no such key"),
        ("UPDATE stored_key SET scheme = 9", "the Domain Master Key or a key under it is no such key"),
        ("UPDATE stored_key SET kvc = 'ZZ'", "the Domain Master Key or a key under it is no such key"),
        ("UPDATE card SET sealed = zeroblob(60)", r"Card \d{8} is damaged"),
        ("UPDATE card SET holder = 'MALLORY'", r"Card \d{8} is damaged"),
        ("UPDATE card SET role = 'king'", r"the card \d{8} has an unknown role"),
        ("UPDATE setting SET value = 'x' WHERE name = 'pin-attack-limit'", "the setting pin-attack-limit"),
    ],
)
def test_a_bad_record_is_named(database: Database, vault: Vault, statement: str, named: str) -> None:
    with database.transaction() as change:
        change.execute(statement)
    faults = check(database, vault).faults
    assert faults
    import re

    assert any(re.search(named, fault) for fault in faults)
