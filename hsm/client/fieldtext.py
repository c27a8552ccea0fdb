"""A message's fields from what a person types: ``account=550000025321 block=DC80B186C30902B0``.

Every value is what stands on the wire, without padding and delimiters; bytes of open length are text, or hexadecimal
after ``hex:``.  Repeated fields are separated by commas, the fields of a group are written ``group.field=value``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import singledispatch
from typing import Any, TypeVar

from hsm.wire.codec import codec_of
from hsm.wire.counts import count_at, counted
from hsm.wire.kinds import Binary, Hex, HexOf, Kind, Mismatch, Number, Padded, Plain, Widths
from hsm.wire.message import Message
from hsm.wire.packed import Fixed, PackedChoice, Whole
from hsm.wire.readers import reader
from hsm.wire.shapes import (
    Ahead,
    BlockUnder,
    Cases,
    Group,
    IfMore,
    Key,
    KeySpec,
    Maybe,
    MaybeCounted,
    Prefixed,
    Repeated,
    Rest,
    ToEnd,
    Until,
    Variable,
    When,
)

M = TypeVar("M", bound=Message)


class FieldError(ValueError):
    """A field is missing, unknown or not of its kind; the text names it and never quotes the value."""


def message_from(cls: type[M], given: Mapping[str, str], widths: Widths | None = None) -> M:
    """The *cls* whose fields are *given* as text.  Raises FieldError."""
    known = {name: _names(name, kind) for name, kind in cls.FIELDS.items()}
    if unknown := set(given) - {each for names in known.values() for each in names}:
        fields = ", ".join(sorted({each for names in known.values() for each in names})) or "none"
        raise FieldError(f"no field {', '.join(sorted(unknown))}; there are: {fields}")
    values: dict[str, Any] = {}
    for name, kind in cls.FIELDS.items():
        own = {each: given[each] for each in known[name] if each in given}
        values[name] = _value(name, kind, own, widths or {}, values)
    message = cls(**values)
    codec_of(cls, widths).text(message)
    return message


def _names(name: str, kind: Kind) -> tuple[str, ...]:
    group = _group(kind)
    return (name,) if group is None else tuple(f"{name}.{each}" for each in group.of.FIELDS)


def _group(kind: Kind) -> Group | None:
    """The group of fields that *kind* is or may be; groups that repeat are typed as they stand on the wire."""
    while isinstance(kind, Maybe | IfMore | When):
        kind = kind.inner
    return kind if isinstance(kind, Group) else None


def _value(name: str, kind: Kind, own: Mapping[str, str], widths: Widths, before: Mapping[str, Any]) -> Any:
    absent = isinstance(kind, When) and before[kind.name] not in kind.values
    optional = isinstance(kind, Maybe | IfMore | Ahead) or absent
    if not own:
        if optional:
            return None
        if isinstance(kind, Repeated) and _times(kind, before) == 0:
            return ()
        if isinstance(kind, PackedChoice) and len(kind.texts) == 1:
            return kind.texts[0]
        raise FieldError(f"{name} is missing: {kind.notation}")
    if absent:
        raise FieldError(f"{name} must not be given: {kind.notation}")
    if (group := _group(kind)) is not None:
        return message_from(group.of, {each.partition(".")[2]: text for each, text in own.items()}, widths)
    try:
        return from_text(kind, own[name], widths, before)
    except (ValueError, Mismatch):
        raise FieldError(f"{name} must be {kind.notation}") from None


@singledispatch
def from_text(kind: Kind, text: str, widths: Widths, before: Mapping[str, Any]) -> Any:
    """The value of *kind* that *text* means; *before* are the fields already read.  Raises ValueError or Mismatch."""
    raise TypeError(f"{type(kind).__name__} can't be typed")


@from_text.register
def _(kind: Plain, text: str, widths: Widths, before: Mapping[str, Any]) -> Any:
    if re.fullmatch(kind.pattern(widths), text, re.DOTALL) is None:
        raise ValueError
    return kind.decode(text)


@from_text.register
def _(kind: Number, text: str, widths: Widths, before: Mapping[str, Any]) -> int:
    """Leading zeros may be left out."""
    if not text.isascii() or not text.isalnum() or len(text) > kind.width:
        raise ValueError
    return kind.decode(text.upper())


@from_text.register
def _(kind: Hex, text: str, widths: Widths, before: Mapping[str, Any]) -> bytes:
    value = bytes.fromhex(text)
    if len(value) != kind.size:
        raise ValueError
    return value


@from_text.register
def _(kind: Binary, text: str, widths: Widths, before: Mapping[str, Any]) -> bytes:
    """Hexadecimal, or the bytes themselves."""
    value = bytes.fromhex(text) if len(text) == 2 * kind.size else text.encode("latin-1")
    if len(value) != kind.size:
        raise ValueError
    return value


@from_text.register
def _(kind: Padded, text: str, widths: Widths, before: Mapping[str, Any]) -> str:
    """Fill may be left out."""
    return str(from_text.dispatch(Plain)(kind, kind.encode(text, widths), widths, before))


@from_text.register
def _(kind: Key, text: str, widths: Widths, before: Mapping[str, Any]) -> str:
    value, end = reader(kind, widths)(text, 0, {})
    if end != len(text):
        raise ValueError
    return str(value)


@from_text.register
def _(kind: Maybe | IfMore | When | Until, text: str, widths: Widths, before: Mapping[str, Any]) -> Any:
    return from_text(kind.inner, text, widths, before)


@from_text.register
def _(kind: Cases, text: str, widths: Widths, before: Mapping[str, Any]) -> Any:
    return from_text(kind.chosen(before), text, widths, before)


@from_text.register
def _(kind: BlockUnder, text: str, widths: Widths, before: Mapping[str, Any]) -> bytes:
    value, end = reader(kind, widths)(text, 0, dict(before))
    if end != len(text):
        raise ValueError
    return bytes(value)


@from_text.register
def _(kind: HexOf, text: str, widths: Widths, before: Mapping[str, Any]) -> bytes:
    value = bytes.fromhex(text)
    if len(value) not in kind.sizes:
        raise ValueError
    return value


@from_text.register
def _(kind: Repeated, text: str, widths: Widths, before: Mapping[str, Any]) -> tuple[Any, ...]:
    values = tuple(from_text(kind.inner, each, widths, before) for each in text.split(",") if each)
    if len(values) != _times(kind, before):
        raise ValueError
    return values


@from_text.register
def _(kind: Group, text: str, widths: Widths, before: Mapping[str, Any]) -> Message:
    return codec_of(kind.of, widths).parse(text)


@from_text.register
def _(kind: Prefixed | Rest | Variable, text: str, widths: Widths, before: Mapping[str, Any]) -> bytes:
    value = bytes.fromhex(text[4:]) if text.startswith("hex:") else text.encode("latin-1")
    if len(value) > kind.most:
        raise ValueError
    return value


@from_text.register
def _(kind: MaybeCounted, text: str, widths: Widths, before: Mapping[str, Any]) -> bytes:
    """The digits; fill may be left out."""
    digits = text + "F" * (len(text) % 2)
    if len(digits) // 2 != (before[kind.length] + 1) // 2:
        raise ValueError
    return bytes((len(digits) // 2,)) + bytes.fromhex(digits)


@from_text.register
def _(kind: Ahead, text: str, widths: Widths, before: Mapping[str, Any]) -> bytes:
    value = bytes.fromhex(text)
    if len(value) not in kind.sizes:
        raise ValueError
    return value


@from_text.register
def _(kind: Fixed, text: str, widths: Widths, before: Mapping[str, Any]) -> Any:
    """Digits as they stand on the wire, two in a byte; fill may be left out."""
    if not text.isascii() or not text.isalnum() or len(text) > 2 * kind.bytes_count:
        raise ValueError
    return from_text.dispatch(Plain)(kind, kind.encode(text.upper(), widths), widths, before)


@from_text.register
def _(kind: Whole, text: str, widths: Widths, before: Mapping[str, Any]) -> int:
    """A decimal number, whatever its bytes."""
    value = int(text) if text.isascii() and text.isdecimal() and len(text) <= 20 else -1
    if not kind.least <= value <= kind.most:
        raise ValueError
    return value


@from_text.register
def _(kind: KeySpec, text: str, widths: Widths, before: Mapping[str, Any]) -> str:
    """Hexadecimal: format byte and content, whose count may stand before them or be left to us."""
    raw = bytes.fromhex(text).decode("latin-1")
    found = count_at(raw, 0)
    return raw if found is not None and found[0] + found[1] == len(raw) else counted(raw)


@from_text.register
def _(kind: ToEnd, text: str, widths: Widths, before: Mapping[str, Any]) -> tuple[Any, ...]:
    values = tuple(from_text(kind.inner, each, widths, before) for each in text.split(",") if each)
    if len(values) > kind.most:
        raise ValueError
    return values


def _times(kind: Repeated, before: Mapping[str, Any]) -> int:
    return kind.count if isinstance(kind.count, int) else int(before[kind.count])
