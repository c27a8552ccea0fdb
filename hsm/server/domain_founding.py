"""The Domain Master Key and stored keys that ``hsm serve`` was configured with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from hsm.keys.domain import Domain, Place, StoredKey, stored_key
from hsm.keys.domaintypes import domain_key_type
from hsm.keys.km import Km
from hsm.keys.masters import Lmk
from hsm.keys.published import PUBLISHED_KMS
from hsm.keys.specifier import INDEX_MOST
from hsm.policy.settings import Settings
from hsm.refusal import Refusal
from hsm.server.config import (
    KM_DEFAULT,
    STORED_KEY_EXPECTED,
    Config,
    ConfigError,
    StoredKeyGiven,
    stored_key_given,
)

INDEX_MAX = max(INDEX_MOST.values())


def domain_for(config: Config, settings: Settings, lmks: Iterable[Lmk] = ()) -> Domain | None:
    """The domain that a new appliance begins with: the KM that *config* names, else the published one if a port speaks
    Eracom, else none.

    Where there is a live one among *lmks* no published KM comes by itself.  Raises ConfigError.
    """
    name = config.km
    if name is None and "eracom" in config.dialects:
        apart = settings.test_and_live_lmks or all(lmk.is_test for lmk in lmks)
        name = KM_DEFAULT if apart else None
    return _with_stored(None if name is None else _named(name, settings), config)


def published_domain(km: str, stored_keys: Mapping[str, str], settings: Settings) -> Domain | None:
    """The published KM *km*, with clear keys under it: ``TYPE:INDEX`` → hexadecimal.  Raises ConfigError."""
    stored = tuple(each for place, key in stored_keys.items() if (each := stored_key_given(place, key, "testing")))
    if len(stored) < len(stored_keys):
        raise ConfigError("testing", "stored_keys", STORED_KEY_EXPECTED)
    return domain_for(Config(km=km, stored_keys=stored), settings)


def domain_over(domain: Domain | None, config: Config, settings: Settings) -> Domain | None:
    """The *domain* that rested, with what *config* says over it.

    A KM that rests is not replaced: the stored keys lie under it.  Raises ConfigError.
    """
    if config.km is not None:
        wanted = _named(config.km, settings)
        if domain is None:
            domain = wanted
        elif domain.km.published_name != config.km:
            expected = "the Domain Master Key in the state directory, or that deleted first (console command DKM)"
            raise ConfigError("--km", config.km, expected)
    return _with_stored(domain, config)


def _named(name: str, settings: Settings) -> Domain:
    if name not in PUBLISHED_KMS:
        raise ConfigError("configuration", "km", f"one of {', '.join(PUBLISHED_KMS)}")
    return Domain(Km(PUBLISHED_KMS[name], name, dict(settings.km_variants)))


def _with_stored(domain: Domain | None, config: Config) -> Domain | None:
    """*domain* with the stored keys of *config*.

    Clear keys are stored under a published KM alone: who types a live key has told it to everybody who can list processes
    or read the file.  Raises ConfigError.
    """
    if not config.stored_keys:
        return domain
    if domain is None or not domain.km.is_test:
        raise ConfigError(config.stored_keys[0].where, "stored keys", "--km or an Eracom port with them, a test KM's")
    given = dict(_stored(domain.km, each) for each in config.stored_keys)
    return Domain(domain.km, MappingProxyType({**domain.stored, **given}))


def _stored(km: Km, given: StoredKeyGiven) -> tuple[Place, StoredKey]:
    field = f"stored key {given.key_type}:{given.index}"
    if not 1 <= given.index <= INDEX_MAX:
        raise ConfigError(given.where, field, f"an index from 1 to {INDEX_MAX}")
    try:
        row = domain_key_type(given.key_type)
    except Refusal:
        raise ConfigError(given.where, field, "a known key type of two digits") from None
    try:
        return (row.code, given.index), stored_key(km, bytes.fromhex(given.key), row)
    except Refusal:
        expected = "8, 16 or 24 bytes, of which a key of type 07 has its decimalisation table as the last 8"
        raise ConfigError(given.where, field, expected) from None
