"""A declaration as plain data, and back.

``message_data`` gives what ``json.dumps`` takes; ``message_class`` makes a message class from it whose codec reads and
writes the same bytes, so a client in any language (and the second decoder of our tests) needs the data alone.

A kind becomes ``{"kind": name, "notation": …}`` and those of its parameters that differ from their defaults.  Values
that are members of an enumeration become the member's text: the field they refer to tells which enumeration it is.
Reading checks the notation against the kind it made, so a file that was edited by hand and contradicts itself is refused.
"""

from __future__ import annotations

import dataclasses
import types
from enum import Enum
from typing import Annotated, Any

from hsm import refusal
from hsm.refusal import Refusal
from hsm.wire import kinds, packed, shapes
from hsm.wire.kinds import Code, Kind, Width
from hsm.wire.message import Message, is_sensitive

KINDS: dict[str, type[Kind]] = {
    "digits": kinds.Digits,
    "account": kinds.Account,
    "card-value": kinds.CardValue,
    "clear-pin": kinds.ClearPin,
    "number": kinds.Number,
    "hex": kinds.Hex,
    "binary": kinds.Binary,
    "text": kinds.Text,
    "pan": kinds.Pan,
    "padded": kinds.Padded,
    "choice": kinds.Choice,
    "code": kinds.Code,
    "pattern": kinds.Pattern,
    "hex-of": kinds.HexOf,
    "hex-digits": kinds.HexDigits,
    "either": kinds.Either,
    "maybe": shapes.Maybe,
    "if-more": shapes.IfMore,
    "when": shapes.When,
    "cases": shapes.Cases,
    "block-under": shapes.BlockUnder,
    "ahead": shapes.Ahead,
    "until": shapes.Until,
    "repeated": shapes.Repeated,
    "group": shapes.Group,
    "prefixed": shapes.Prefixed,
    "rest": shapes.Rest,
    "key": shapes.Key,
    "packed": packed.Packed,
    "packed-padded": packed.PackedPadded,
    "packed-choice": packed.PackedChoice,
    "whole": packed.Whole,
    "variable": shapes.Variable,
    "maybe-counted": shapes.MaybeCounted,
    "key-specifier": shapes.KeySpec,
    "to-end": shapes.ToEnd,
}
"""The closed set of kinds, by the name each has in exported data."""

_NAMES = {cls: name for name, cls in KINDS.items()}
_DESCRIPTIVE = frozenset({"kind", "notation", "sensitive"})


class ExportError(ValueError):
    """The data does not describe a message; the text says where."""


def message_data(cls: type[Message]) -> dict[str, Any]:
    """*cls* as data: its name and its fields in order."""
    return {
        "name": cls.__name__,
        "fields": [{"name": name, "type": kind_data(kind)} for name, kind in cls.FIELDS.items()],
    }


def kind_data(kind: Kind) -> dict[str, Any]:
    """*kind* as data.  Raises TypeError for a kind outside the closed set."""
    if type(kind) not in _NAMES:
        raise TypeError(f"{type(kind).__name__} is not among the kinds that can be exported")
    data: dict[str, Any] = {"kind": _NAMES[type(kind)], "notation": kind.notation}
    if is_sensitive(kind):
        data["sensitive"] = True
    for parameter in dataclasses.fields(kind):
        value = getattr(kind, parameter.name)
        if value != parameter.default:
            data[parameter.name] = _plain(value)
    return data


def _plain(value: object) -> Any:
    if isinstance(value, Width):
        return {"setting": value.name, "default": value.default}
    if isinstance(value, Kind):
        return kind_data(value)
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, type):
        if issubclass(value, Message):
            return message_data(value)
        if issubclass(value, Enum):
            return {"name": value.__name__, "members": {member.name: member.value for member in value}}
        if issubclass(value, Refusal):
            return value.__name__
    if value is None or isinstance(value, str | int | bool):
        return value
    raise TypeError(f"{type(value).__name__} has no place in exported data")


def message_class(data: dict[str, Any]) -> type[Message]:
    """The message class that *data* describes.  Raises ExportError."""
    made: dict[str, Kind] = {}
    try:
        for each in data["fields"]:
            made[each["name"]] = _kind(each["type"], made)
        annotations = {name: Annotated[Any, kind] for name, kind in made.items()}
        return types.new_class(data["name"], (Message,), {}, lambda scope: scope.update(__annotations__=annotations))
    except (KeyError, TypeError, AttributeError) as e:
        raise ExportError(f"{data.get('name', '?')}: {type(e).__name__}: {e}") from None


def _kind(data: dict[str, Any], before: dict[str, Kind]) -> Kind:
    """The kind that *data* describes, in a message whose earlier fields are *before*."""
    given = {name: value for name, value in data.items() if name not in _DESCRIPTIVE}
    if data["kind"] == "when":
        given["values"] = [_member(value, before[given["name"]]) for value in given["values"]]
    kind = KINDS[data["kind"]](**{name: _parameter(name, value, before) for name, value in given.items()})
    if kind.notation != data["notation"]:
        raise ExportError(f"{data['kind']}: the notation says {data['notation']!r}, the parameters {kind.notation!r}")
    return kind


def _parameter(name: str, value: Any, before: dict[str, Kind]) -> Any:
    if name == "wrong":
        return getattr(refusal, value)
    if name in ("inner", "otherwise"):
        return _kind(value, before)
    if name == "options":
        return tuple(_kind(each, before) for each in value)
    if name == "cases":
        return tuple((each, _kind(kind, before)) for each, kind in value)
    if name == "of":
        return Enum(value["name"], value["members"]) if "members" in value else message_class(value)
    if name == "doubled":
        return value[0], _member(value[1], before[value[0]])
    if name == "binary" and isinstance(value, list):
        return value[0], tuple(_member(each, before[value[0]]) for each in value[1])
    if isinstance(value, dict):
        return Width(value["setting"], value["default"])
    return tuple(value) if isinstance(value, list) else value


def _member(text: Any, refers_to: Kind) -> Any:
    """*text* as the field it is compared with holds it."""
    while isinstance(inner := getattr(refers_to, "inner", None), Kind):
        refers_to = inner
    return refers_to.of(text) if isinstance(refers_to, Code) else text
