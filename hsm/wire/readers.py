"""One reader and one writer for each kind.

A reader takes the text, where to start and the fields seen so far, and returns the value and where it ended, or raises
Mismatch.  A writer takes the value and the message's fields.  Both are compiled once a message and set of widths.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import singledispatch
from typing import TYPE_CHECKING, Any

from hsm.refusal import DataLengthInvalid
from hsm.wire.kinds import Kind, Mismatch, Plain, Widths, width_of
from hsm.wire.shapes import (
    Ahead,
    BlockUnder,
    Cases,
    Group,
    IfMore,
    Key,
    Maybe,
    Prefixed,
    Repeated,
    Rest,
    ToEnd,
    Until,
    When,
)

if TYPE_CHECKING:
    from hsm.wire.codec import Codec

Reader = Callable[[str, int, dict[str, Any]], tuple[Any, int]]
Writer = Callable[[Any, Mapping[str, Any]], str]

KEY_BLOCK_HEADER_CHARS = 16
_PRINTABLE = re.compile("[ -~]+").fullmatch

REPEATED_MOST = 1_000
"""No message repeats a field more often than this."""


@singledispatch
def reader(kind: Kind, widths: Widths) -> Reader:
    """What reads a field of *kind* under *widths*."""
    raise TypeError(f"no reader for {type(kind).__name__}")


@singledispatch
def writer(kind: Kind, widths: Widths) -> Writer:
    """What writes a field of *kind* under *widths*."""
    raise TypeError(f"no writer for {type(kind).__name__}")


def sub_codec(kind: Group, widths: Widths) -> Codec[Any]:
    """The codec of a group's message; asked for late, because codecs are made of readers."""
    from hsm.wire.codec import codec_of

    return codec_of(kind.of, widths)


@reader.register
def _(kind: Plain, widths: Widths) -> Reader:
    match = re.compile(kind.pattern(widths), re.DOTALL).match
    decode, notation, wrong = kind.decode, kind.notation, kind.wrong

    def read(text: str, at: int, seen: dict[str, Any]) -> tuple[Any, int]:
        found = match(text, at)
        if found is None:
            raise Mismatch(notation, wrong)
        try:
            return decode(found.group()), found.end()
        except ValueError:
            raise Mismatch(notation, wrong) from None

    return read


@writer.register
def _(kind: Plain, widths: Widths) -> Writer:
    encode = kind.encode
    return lambda value, seen: encode(value, widths)


@reader.register
def _(kind: Key, widths: Widths) -> Reader:
    untagged = width_of(kind.untagged, widths)
    variant = re.compile(key_pattern(untagged)).match
    block = re.compile("[SR][0-9A-Z]([0-9]{4})").match
    stored = re.compile("[UTXYSR]?K[0-9A-F]{3}").match
    notation, wrong = kind.notation, kind.wrong

    ending = [
        re.compile(
            f"[0-9A-F]{{{digits}}}(?=(?:{'|'.join(f'[0-9A-F]{{{n}}}' for n in kind.followed)})(?:\x19|\\Z))"
        ).match
        for digits in (16, 32, 48)
        if kind.followed
    ]

    def read(text: str, at: int, seen: dict[str, Any]) -> tuple[str, int]:
        for ends in ending:
            if (found := ends(text, at)) is not None:
                return found.group(), found.end()
        if (found := variant(text, at)) is not None or (found := stored(text, at)) is not None:
            return found.group(), found.end()
        if (found := block(text, at)) is not None:
            end = at + 1 + int(found.group(1))
            if end - at > KEY_BLOCK_HEADER_CHARS + 1 and end <= len(text) and _PRINTABLE(text, at, end):
                return text[at:end], end
        raise Mismatch(notation, wrong)

    return read


def key_pattern(untagged: int) -> str:
    """The forms of a key that a regular expression can bound."""
    return f"(?:[0-9A-F]{{{untagged}}}|[UX][0-9A-F]{{32}}|[TY][0-9A-F]{{48}})"


@writer.register
def _(kind: Key, widths: Widths) -> Writer:
    return lambda value, seen: str(value)


@reader.register
def _(kind: Maybe, widths: Widths) -> Reader:
    inner, lead, skip = reader(kind.inner, widths), kind.lead, len(kind.lead)

    def read(text: str, at: int, seen: dict[str, Any]) -> tuple[Any, int]:
        return inner(text, at + skip, seen) if text.startswith(lead, at) else (None, at)

    return read


@writer.register
def _(kind: Maybe, widths: Widths) -> Writer:
    inner, lead = writer(kind.inner, widths), kind.lead
    return lambda value, seen: lead + inner(value, seen)


@reader.register
def _(kind: IfMore, widths: Widths) -> Reader:
    inner = reader(kind.inner, widths)

    def read(text: str, at: int, seen: dict[str, Any]) -> tuple[Any, int]:
        return (None, at) if text[at : at + 1] in ("", "%", "\x19") else inner(text, at, seen)

    return read


@writer.register
def _(kind: IfMore, widths: Widths) -> Writer:
    return writer(kind.inner, widths)


@reader.register
def _(kind: When, widths: Widths) -> Reader:
    inner, name, values = reader(kind.inner, widths), kind.name, kind.values

    def read(text: str, at: int, seen: dict[str, Any]) -> tuple[Any, int]:
        return inner(text, at, seen) if seen[name] in values else (None, at)

    return read


@writer.register
def _(kind: When, widths: Widths) -> Writer:
    return writer(kind.inner, widths)


@reader.register
def _(kind: Cases, widths: Widths) -> Reader:
    readers = {inner: reader(inner, widths) for inner in (*(k for _, k in kind.cases), kind.otherwise)}
    return lambda text, at, seen: readers[kind.chosen(seen)](text, at, seen)


@writer.register
def _(kind: Cases, widths: Widths) -> Writer:
    writers = {inner: writer(inner, widths) for inner in (*(k for _, k in kind.cases), kind.otherwise)}
    return lambda value, seen: writers[kind.chosen(seen)](value, seen)


@reader.register
def _(kind: BlockUnder, widths: Widths) -> Reader:
    matches = {digits: re.compile(f"[0-9A-F]{{{digits}}}").match for digits in (16, 32)}
    notation, wrong, key, digits_for = kind.notation, kind.wrong, kind.key, kind.digits

    def read(text: str, at: int, seen: dict[str, Any]) -> tuple[bytes, int]:
        found = matches[digits_for(seen[key])](text, at)
        if found is None:
            raise Mismatch(notation, wrong)
        return bytes.fromhex(found.group()), found.end()

    return read


@writer.register
def _(kind: BlockUnder, widths: Widths) -> Writer:
    return lambda value, seen: str(value.hex().upper())


@reader.register
def _(kind: Until, widths: Widths) -> Reader:
    inner, delimiter, notation, wrong = reader(kind.inner, widths), kind.delimiter, kind.notation, kind.wrong

    def read(text: str, at: int, seen: dict[str, Any]) -> tuple[Any, int]:
        value, end = inner(text, at, seen)
        if not text.startswith(delimiter, end):
            raise Mismatch(notation, wrong, end - at)
        return value, end + len(delimiter)

    return read


@writer.register
def _(kind: Until, widths: Widths) -> Writer:
    inner, delimiter = writer(kind.inner, widths), kind.delimiter
    return lambda value, seen: inner(value, seen) + delimiter


@reader.register
def _(kind: Repeated, widths: Widths) -> Reader:
    inner, count = reader(kind.inner, widths), kind.count

    def read(text: str, at: int, seen: dict[str, Any]) -> tuple[Any, int]:
        times = count if isinstance(count, int) else int(seen[count])
        values, end = [], at
        for _ in range(min(times, REPEATED_MOST)):
            try:
                value, end = inner(text, end, seen)
            except Mismatch as e:
                raise Mismatch(e.expected, e.wrong or kind.wrong, end - at + e.offset, e.name) from None
            values.append(value)
        return tuple(values), end

    return read


@writer.register
def _(kind: Repeated, widths: Widths) -> Writer:
    inner = writer(kind.inner, widths)
    return lambda value, seen: "".join(inner(v, seen) for v in value)


@reader.register
def _(kind: Group, widths: Widths) -> Reader:
    walk = sub_codec(kind, widths).walk
    return lambda text, at, seen: walk(text, at)


@writer.register
def _(kind: Group, widths: Widths) -> Writer:
    build = sub_codec(kind, widths).text
    return lambda value, seen: build(value)


@reader.register
def _(kind: Prefixed, widths: Widths) -> Reader:
    width, base, unit = width_of(kind.width, widths), width_of(kind.base, widths), width_of(kind.unit, widths)
    digits = re.compile(f"[0-9{'A-F' if base == 16 else ''}]{{{width}}}").match
    most, doubled, included, notation, wrong = kind.most, kind.doubled, kind.included, kind.notation, kind.wrong

    def read(text: str, at: int, seen: dict[str, Any]) -> tuple[bytes, int]:
        found = digits(text, at)
        if found is None:
            raise Mismatch(notation, wrong)
        count = int(found.group(), base) * unit
        if doubled is not None and seen[doubled[0]] == doubled[1]:
            count *= 2
        count -= included
        start, end = at + width, at + width + count
        if not 0 <= count <= most or end > len(text):
            raise Mismatch(notation, wrong or DataLengthInvalid, width)
        return text[start:end].encode("latin-1"), end

    return read


@writer.register
def _(kind: Prefixed, widths: Widths) -> Writer:
    width, base, unit = width_of(kind.width, widths), width_of(kind.base, widths), width_of(kind.unit, widths)
    letter, doubled, included = "X" if base == 16 else "d", kind.doubled, kind.included

    def write(value: bytes, seen: Mapping[str, Any]) -> str:
        count = len(value) // 2 if doubled is not None and seen[doubled[0]] == doubled[1] else len(value) // unit
        count += included
        return f"{count:0{width}{letter}}" + value.decode("latin-1")

    return write


@reader.register
def _(kind: Rest, widths: Widths) -> Reader:
    most, notation, wrong = kind.most, kind.notation, kind.wrong

    def read(text: str, at: int, seen: dict[str, Any]) -> tuple[bytes, int]:
        if len(text) - at > most:
            raise Mismatch(notation, wrong)
        return text[at:].encode("latin-1"), len(text)

    return read


@writer.register
def _(kind: Rest, widths: Widths) -> Writer:
    return lambda value, seen: value.decode("latin-1")


_HEX_BLOCK = re.compile("(?:[0-9A-F]{2})*").fullmatch


@reader.register
def _(kind: Ahead, widths: Widths) -> Reader:
    count = re.compile(f"[0-9{'A-F' if kind.base == 16 else ''}]{{{kind.width}}}").match

    def counts(text: str, at: int) -> bool:
        """Does a count stand at *at* that reaches just to the end, or to the trailer?"""
        led = count(text, at)
        end = led.end() + int(led.group(), kind.base) if led else len(text) + 1
        return end <= len(text) and text[end : end + 1] in ("", "\x19")

    def read(text: str, at: int, seen: dict[str, Any]) -> tuple[bytes | None, int]:
        if not counts(text, at):
            for size in kind.sizes:
                end = at + 2 * size
                if counts(text, end) and _HEX_BLOCK(text, at, end):
                    return bytes.fromhex(text[at:end]), end
        return None, at

    return read


@writer.register
def _(kind: Ahead, widths: Widths) -> Writer:
    return lambda value, seen: value.hex().upper()


@reader.register
def _(kind: ToEnd, widths: Widths) -> Reader:
    inner, most = reader(kind.inner, widths), kind.most

    def read(text: str, at: int, seen: dict[str, Any]) -> tuple[Any, int]:
        values: list[Any] = []
        end = at
        while end < len(text) and len(values) < most:
            try:
                value, end = inner(text, end, seen)
            except Mismatch as e:
                raise Mismatch(e.expected, e.wrong or kind.wrong, end - at + e.offset, e.name) from None
            values.append(value)
        return tuple(values), end

    return read


@writer.register
def _(kind: ToEnd, widths: Widths) -> Writer:
    inner = writer(kind.inner, widths)
    return lambda value, seen: "".join(inner(v, seen) for v in value)
