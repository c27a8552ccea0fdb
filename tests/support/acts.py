"""What a process does to a state directory while it may be killed, step by step; run as ``python -m support.acts``.

Each step is acknowledged on standard output once it has returned.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from support.resting import PASSPHRASE, live_domain, live_lmk

from hsm.appliance import without_lmks
from hsm.keys.masters import published_lmk
from hsm.policy.authority import Authority, parse_activities
from hsm.policy.position import Position
from hsm.state import State
from hsm.storage import vault as vaults
from hsm.storage.backup import backup, restore
from hsm.storage.cards import Card, Role
from hsm.storage.database import Database
from hsm.storage.keeper import DatabaseKeeper, state_at_rest
from hsm.storage.secrets import RACK_KEY, change_passphrase, secret
from hsm.storage.shelf import DatabaseShelf
from hsm.storage.slots import DatabaseSlots
from hsm.storage.vault import LmkLabel, Vault

OTHER = b"another passphrase"
ACKNOWLEDGED = b"done\n"
OF_AN_UPGRADE = b"the copy that an upgrade left"
Steps = Iterator[None]


def first_state() -> State:
    """What is there before anything is done."""
    return State(
        lmks={"00": live_lmk("00", "aes-block"), "01": live_lmk("01", "3des-block")},
        authority=Authority().granting(parse_activities("pin"), "00", 0.0, limited=False),
        domain=live_domain(1),
    )


def populated(directory: Path) -> None:
    """Make *directory* as most acts find it."""
    database = Database(directory)
    vault = Vault(database, PASSPHRASE, make=True)
    DatabaseKeeper(database, vault).begin(first_state(), "legacy")
    vault.add(LmkLabel("spare", "aes-block", "0" * 16), bytes(range(32)))
    secret(database, vault, RACK_KEY)
    DatabaseSlots(database).save({0: b"zero", 1: b"one"})
    DatabaseShelf(database).put(Card("00000001", "ALICE", Role.OFFICER, 3, bytes(16), bytes(60)))
    database.close()
    (directory / "hsm.db.v1").write_bytes(OF_AN_UPGRADE)


def _opened(directory: Path) -> tuple[Database, Vault, DatabaseKeeper, State]:
    database = Database(directory)
    vault = Vault(database, PASSPHRASE)
    state = state_at_rest(database, vault)
    assert state is not None
    return database, vault, DatabaseKeeper(database, vault), state


def begin(directory: Path) -> Steps:
    """The first start: everything is made."""
    database = Database(directory)
    yield
    vault = Vault(database, PASSPHRASE, make=True)
    yield
    DatabaseKeeper(database, vault).begin(first_state(), "legacy")
    yield
    database.close()


def settings(directory: Path) -> Steps:
    """Two changes of settings, authority and position."""
    database, _, keeper, state = _opened(directory)
    changed = replace(
        state,
        settings=state.settings.changed("pin-attack-limit", "7").changed("fraud-detection", "yes"),
        position=Position.OFFLINE,
        authority=state.authority.granting(parse_activities("export.001,admin"), "00", 0.0, limited=False),
    )
    keeper.keep(state, changed)
    yield
    keeper.keep(changed, replace(changed, settings=state.settings, authority=Authority()))
    yield
    database.close()


def lmks(directory: Path) -> Steps:
    """LMKs are loaded, replaced and deleted."""
    database, _, keeper, state = _opened(directory)
    more = replace(state, lmks={**state.lmks, "02": live_lmk("02", "variant")}, old_lmks=state.lmks)
    keeper.keep(state, more)
    yield
    other = replace(more, lmks={"00": live_lmk("02", "variant", "another"), "05": published_lmk("test-variant", "05")})
    keeper.keep(more, other)
    yield
    keeper.keep(other, without_lmks(other))
    yield
    database.close()


def slots(directory: Path) -> Steps:
    """Slots are written together."""
    database = Database(directory)
    there = DatabaseSlots(database)
    there.save({1: b"uno", 2: b"due", 4095: b"x" * 5_000})
    yield
    there.save({address: b"%d" % address for address in range(40)})
    yield
    database.close()


def cards(directory: Path) -> Steps:
    """Cards are put, changed and removed."""
    database = Database(directory)
    shelf = DatabaseShelf(database)
    card = Card("00000002", "BOB", Role.CUSTODIAN, 3, bytes(16), bytes(5_000))
    shelf.put(card)
    yield
    shelf.put(replace(card, tries_left=2))
    yield
    shelf.remove("00000001")
    yield
    database.close()


def tamper(directory: Path) -> Steps:
    """A tamper event destroys everything secret."""
    database, _, keeper, state = _opened(directory)
    keeper.keep(state, replace(without_lmks(state), authority=Authority(), tampered="lid opened"))
    yield
    database.close()


def passphrase(directory: Path) -> Steps:
    """Everything is sealed anew under another passphrase."""
    database, vault, _, _ = _opened(directory)
    change_passphrase(database, vault, OTHER)
    yield
    database.close()


def upgrade(directory: Path) -> Steps:
    """A file of version 1 is brought up to date."""
    Database(directory).close()
    yield


def back_up(directory: Path) -> Steps:
    """A backup is made beside the directory."""
    backup(directory, directory.with_name("backup"))
    yield


def restore_from(directory: Path) -> Steps:
    """A directory is made of the backup beside it."""
    restore(directory.with_name("backup"), directory)
    yield


ACTS: dict[str, Callable[[Path], Steps]] = {
    each.__name__: each
    for each in (begin, settings, lmks, slots, cards, tamper, passphrase, upgrade, back_up, restore_from)
}

if __name__ == "__main__":
    vaults._SCRYPT_LOG_N = 14  # a sixteenth of a second for each of hundreds of runs
    for _ in ACTS[sys.argv[1]](Path(sys.argv[2])):
        os.write(1, ACKNOWLEDGED)
