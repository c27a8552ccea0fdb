"""The Domain Master Key and stored keys that ``hsm serve`` was configured with."""

from __future__ import annotations

from types import MappingProxyType

from hsm.keys.domain import Domain, Place, StoredKey, stored_key
from hsm.keys.domaintypes import domain_key_type
from hsm.keys.km import Km
from hsm.keys.published import PUBLISHED_KMS
from hsm.keys.specifier import INDEX_MOST
from hsm.policy.settings import Settings
from hsm.refusal import Refusal
from hsm.server.config import KM_DEFAULT, Config, ConfigError, StoredKeyGiven

INDEX_MAX = max(INDEX_MOST.values())


def domain_for(config: Config, settings: Settings) -> Domain | None:
    """The domain of *config*: the KM it names, else the published one if a port speaks Eracom, else none.

    Clear keys are stored under a published KM alone: who types a live key has told it to everybody who can list processes
    or read the file.  Raises ConfigError.
    """
    name = config.km or (KM_DEFAULT if "eracom" in config.dialects else None)
    if name is None:
        if config.stored_keys:
            raise ConfigError(config.stored_keys[0].where, "stored keys", "--km or an Eracom port with them")
        return None
    if name not in PUBLISHED_KMS:
        raise ConfigError("configuration", "km", f"one of {', '.join(PUBLISHED_KMS)}")
    km = Km(PUBLISHED_KMS[name], name, dict(settings.km_variants))
    stored = dict(_stored(km, each) for each in config.stored_keys)
    return Domain(km, MappingProxyType(stored))


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
