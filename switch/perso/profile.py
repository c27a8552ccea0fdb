"""Application profiles: how the cards of a product are made, beside what an order says of each card.

A TOML file; protocol-spec/perso/cards.md describes it.  Keys are named here and held elsewhere (``cardkeys``).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import Enum
from types import MappingProxyType
from typing import Any, TypeVar

from switch.perso.terms import NAME

E = TypeVar("E", bound=Enum)
TEXT_CHARS_MAX = 65_536


class ProfileError(ValueError):
    """A profile can't be used: the message names the file and the field."""


class PinMethod(Enum):
    """How the issuer will verify PINs."""

    PVV = "pvv"
    OFFSET = "offset"


class Option(Enum):
    """How card keys are derived of the issuer's (EMV 4.3 Book 2 A1.4)."""

    A = "A"
    B = "B"


_FORMS = MappingProxyType(
    {
        "aid": r"([0-9A-F]{2}){5,16}",
        "label": r"[ -~]{1,16}",
        "profile": "[0-9A-F]{4}",
        "cvm_list": r"([0-9A-F]{2}){10,40}",
        "usage_control": "[0-9A-F]{4}",
        "country": "[0-9]{3}",
        "effective": "[0-9]{6}",
        "authentication_code": "[0-9A-F]{4}",
        "issuer_key_index": "[0-9A-F]{2}",
    }
)


@dataclass(frozen=True)
class Profile:
    """A profile.

    *aid* is hexadecimal, *label* tag 50, *profile* tag 82, *cvm_list* tag 8E, *usage_control* tag 9F07, *country* tag 5F28
    without its leading 0, *effective* tag 5F25 (YYMMDD), *authentication_code* what the static data are signed with
    (tag 9F45); *issuer_key_index* is the derivation key index in tag 9F10.  *pin_digits* is how long a PIN is that is drawn
    here, *pvk_index* 1 to 6.  *keys* maps what a key is for (see ``cardkeys.ROLES``) to its name.
    """

    name: str
    aid: str
    label: str
    profile: str
    cvm_list: str
    usage_control: str
    country: str
    effective: str
    authentication_code: str
    issuer_key_index: str
    option: Option
    pin_method: PinMethod
    pin_digits: int
    pin_tries: int
    pvk_index: int
    mailers: bool
    lines: tuple[str, ...]
    keys: Mapping[str, str] = field(default_factory=dict)


def read_profile(text: str, file: str) -> Profile:
    """The profile in *text*.  Raises ProfileError."""
    if len(text) > TEXT_CHARS_MAX:
        raise ProfileError(f"{file}: more than {TEXT_CHARS_MAX} characters")
    try:
        told: dict[str, Any] = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as e:
        raise ProfileError(f"{file}: {e}") from None
    names = {each.name for each in fields(Profile)}
    for name in sorted(names ^ told.keys()):
        raise ProfileError(f"{file}: {name}: " + ("is missing" if name in names else "no such field"))
    _check_texts(told, file)
    _check_numbers(told, file)
    lines, keys = told["lines"], told["keys"]
    if not isinstance(lines, list) or len(lines) > 2 or not all(isinstance(line, str) for line in lines):
        raise ProfileError(f"{file}: lines: at most two texts")
    if not isinstance(keys, dict) or not all(isinstance(name, str) and NAME.fullmatch(name) for name in keys.values()):
        raise ProfileError(f"{file}: keys: a name for each")
    told |= {
        "option": _chosen(Option, told, "option", file),
        "pin_method": _chosen(PinMethod, told, "pin_method", file),
        "lines": tuple(lines),
        "keys": MappingProxyType(dict(keys)),
    }
    return Profile(**told)


def _check_texts(told: Mapping[str, Any], file: str) -> None:
    for name, form in (("name", NAME.pattern), *_FORMS.items()):
        if not isinstance(told[name], str) or not re.fullmatch(form, told[name], re.ASCII):
            raise ProfileError(f"{file}: {name}: expected {form}")


def _check_numbers(told: Mapping[str, Any], file: str) -> None:
    for name, least, most in (("pin_digits", 4, 12), ("pin_tries", 1, 15), ("pvk_index", 1, 6)):
        if type(told[name]) is not int or not least <= told[name] <= most:
            raise ProfileError(f"{file}: {name}: a number from {least} to {most}")
    if type(told["mailers"]) is not bool:
        raise ProfileError(f"{file}: mailers: true or false")


def _chosen(kind: type[E], told: Mapping[str, Any], name: str, file: str) -> E:
    try:
        return kind(told[name])
    except ValueError:
        raise ProfileError(f"{file}: {name}: one of {', '.join(each.value for each in kind)}") from None
