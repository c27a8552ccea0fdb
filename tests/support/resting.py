"""State directories as tests look at them: what is in them, and what must not be."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from random import Random

from hsm.crypto.parity import with_odd
from hsm.keys.domain import Domain, stored_key
from hsm.keys.domaintypes import DOMAIN_KEY_TYPES, PVK
from hsm.keys.km import Km, VariantScheme
from hsm.keys.masters import Lmk, lmk_of_material, new_material
from hsm.state import State
from hsm.storage.database import Database
from hsm.storage.keeper import state_at_rest
from hsm.storage.schema import SqlValue
from hsm.storage.vault import Vault

PASSPHRASE = b"correct horse battery"


def live_lmk(lmk_id: str, kind: str, name: str = "") -> Lmk:
    """An LMK that nobody published, always the same for its identifier and kind."""
    material = new_material(kind, Random(f"{lmk_id} {kind}").randbytes)
    return lmk_of_material(kind, lmk_id, material, name or f"live {kind}")


def live_domain(*indexes: int, name: str = "live KM") -> Domain:
    """A KM that nobody published, always the same for its *name*, with a key of each sort stored under each index."""
    draw = Random(name).randbytes
    km = Km(with_odd(draw(24)), name)
    stored = {}
    for index in indexes:
        for code, scheme in (("01", None), ("04", VariantScheme.AS2805), ("10", VariantScheme.NONE)):
            stored[code, index] = stored_key(km, with_odd(draw(16)), DOMAIN_KEY_TYPES[code], scheme)
        stored["07", index] = stored_key(km, with_odd(draw(16)) + bytes.fromhex("0123456789012345"), PVK)
    return Domain(km, stored)


def opened(state: State) -> tuple[object, ...]:
    """All that *state* says, LMKs by what they are."""
    stores = (state.lmks, state.old_lmks, state.new_lmks)
    lmks = [{lmk_id: (lmk.kind, lmk.name, lmk.material()) for lmk_id, lmk in each.items()} for each in stores]
    grants = sorted((grant.lmk_id, str(grant.activity), grant.expires) for grant in state.authority.grants)
    domain = state.domain and (state.domain.km.name, state.domain.km.material(), dict(state.domain.stored))
    return state.settings, lmks, grants, state.position, state.tampered, domain


def read_back(directory: Path, passphrase: bytes | None = PASSPHRASE) -> tuple[object, ...]:
    """The state in *directory*, as a process that starts there finds it; the vault must exist if there is a passphrase."""
    database = Database(directory)
    try:
        state = state_at_rest(database, None if passphrase is None else Vault(database, passphrase))
        assert state is not None
        return opened(state)
    finally:
        database.close()


def traces(directory: Path, secrets: Iterable[SqlValue]) -> list[str]:
    """Files below *directory* in which one of *secrets* is to be found, raw or in hexadecimal."""
    found = []
    for file in sorted(directory.rglob("*")):
        content = file.read_bytes() if file.is_file() else b""
        for each in secrets:
            assert isinstance(each, bytes)
            if each in content or each.hex().encode() in content.lower():
                found.append(file.name)
    return found
