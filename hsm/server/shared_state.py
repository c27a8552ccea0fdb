"""The appliance's state as bytes, for its worker processes; never for a disk, because LMKs are in it in the clear."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from hsm.appliance import Appliance
from hsm.keys.domain import Domain, StoredKey
from hsm.keys.km import Km, VariantScheme
from hsm.keys.masters import Lmk, lmk_of_material
from hsm.policy.auditing import AuditOptions
from hsm.policy.authority import Activity, Authority, Grant
from hsm.policy.position import Position
from hsm.policy.settings import Settings
from hsm.state import State
from hsm.storage.slots import Slots

_PLAIN = ("tampered", "tampered_at", "tampers_count", "clock_offset_seconds")
"""Members of the state that JSON can hold as they are."""


def state_of(appliance: Appliance) -> bytes:
    """The state of *appliance*, and since when it runs."""
    return json.dumps(_state(appliance)).encode("ascii")


def slots_change(values: Mapping[int, bytes]) -> bytes:
    """A write of *values* to user storage."""
    return json.dumps({"slots": {str(address): value.hex() for address, value in values.items()}}).encode("ascii")


def whole_state(appliance: Appliance, stored: Mapping[int, bytes]) -> bytes:
    """All that a new worker must know."""
    slots = {str(address): value.hex() for address, value in stored.items()}
    return json.dumps(_state(appliance) | {"slots": slots}).encode("ascii")


def applied(change: bytes, appliance: Appliance, slots: Slots) -> None:
    """Make *change*, the work of one of the functions above, in another process's *appliance* and *slots*."""
    told = json.loads(change)
    if "slots" in told:
        slots.save({int(address): bytes.fromhex(value) for address, value in told["slots"].items()})
    if "settings" in told:
        settings = Settings()
        for name, text in told["settings"].items():
            settings = settings.changed(name, text)
        authority = Authority(tuple(Grant(Activity.parse(a), lmk_id, expires) for a, lmk_id, expires in told["grants"]))
        appliance.started, appliance.reboots = datetime.fromisoformat(told["started"]), told["reboots"]
        lmks, old_lmks, new_lmks = (_lmks(told[which]) for which in ("lmks", "old_lmks", "new_lmks"))
        position = Position(told["position"])
        adopted = State(settings, lmks, old_lmks, new_lmks, authority, position)
        options, domain = AuditOptions.parse(told["audit_options"]), _domain(told["domain"])
        adopted = replace(adopted, audit_options=options, domain=domain)
        appliance.fault = appliance.fault or told["fault"]
        appliance.adopt(replace(adopted, **{name: told[name] for name in _PLAIN}))
        appliance.audit.set_writable(told["audit_writable"])


def _state(appliance: Appliance) -> dict[str, Any]:
    state = appliance.state
    return {
        "started": appliance.started.isoformat(),
        "reboots": appliance.reboots,
        "settings": {declared.name: text for declared, text in state.settings.listing()},
        "lmks": [_told(lmk) for lmk in state.lmks.values()],
        "old_lmks": [_told(lmk) for lmk in state.old_lmks.values()],
        "new_lmks": [_told(lmk) for lmk in state.new_lmks.values()],
        "domain": state.domain and _told_domain(state.domain),
        "position": state.position.value,
        "audit_options": str(state.audit_options),
        "audit_writable": appliance.audit.writable,
        "fault": appliance.fault,
        "grants": [(str(g.activity), g.lmk_id, g.expires) for g in state.authority.grants],
    } | {name: getattr(state, name) for name in _PLAIN}


def _told(lmk: Lmk) -> tuple[str, str, str, str]:
    return lmk.kind, lmk.lmk_id, lmk.material().hex(), lmk.name


def _lmks(told: list[tuple[str, str, str, str]]) -> dict[str, Lmk]:
    return {lmk_id: lmk_of_material(kind, lmk_id, bytes.fromhex(m), name) for kind, lmk_id, m, name in told}


def _told_domain(domain: Domain) -> dict[str, Any]:
    stored = [
        (*place, key.cryptogram.hex(), key.check_value.hex(), None if key.scheme is None else key.scheme.value)
        for place, key in domain.stored.items()
    ]
    return {"km": domain.km.material().hex(), "name": domain.km.name, "stored": stored}


def _domain(told: dict[str, Any] | None) -> Domain | None:
    if told is None:
        return None
    stored = {
        (code, index): StoredKey(
            bytes.fromhex(cryptogram), bytes.fromhex(value), None if scheme is None else VariantScheme(scheme)
        )
        for code, index, cryptogram, value, scheme in told["stored"]
    }
    return Domain(Km(bytes.fromhex(told["km"]), told["name"]), stored)
