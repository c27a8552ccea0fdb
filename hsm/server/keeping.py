"""Where an appliance's state rests: in a directory, or in memory alone; and the state that a start makes of it.

What rests wins.  The command line and the configuration file are typed over it as at the console: a profile when it is
another than the stored one, settings that differ, LMKs by identifier.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

from hsm.appliance import Appliance, without_lmks
from hsm.keys.masters import PUBLISHED_NAMES, Lmk, Master, lmk_of_material, mixes, published_lmk
from hsm.policy.choices import Profile
from hsm.policy.fraud import FraudCounters
from hsm.policy.settings import Settings
from hsm.policy.values import SettingError
from hsm.server.config import Config, ConfigError, LoadedLmk
from hsm.server.domain_founding import domain_for, domain_over
from hsm.state import Keeper, State
from hsm.storage import device
from hsm.storage.cards import CardRack, MemoryShelf
from hsm.storage.database import Database, DirectoryLock, StorageError
from hsm.storage.keeper import DatabaseKeeper, MemoryKeeper, fraud_at_rest, keep_fraud, state_at_rest
from hsm.storage.loaded import CLOSED, same
from hsm.storage.passphrase import PASSPHRASE_VARIABLE, opener
from hsm.storage.printer import DatabaseTray, Printer, memory_printer
from hsm.storage.secrets import PRINTER_KEY, RACK_KEY, SECRET_BYTES, secret
from hsm.storage.shelf import DatabaseShelf
from hsm.storage.slots import DatabaseSlots, MemorySlots, Slots
from hsm.storage.vault import Vault

DEFAULT_LMKS = (LoadedLmk("00", "test-variant", "default"),)


class Keeping:
    """Settings, LMKs and the rest by ``keeper``, user storage in ``slots``, cards in ``rack``, pages in ``printer``."""

    def __init__(self, config: Config) -> None:
        """Raises ConfigError for a state directory that can't be used, naming the reason."""
        self.database: Database | None = None
        self.vault: Vault | None = None
        self.slots: Slots = MemorySlots()
        self.rack = CardRack(MemoryShelf(), os.urandom(SECRET_BYTES))
        self.printer = memory_printer()
        self.keeper: Keeper = MemoryKeeper(self.rack)
        self._lock: DirectoryLock | None = None
        self._counters, self._stopped = FraudCounters(), 0
        if config.state_dir is None:
            return
        try:
            self._lock = DirectoryLock(Path(config.state_dir))
            self.database = Database(Path(config.state_dir))
            self.vault = opened_vault(self.database, config)
            self.slots = DatabaseSlots(self.database)
            self.rack = CardRack(DatabaseShelf(self.database), secret(self.database, self.vault, RACK_KEY))
            printer_key = partial(secret, self.database, self.vault, PRINTER_KEY)
            self.printer = Printer(DatabaseTray(self.database), printer_key)
            self.keeper = self._resting = DatabaseKeeper(self.database, self.vault, self.rack)
        except StorageError as fault:
            self.close()
            raise ConfigError("--state-dir", config.state_dir, str(fault)) from None

    def state(self, config: Config) -> tuple[State, bool]:
        """The state to start with, and whether it rested; a new one is kept.  Raises ConfigError."""
        if self.database is None:
            return self._first(config), False
        try:
            found = state_at_rest(self.database, self.vault)
            if found is not None:
                return found, True
            first = self._first(config)
            self._resting.begin(first, config.profile or Profile.LEGACY.value)
        except StorageError as fault:
            raise ConfigError("--state-dir", str(config.state_dir), str(fault)) from None
        return first, False

    def _first(self, config: Config) -> State:
        settings = typed_over(Settings.of(Profile(config.profile or Profile.LEGACY.value)), config)
        lmks = {each.lmk_id: self.lmk(each) for each in config.lmks or DEFAULT_LMKS}
        old_lmks = {each.lmk_id: self.lmk(each) for each in config.old_lmks}
        state = State(settings, lmks, old_lmks)
        state = replace(state, domain=domain_for(config, settings, lmks.values()))
        _check_mixture(state, config)
        return state

    def type_over(self, appliance: Appliance, config: Config) -> list[str]:
        """Change what rested as the configuration says, as at the console; what somebody must be told of it.

        Raises ConfigError.
        """
        assert self.database is not None
        told: list[str] = []
        try:
            stored = device.noted(self.database, device.PROFILE)
            profile = config.profile or str(stored)
            before = appliance.state
            settings = typed_over(Settings.of(Profile(profile)) if profile != stored else before.settings, config)
            # All that can be refused is refused before anything is changed.
            erased = without_lmks(before) if before.settings.erases_lmks(settings) else before
            after = self._loaded_over(replace(erased, settings=settings), config, told)
            if settings != before.settings:
                told.append(_told_of(before, settings))
                appliance.change_settings(settings)
            if profile != stored:
                with self.database.transaction() as change:
                    device.note(change, device.PROFILE, profile)
            if after.lmks is not erased.lmks or after.old_lmks is not erased.old_lmks:
                appliance.load_lmks(after.lmks, after.old_lmks)
            if after.domain is not erased.domain:
                appliance.load_domain(after.domain)
        except StorageError as fault:
            raise ConfigError("--state-dir", str(config.state_dir), str(fault)) from None
        return told

    def _loaded_over(self, state: State, config: Config, told: list[str]) -> State:
        if state.tampered:
            if config.lmks or config.old_lmks or config.km or config.stored_keys:
                told.append(f"no key is loaded: the appliance was tampered with ({state.tampered})")
            return state
        lmks, old_lmks = self._overlaid(state.lmks, config.lmks), self._overlaid(state.old_lmks, config.old_lmks)
        domain = domain_over(state.domain, config, state.settings)
        if lmks is state.lmks and old_lmks is state.old_lmks and domain is state.domain:
            return state
        wanted = replace(state, lmks=lmks, old_lmks=old_lmks, domain=domain)
        _check_mixture(wanted, config)
        return wanted

    def _overlaid(self, there: Mapping[str, Lmk], wanted: tuple[LoadedLmk, ...]) -> Mapping[str, Lmk]:
        new = {each.lmk_id: self.lmk(each) for each in wanted}
        if all(same(there.get(lmk_id), lmk) for lmk_id, lmk in new.items()):
            return there
        return {**there, **new}

    def lmk(self, wanted: LoadedLmk) -> Lmk:
        """The LMK that the configuration names, published or in the vault.  Raises ConfigError."""
        if wanted.name in PUBLISHED_NAMES:
            return published_lmk(wanted.name, wanted.lmk_id)
        field = f"LMK {wanted.lmk_id}"
        if self.database is None:
            known = ", ".join(PUBLISHED_NAMES)
            raise ConfigError(wanted.where, field, f"one of {known}, or --state-dir with {wanted.name}")
        if self.vault is None:
            raise ConfigError(wanted.where, field, f"{self.database.path}: {CLOSED}")
        try:
            label, material = self.vault.load(wanted.name)
        except StorageError as fault:
            raise ConfigError(wanted.where, field, str(fault)) from None
        return lmk_of_material(label.kind, wanted.lmk_id, material, label.name)

    def resume_fraud(self, counters: FraudCounters) -> None:
        """Have PIN verification stopped if it was when the appliance ended, and watch *counters*.  Raises StorageError."""
        if self.database is not None:
            stop = fraud_at_rest(self.database)
            counters.resume(stop)
            self._counters, self._stopped = counters, stop.reasons

    def notice(self) -> None:
        """Keep that PIN verification is stopped, or goes on, if the disk will; else ``settle`` does so later."""
        # Asked at every turn, so as little as can be.
        if self._counters.stopped or self._stopped:
            # A PIN verification is answered though the disk be full: that it was the last is in force.
            with suppress(StorageError):
                self._keep_fraud()

    def _keep_fraud(self) -> None:
        stop = self._counters.stop_now
        if self.database is not None and stop.reasons != self._stopped:
            keep_fraud(self.database, stop)
            self._stopped = stop.reasons

    def tell_restore(self, appliance: Appliance) -> None:
        """Enter in the audit log, once, that the state was restored from a backup.  Raises StorageError."""
        if self.database is not None and device.noted(self.database, device.RESTORED) is not None:
            appliance.audit.event("RESTORE")
            appliance.audit.flush()
            with self.database.transaction() as change:
                device.note(change, device.RESTORED, None)

    def settle(self) -> None:
        """Do what a fault of the disk left undone, and keep what changed behind the requests.  Raises StorageError."""
        if self.database is not None:
            self._resting.settle()
            self._keep_fraud()

    def close(self) -> None:
        """Let go of the files."""
        if self.database is not None:
            self.database.close()
        if self._lock is not None:
            self._lock.close()


def opened_vault(database: Database, config: Config) -> Vault | None:
    """The vault, made if there is none yet; None when nothing was given to open it with.  Raises StorageError."""
    if config.key_file is None and config.passphrase_file is None and PASSPHRASE_VARIABLE not in os.environ:
        return None
    passphrase_file, key_file = (None if f is None else Path(f) for f in (config.passphrase_file, config.key_file))
    return Vault(database, opener(os.environ, passphrase_file, key_file), make=True)


def typed_over(settings: Settings, config: Config) -> Settings:
    """*settings* with those of *config* over them.  Raises ConfigError."""
    for each in config.settings:
        try:
            settings = settings.changed(each.name, each.value)
        except SettingError as fault:
            raise ConfigError(each.where, fault.name, fault.expected) from None
    return settings


def _check_mixture(state: State, config: Config) -> None:
    masters: list[Master] = [*state.lmks.values(), *state.old_lmks.values(), *state.new_lmks.values()]
    if state.domain is not None:
        masters.append(state.domain.km)
    if mixes(masters) and not state.settings.test_and_live_lmks:
        where = next((each.where for each in (*config.lmks, *config.old_lmks)), "configuration")
        expected = "test keys or live ones, not both (unless the setting test-and-live-lmks says yes)"
        raise ConfigError(where, "--lmk, --old-lmk, --km", expected)


def _told_of(before: State, settings: Settings) -> str:
    there = {found.name: text for found, text in before.settings.listing()}
    changed = [found.name for found, text in settings.listing() if text != there[found.name]]
    told = f"settings changed from what the state directory held: {', '.join(changed)}"
    if before.settings.erases_lmks(settings) and (before.lmks or before.old_lmks or before.new_lmks):
        told += "; that endangers keys, so ALL LMKs WERE ERASED"
    return told
