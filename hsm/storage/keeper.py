"""The appliance's state in its directory: what is written when it changes, and what is read when it starts again.

Authorities that run out do not outlive the process: their end is a moment of the monotonic clock, which a restart loses,
and the time of day can be set.  Those that stand until they are cancelled do.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Mapping
from contextlib import suppress
from math import inf

from hsm.keys.masters import Lmk
from hsm.policy.auditing import AuditOptions
from hsm.policy.authority import Activity, ActivityError, Authority, Grant
from hsm.policy.choices import Profile
from hsm.policy.fraud import FraudStop
from hsm.policy.position import Position
from hsm.policy.settings import Settings
from hsm.policy.values import SettingError
from hsm.state import State
from hsm.storage import device
from hsm.storage.cards import CardRack
from hsm.storage.database import Database, StorageError
from hsm.storage.domain import read_domain, write_domain
from hsm.storage.loaded import STORES, read_loaded, write_loaded
from hsm.storage.secrets import RACK_KEY, SECRET_BYTES, put_secret, reseal_audit_key
from hsm.storage.vault import Vault


class DatabaseKeeper:
    """See ``hsm.state.Keeper``; LMKs are sealed in *vault*, and can't be kept without, unless they are published ones.

    A tamper event destroys the vault's contents, cards and pages, and the *rack* gets another key.
    """

    def __init__(self, database: Database, vault: Vault | None, rack: CardRack | None = None) -> None:
        self._database = database
        self._vault = vault
        self._rack = rack
        self._owed: tuple[State, State] | None = None
        self._unfolded = True  # an earlier process may have been killed before it had folded
        self._fold()

    def begin(self, state: State, profile: str) -> None:
        """Keep *state* as the first of this directory, whose settings started from *profile*.  Raises StorageError."""
        with self._database.transaction() as change:
            for declared, text in state.settings.listing():
                _set(change, declared.name, text)
            self._write(change, State(settings=state.settings, position=state.position), state)
            device.note(change, device.POSITION, state.position.value)
            device.note(change, device.PROFILE, profile)

    def keep(self, before: State, after: State) -> None:
        """Have on the disk what differs between *before* and *after*.

        Raises StorageError; then what rests is as before, unless it is a tamper event: that is owed, and done first of all
        by whatever comes next.
        """
        again = after.tampers_count > before.tampers_count
        zeroise = self._owed is not None or bool(after.tampered and (again or not before.tampered))
        if self._owed is not None:
            before = self._owed[0]
        elif zeroise:
            self._owed = before, after
        if zeroise:
            # First of all: whoever kills us after the rest is done must not save them.
            self._database.forget_copies()
        rack_key = os.urandom(SECRET_BYTES)
        if zeroise and self._rack is not None:
            # No card opens from here on, even if the disk takes nothing more.
            self._rack.rekey(rack_key)
        renewed = None
        with self._database.transaction() as change:
            deleted = self._write(change, before, after)
            if zeroise:
                renewed = self._destroy(change, rack_key)
        if zeroise:
            self._owed = None
            if self._vault is not None and renewed is not None:
                self._vault.become(renewed)
        if deleted or zeroise:
            self._unfolded = True
        self._fold()

    def settle(self) -> None:
        """Do what an earlier fault of the disk left undone.  Raises StorageError."""
        if self._owed is not None:
            self.keep(*self._owed)
        self._fold()

    def _fold(self) -> None:
        # The change is committed, so a fault here must not make it look undone: it is tried again at the next change.
        if self._unfolded:
            with suppress(StorageError):
                self._unfolded = not self._database.fold()

    def _write(self, change: sqlite3.Connection, before: State, after: State) -> bool:
        if before.settings != after.settings:
            old = {declared.name: text for declared, text in before.settings.listing()}
            for declared, text in after.settings.listing():
                if text != old[declared.name]:
                    _set(change, declared.name, text)
        deleted = False
        for store, there, wanted in zip(STORES, _stores(before), _stores(after), strict=True):
            deleted |= write_loaded(change, self._database, self._vault, store, there, wanted)
        deleted |= write_domain(change, self._database, self._vault, before.domain, after.domain)
        for gone in _lasting(before) - _lasting(after):
            change.execute("DELETE FROM authority WHERE lmk_id = ? AND activity = ?", gone)
        new = _lasting(after) - _lasting(before)
        change.executemany("INSERT OR REPLACE INTO authority (lmk_id, activity) VALUES (?, ?)", new)
        if before.position is not after.position:
            device.note(change, device.POSITION, after.position.value)
        if before.audit_options != after.audit_options:
            device.note(change, device.AUDIT_OPTIONS, str(after.audit_options))
        for name, old_value, value in zip(_PLAIN, _plain(before), _plain(after), strict=True):
            if old_value != value:
                device.note(change, name, value or None)
        return deleted

    def _destroy(self, change: sqlite3.Connection, rack_key: bytes) -> Vault | None:
        for table in ("loaded", "lmk", "authority", "card", "page", "secret", "km", "stored_key"):
            change.execute(f"DELETE FROM {table}")  # noqa: S608 (names of ours)
        renewed = None
        if self._vault is None:
            change.execute("DELETE FROM vault")
        else:
            renewed = self._vault.renewed(change)
            reseal_audit_key(change, self._vault, renewed)
        put_secret(change, renewed, RACK_KEY, rack_key)
        return renewed


class MemoryKeeper:
    """For an appliance whose state ends with its process: all there is to do is to destroy the cards on a tamper event."""

    def __init__(self, rack: CardRack) -> None:
        self._rack = rack

    def keep(self, before: State, after: State) -> None:
        """See ``hsm.state.Keeper``."""
        if after.tampers_count > before.tampers_count:
            for card in self._rack.cards():
                self._rack.erase(card.serial)
            self._rack.rekey(os.urandom(SECRET_BYTES))


def state_at_rest(database: Database, vault: Vault | None) -> State | None:
    """The state in *database*, None when none was ever kept.  Raises StorageError, naming what is wrong."""
    if device.noted(database, device.PROFILE) is None:
        return None
    loaded = read_loaded(database, vault)
    live, old, new = (loaded[store] for store in STORES)
    tampered, tampered_at = (str(device.noted(database, name) or "") for name in (device.TAMPERED, device.TAMPERED_AT))
    tampers, offset_seconds = (device.number(database, name) for name in (device.TAMPERS, device.CLOCK_OFFSET))
    return State(
        _settings(database),
        live,
        old,
        new,
        _authority(database),
        _position(database),
        tampered,
        tampered_at,
        tampers,
        offset_seconds,
        _audit_options(database),
        read_domain(database, vault),
    )


_PLAIN = (device.TAMPERED, device.TAMPERED_AT, device.TAMPERS, device.CLOCK_OFFSET)


def _plain(state: State) -> tuple[str | int, ...]:
    """What is noted as it is, in the order of _PLAIN; nothing, for what is empty or 0."""
    return state.tampered, state.tampered_at, state.tampers_count, state.clock_offset_seconds


def keep_fraud(database: Database, stop: FraudStop) -> None:
    """Keep whether PIN verification is stopped.  Raises StorageError."""
    with database.transaction() as change:
        device.note(change, device.FRAUD_STOPPED, stop.reasons or None)
        device.note(change, device.FRAUD_ATTACKS, stop.attacks or None)


def fraud_at_rest(database: Database) -> FraudStop:
    """Whether PIN verification was stopped when the appliance ended.  Raises StorageError."""
    return FraudStop(device.number(database, device.FRAUD_STOPPED), device.number(database, device.FRAUD_ATTACKS))


def _stores(state: State) -> tuple[Mapping[str, Lmk], ...]:
    return state.lmks, state.old_lmks, state.new_lmks


def _set(change: sqlite3.Connection, name: str, text: str) -> None:
    change.execute("INSERT OR REPLACE INTO setting (name, value) VALUES (?, ?)", (name, text))


def _lasting(state: State) -> set[tuple[str, str]]:
    return {(grant.lmk_id, str(grant.activity)) for grant in state.authority.grants if grant.expires == inf}


def _settings(database: Database) -> Settings:
    # A setting that this version has and the one that kept the state had not is as its profile has it.
    profile = str(device.noted(database, device.PROFILE))
    try:
        settings = Settings.of(Profile(profile))
        for name, text in database.read("SELECT name, value FROM setting"):
            settings = settings.changed(str(name), str(text))
    except SettingError as fault:
        raise StorageError(database.path, f"the setting {fault.name}: expected {fault.expected}") from None
    except ValueError:
        raise StorageError(database.path, f"the profile {profile[:20]!r} is none") from None
    return settings


def _authority(database: Database) -> Authority:
    grants = []
    for lmk_id, activity in database.read("SELECT lmk_id, activity FROM authority"):
        try:
            grants.append(Grant(Activity.parse(str(activity)), str(lmk_id), inf))
        except ActivityError as fault:
            raise StorageError(database.path, f"the authority {activity!r}: {fault}") from None
    return Authority(tuple(grants))


def _audit_options(database: Database) -> AuditOptions:
    text = device.noted(database, device.AUDIT_OPTIONS)
    try:
        return AuditOptions() if text is None else AuditOptions.parse(str(text))
    except ValueError as fault:
        raise StorageError(database.path, f"the audit options: {fault}") from None


def _position(database: Database) -> Position:
    text = str(device.noted(database, device.POSITION))
    try:
        return Position(text)
    except ValueError:
        raise StorageError(database.path, f"the position {text[:20]!r} is none") from None
