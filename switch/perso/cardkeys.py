"""The bureau's keys for cards: what each is for, how they are held, and the checklist of a product.

A key is held as the HSM gave it: a cryptogram or TR-31 block under the Domain Master Key, with its check value.  The file
is JSON, an object a key, written whole and put in place at once.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from switch.perso.profile import PinMethod, Profile
from switch.perso.terms import CHECK_VALUE, NAME

ROLES: Mapping[str, str] = MappingProxyType(
    {
        "cvk": "09",
        "pvv-key": "08",
        "pvk": "07",
        "imk-ac": "30",
        "imk-smi": "31",
        "imk-smc": "32",
        "pin": "01",
        "ktk": "35",
        "ptk": "36",
        "mtk": "02",
        "data": "00",
        "kmc": "37",
    }
)
"""What a key is for, and its Eracom key type.

``pin`` is the PPK under which PINs are drawn, ``data`` the DPK under which prepared data lie.
"""
TRANSPORT_ROLES = ("ktk", "ptk", "mtk", "data")
"""What preparation and production share."""
FILE_BYTES_MAX = 1 << 20


class KeyFileError(ValueError):
    """A key file can't be used: the message names the file, the key and the field."""


@dataclass(frozen=True)
class BureauKey:
    """A key by *name*: its Eracom *key_type* (2 digits), *check_value* (6 hexadecimal digits), and its specifier."""

    name: str
    key_type: str
    check_value: str
    specifier: bytes = field(repr=False)
    """As bytes, led by its count."""


@dataclass(frozen=True)
class SigningKey:
    """An issuer's RSA key: *modulus*, *exponent*, and the TR-31 block under the KM."""

    name: str
    modulus: bytes
    exponent: int
    block: bytes = field(repr=False)


def write_keys(path: Path, keys: Iterable[BureauKey]) -> None:
    """Write *keys* to *path*, in place of what was there."""
    told = {
        key.name: {"type": key.key_type, "kcv": key.check_value, "specifier": key.specifier.hex().upper()}
        for key in keys
    }
    beside = path.with_suffix(".new")
    beside.write_text(json.dumps(told, indent=1) + "\n")
    beside.chmod(0o600)
    beside.replace(path)


def read_keys(path: Path) -> dict[str, BureauKey]:
    """The keys in the file at *path*, by name.  Raises KeyFileError."""
    try:
        raw = path.read_bytes()
        told: Any = json.loads(raw) if len(raw) <= FILE_BYTES_MAX else None
    except (OSError, ValueError) as e:
        raise KeyFileError(f"{path.name}: {type(e).__name__}") from None
    if not isinstance(told, dict):
        raise KeyFileError(f"{path.name}: an object of keys, at most {FILE_BYTES_MAX} bytes")
    return {name: _key(path.name, name, given) for name, given in told.items()}


def _key(file: str, name: str, given: Any) -> BureauKey:
    expected = {"type": "[0-9]{2}", "kcv": CHECK_VALUE.pattern, "specifier": "([0-9A-F]{2}){2,1024}"}
    if not NAME.fullmatch(name) or not isinstance(given, dict) or given.keys() != expected.keys():
        raise KeyFileError(f"{file}: {name[:32]}: a name with {', '.join(expected)}")
    for place, form in expected.items():
        if not isinstance(given[place], str) or not re.fullmatch(form, given[place]):
            raise KeyFileError(f"{file}: {name}: {place}: expected {form}")
    return BureauKey(name, given["type"], given["kcv"], bytes.fromhex(given["specifier"]))


def roles_of(profile: Profile) -> tuple[str, ...]:
    """The roles for which preparation needs a key."""
    unused = "pvk" if profile.pin_method is PinMethod.PVV else "pvv-key"
    return tuple(role for role in ROLES if role not in (unused, "kmc"))


def missing(profile: Profile, keys: Mapping[str, BureauKey], roles: Iterable[str]) -> list[str]:
    """What stands in the way of *profile* in its keys, a line each; none for a product that resolves."""
    found: list[str] = []
    for role in roles:
        name = profile.keys.get(role)
        key = keys.get(name or "")
        if name is None:
            found.append(f"{role}: the profile names no key")
        elif key is None:
            found.append(f"{role}: no key {name} is held")
        elif key.key_type != ROLES[role]:
            found.append(f"{role}: {name} is of type {key.key_type}, not {ROLES[role]}")
    return found


def resolved(profile: Profile, keys: Mapping[str, BureauKey], roles: Iterable[str]) -> Mapping[str, BureauKey]:
    """The keys of *profile* by role.  Raises KeyFileError with all that is missing."""
    roles = tuple(roles)
    wrong = missing(profile, keys, roles)
    if wrong:
        raise KeyFileError(f"product {profile.name}: " + "; ".join(wrong))
    return MappingProxyType({role: keys[profile.keys[role]] for role in roles})
