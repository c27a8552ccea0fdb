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

from switch.perso.authority import IssuerCertificate
from switch.perso.profile import PinMethod, Profile
from switch.perso.terms import CHECK_VALUE, NAME
from switch.perso.whole import write_text

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
        "ktm": "05",
    }
)
"""What a key is for, and its Eracom key type.

``pin`` is the PPK under which PINs are drawn, ``data`` the DPK under which prepared data lie; ``kmc``
is of the cards' maker, ``ktm`` of the machine that encodes stripes.
"""
TRANSPORT_ROLES = ("ktk", "ptk", "mtk", "data")
"""What preparation and production share."""
MACHINE_ROLES = ("kmc", "ktm")
"""What production has from others, and preparation has not."""
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
class TransportedKey:
    """A key on its way: *cryptogram* under the zone key (ECB), and the check value that both sides must find."""

    name: str
    key_type: str
    check_value: str
    cryptogram: bytes = field(repr=False)


@dataclass(frozen=True)
class Transport:
    """Keys in the *file* of that name, under a zone key of that check value."""

    file: str
    zmk_check_value: str
    keys: tuple[TransportedKey, ...]


@dataclass(frozen=True)
class SigningKey:
    """An issuer's RSA key: *modulus*, *exponent*, and the TR-31 block under the KM."""

    name: str
    modulus: bytes
    exponent: int
    block: bytes = field(repr=False)

    @property
    def bits(self) -> int:
        """Of the modulus."""
        return int.from_bytes(self.modulus, "big").bit_length()


def write_whole(path: Path, told: Any) -> None:
    """Write *told* as JSON to *path*, which only its owner reads, in place of what was there."""
    write_text(path, json.dumps(told, indent=1) + "\n")


def write_keys(path: Path, keys: Iterable[BureauKey]) -> None:
    """Write *keys* to *path*, in place of what was there."""
    told = {
        key.name: {"type": key.key_type, "kcv": key.check_value, "specifier": key.specifier.hex().upper()}
        for key in keys
    }
    write_whole(path, told)


def read_keys(path: Path) -> dict[str, BureauKey]:
    """The keys in the file at *path*, by name.  Raises KeyFileError."""
    return {name: _key(path.name, name, given) for name, given in _told(path).items()}


def _told(path: Path) -> dict[str, Any]:
    """The JSON object in the file at *path*, none if there is no file.  Raises KeyFileError."""
    try:
        raw = path.read_bytes()
        told: Any = json.loads(raw) if len(raw) <= FILE_BYTES_MAX else None
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as e:
        raise KeyFileError(f"{path.name}: {type(e).__name__}") from None
    if not isinstance(told, dict):
        raise KeyFileError(f"{path.name}: a JSON object, at most {FILE_BYTES_MAX} bytes")
    return told


def write_transport(path: Path, zmk_check_value: str, keys: Iterable[TransportedKey]) -> None:
    """Write *keys*, under a zone key of that check value, to *path*."""
    told = [
        {"name": k.name, "type": k.key_type, "kcv": k.check_value, "cryptogram": k.cryptogram.hex().upper()}
        for k in keys
    ]
    write_whole(path, {"zmk-kcv": zmk_check_value, "keys": told})


def read_transport(path: Path) -> Transport:
    """The keys in the file at *path*.  Raises KeyFileError."""
    told = _told(path)
    zmk, given = told.get("zmk-kcv"), told.get("keys")
    if not isinstance(zmk, str) or not CHECK_VALUE.fullmatch(zmk) or not isinstance(given, list):
        raise KeyFileError(f"{path.name}: zmk-kcv and keys")
    expected = {
        "name": NAME.pattern,
        "type": "[0-9]{2}",
        "kcv": CHECK_VALUE.pattern,
        "cryptogram": "([0-9A-F]{16}){1,3}",
    }
    keys = []
    for number, each in enumerate(given, 1):
        if not isinstance(each, dict) or each.keys() != expected.keys():
            raise KeyFileError(f"{path.name}: key {number}: {', '.join(expected)}")
        for place, form in expected.items():
            if not isinstance(each[place], str) or not re.fullmatch(form, each[place]):
                raise KeyFileError(f"{path.name}: key {number}: {place}: expected {form}")
        keys.append(TransportedKey(each["name"], each["type"], each["kcv"], bytes.fromhex(each["cryptogram"])))
    if len({key.name for key in keys}) != len(keys):
        raise KeyFileError(f"{path.name}: a name stands there twice")
    return Transport(path.name, zmk, tuple(keys))


def write_issuer_keys(path: Path, keys: Iterable[tuple[SigningKey, IssuerCertificate | None]]) -> None:
    """Write issuers' RSA keys, and their certificates as far as there are any, to *path*."""
    told = {}
    for key, certificate in keys:
        told[key.name] = {"modulus": key.modulus.hex(), "exponent": key.exponent, "block": key.block.decode("ascii")}
        if certificate is not None:
            told[key.name]["certificate"] = certificate_text(certificate)
    write_whole(path, told)


def read_issuer_keys(path: Path) -> dict[str, tuple[SigningKey, IssuerCertificate | None]]:
    """By name.  Raises KeyFileError."""
    found: dict[str, tuple[SigningKey, IssuerCertificate | None]] = {}
    for name, given in _told(path).items():
        try:
            key = SigningKey(
                name, bytes.fromhex(given["modulus"]), int(given["exponent"]), given["block"].encode("ascii")
            )
            certificate = read_certificate(given["certificate"]) if "certificate" in given else None
        except (KeyError, TypeError, ValueError, AttributeError):
            raise KeyFileError(f"{path.name}: {name[:32]}: modulus, exponent, block and certificate") from None
        found[name] = (key, certificate)
    return found


def certificate_text(certificate: IssuerCertificate) -> dict[str, Any]:
    """A certificate as JSON has it."""
    return {
        "index": certificate.index,
        "certificate": certificate.certificate.hex(),
        "remainder": certificate.remainder.hex(),
        "exponent": certificate.exponent.hex(),
    }


def read_certificate(told: Mapping[str, Any]) -> IssuerCertificate:
    """What ``certificate_text`` made.  Raises KeyError, ValueError, TypeError."""
    parts = [bytes.fromhex(told[name]) for name in ("certificate", "remainder", "exponent")]
    if type(told["index"]) is not int or not 0 <= told["index"] <= 0xFF:
        raise ValueError("an index is one byte")
    return IssuerCertificate(told["index"], *parts)


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
    return tuple(role for role in ROLES if role not in (unused, *MACHINE_ROLES))


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
