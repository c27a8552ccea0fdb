"""The Domain Master Key into the appliance and out of it, and the keys stored under it.

There is one KM.  It is not replaced while it is loaded: the stored keys lie under it.  Published KMs, which are for tests,
and live LMKs are not in one appliance together unless a setting allows it (PCI PIN Security requirement 19-3).
"""

from __future__ import annotations

from collections.abc import Sequence

from hsm.appliance import Appliance
from hsm.keys.domain import Domain, Place, StoredKey, key_in, stored_held
from hsm.keys.domaintypes import DERIVES, DomainKeyType
from hsm.keys.generate import form
from hsm.keys.km import Held, Km, VariantScheme, km_of
from hsm.keys.masters import Master, mixes
from hsm.keys.secret import ClearKey
from hsm.keys.specifier import INDEX_MOST
from hsm.keys.strength import is_weak_key
from hsm.refusal import KeyLengthInvalid, KeyUnsound

KM_BYTES = (16, 24)
INDEX_MAX = max(INDEX_MOST.values())
STORED_KEYS_MAX = 5_000


class DomainRefused(Exception):
    """A KM or stored key can't be loaded or deleted; the message says why."""


def form_km(components: Sequence[ClearKey], name: str) -> Km:
    """The KM of *components*, 2 to 9 of 16 or 24 bytes.

    Raises KeyUnsound for one that comes out weak or, unless it is published, with two equal parts; ComponentsEqual for
    components that cancel, and what ``hsm.keys.generate.form`` raises.
    """
    km = km_of(form(components, distinct=True), name)
    if not km.is_test and km.masquerades:
        raise KeyUnsound
    return km


def check_vacant(appliance: Appliance) -> None:
    """Nothing, if a KM may be loaded.  Raises DomainRefused."""
    if appliance.state.tampered:
        raise DomainRefused("There was a tamper event, which must be cleared first (CLEARTAMPER).")
    if appliance.state.domain is not None:
        raise DomainRefused("A KM is loaded: delete it first (DKM).")


def load_km(appliance: Appliance, km: Km) -> None:
    """Load *km*.  Raises DomainRefused, StorageError."""
    check_vacant(appliance)
    state = appliance.state
    masters: list[Master] = [km, *state.lmks.values(), *state.old_lmks.values(), *state.new_lmks.values()]
    if mixes(masters) and not appliance.settings.test_and_live_lmks:
        mine, its = ("test", "live") if km.is_test else ("live", "test")
        raise DomainRefused(f"A {its} LMK is loaded: no {mine} KM is loaded beside it.")
    appliance.load_domain(Domain(km))


def loaded(appliance: Appliance) -> Domain:
    """The KM that is loaded, and its stored keys.  Raises DomainRefused."""
    domain = appliance.state.domain
    if domain is None:
        raise DomainRefused("No KM is loaded.")
    return domain


def delete_km(appliance: Appliance) -> None:
    """Delete the KM and all stored keys.  Raises DomainRefused, StorageError."""
    loaded(appliance)
    appliance.load_domain(None)


def stored_at(appliance: Appliance, row: DomainKeyType, index: int) -> StoredKey:
    """The key of type *row* that is stored at *index*.  Raises DomainRefused."""
    try:
        return loaded(appliance).stored[row.code, index]
    except KeyError:
        raise DomainRefused(f"No key is stored at {place_words((row.code, index))}.") from None


def check_free(appliance: Appliance, row: DomainKeyType, index: int) -> None:
    """Nothing, if a key may be stored there.  Raises DomainRefused."""
    stored = loaded(appliance).stored
    if (row.code, index) in stored:
        raise DomainRefused(f"{place_words((row.code, index))} is in use: delete it first (DSK).")
    if len(stored) >= STORED_KEYS_MAX:
        raise DomainRefused(f"{STORED_KEYS_MAX} keys are stored, which is the limit.")


def check_storable(appliance: Appliance, row: DomainKeyType, held: Held) -> None:
    """Nothing, if *held* may be stored as a key of type *row*.

    Raises KeyUnsound for a zero or weak key, KeyLengthInvalid for one that derives others and is not of double length,
    and what the appliance's rules raise.
    """
    key = key_in(held)
    if is_weak_key(key):
        raise KeyUnsound
    if row in DERIVES and key.key_bytes != 16:
        raise KeyLengthInvalid
    appliance.domain.rules.allow(key)


def store(appliance: Appliance, row: DomainKeyType, index: int, held: Held, scheme: VariantScheme | None) -> None:
    """Store *held*; *scheme* is for a transport key.  Raises DomainRefused, StorageError and as ``check_storable``."""
    check_free(appliance, row, index)
    check_storable(appliance, row, held)
    # Under the KM with the variants that the settings give it, which are no part of the state's own.
    kept = stored_held(appliance.domain.domain.km, held, row, scheme)
    appliance.load_domain(loaded(appliance).storing((row.code, index), kept))


def unstore(appliance: Appliance, row: DomainKeyType, index: int) -> None:
    """Delete the key stored there.  Raises DomainRefused, StorageError."""
    stored_at(appliance, row, index)
    appliance.load_domain(loaded(appliance).without((row.code, index)))


def place_words(place: Place) -> str:
    """``type 01 index 7``."""
    code, index = place
    return f"type {code} index {index}"
