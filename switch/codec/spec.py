"""A network's dialect: what its file declares, and from it how each element lies on the wire."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from switch.codec.cell import HEX, TEXT, Cell
from switch.codec.classes import CLASSES, NIBBLE_OF_TRACK, TRACK_OF_NIBBLE
from switch.codec.framing import Framing
from switch.codec.lengths import EBCDIC
from switch.codec.message import Parts, Value
from switch.codec.nested import Choice, Misfit

CODECS = {"ascii": "latin-1", "ebcdic": EBCDIC}


@dataclass(frozen=True)
class Coding:
    """How a dialect writes things; an element may differ in each.

    *digits*: ascii, ebcdic, ``bcd left 0``, ``bcd right 0`` or ``bcd right F`` (where an odd number is padded);
    *text*: ascii or ebcdic; *length*: ascii, ebcdic, bcd or binary; *binary*: raw, ``hex upper`` or ``hex lower``;
    *counts*: does a length count ``values`` (digits of BCD, bytes of binary) or ``bytes`` on the wire?
    """

    digits: str
    text: str
    length: str
    binary: str
    counts: str = "values"


@dataclass(frozen=True)
class Element:
    """A data element of a dialect: its class, greatest size, length digits (0: fixed), coding and what lies inside.

    *amount*: its digits are an amount in minor units, an int in the canonical message.  *hidden*: it is never shown.
    """

    number: int
    name: str
    cls: str
    size: int
    digits: int
    coding: Coding
    amount: bool = False
    hidden: bool = False
    choices: tuple[Choice, ...] = ()

    @property
    def notation(self) -> str:
        """As the standard writes it: ``n 6``, ``n..19``, ``ans...999``."""
        return f"{self.cls}{'.' * self.digits or ' '}{self.size}"

    def choice(self, mti: str) -> Choice | None:
        """What lies inside, in messages of this MTI."""
        return next((choice for choice in self.choices if mti.startswith(choice.mti)), None)

    def cells(self) -> tuple[tuple[str, Cell], ...]:
        """How it lies on the wire, by what the MTI begins with; the first that suits holds."""
        return (*((choice.mti, self._cell(choice)) for choice in self.choices), ("", self._cell(None)))

    def _cell(self, choice: Choice | None) -> Cell:
        coding, cls = self.coding, self.cls
        codec = CODECS[coding.text]
        view, per, pad, pattern, size, whole = TEXT, 1, "", CLASSES[cls][0], self.size, False
        if cls == "xn":
            whole, pattern = True, f"[CD][0-9]{{{size - 1}}}"
        if cls == "b":
            hexadecimal = coding.binary != "raw"
            view, per = (TEXT if hexadecimal else HEX), 2
            pattern = "[0-9A-F]{2}" if coding.binary == "hex upper" else "[0-9a-f]{2}"
            if hexadecimal and coding.counts == "bytes" and self.digits:
                per, size, pattern = 1, size * 2, pattern[:-3]
        elif cls in ("n", "z", "xn") and coding.digits.startswith("bcd"):
            view, pad = HEX, coding.digits[4:]
            pattern = "[0-9a-f]" if cls == "z" else pattern
            if cls == "xn":
                signs = "|".join(sign.encode(codec).hex() for sign in "CD")
                pattern = f"(?:{signs})[0-9]{{{size - 1}}}"
            elif coding.counts == "bytes" and self.digits:
                per, size, pattern = 2, (size + 1) // 2, f"{pattern}{{2}}"
        elif cls in ("n", "z", "xn"):
            codec = CODECS[coding.digits]
        reading, writing = self._conversions(view, codec, choice)
        return Cell(
            self.number, self.name, cls, size, self.digits, coding.length, view, per, pad, pattern, whole, codec,
            reading, writing,
        )  # fmt: skip

    def _conversions(
        self, view: int, codec: str, choice: Choice | None
    ) -> tuple[Callable[[str], Value] | None, Callable[[Value], str] | None]:
        """Content to value and back; None when they are the same."""
        if self.amount:
            return int, _amount(self.size)
        reading, writing = _FLAT.get((self.cls, view), (None, None))
        if self.cls == "b" and self.coding.binary == "hex upper":
            writing = _hex_upper
        if (self.cls, view) == ("xn", HEX):
            reading, writing = _signed(codec)
        if choice is None:
            return reading, writing
        return _inside(choice, reading, writing)


def _amount(size: int) -> Callable[[Value], str]:
    form = f"0{size}d"
    return lambda value: format(value, form)


def _hex(value: Value) -> str:
    return value.hex()  # type: ignore[union-attr]  # a value that is no bytes raises AttributeError


def _hex_upper(value: Value) -> str:
    return value.hex().upper()  # type: ignore[union-attr]  # as above


def _nibbles(value: Value) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value.translate(NIBBLE_OF_TRACK)


def _track(content: str) -> Value:
    return content.translate(TRACK_OF_NIBBLE)


_FLAT: Mapping[tuple[str, int], tuple[Callable[[str], Value], Callable[[Value], str]]] = {
    ("b", HEX): (bytes.fromhex, _hex),
    ("b", TEXT): (bytes.fromhex, _hex),
    ("z", HEX): (_track, _nibbles),
}


def _signed(codec: str) -> tuple[Callable[[str], Value], Callable[[Value], str]]:
    """A sign of one character before digits in nibbles."""

    def reading(content: str) -> Value:
        return bytes.fromhex(content[:2]).decode(codec) + content[2:]

    def writing(value: Value) -> str:
        if not isinstance(value, str) or not re.fullmatch("[CD][0-9]+", value):
            raise ValueError
        return value[:1].encode(codec).hex() + value[1:]

    return reading, writing


def _inside(
    choice: Choice, reading: Callable[[str], Value] | None, writing: Callable[[Value], str] | None
) -> tuple[Callable[[str], Value], Callable[[Value], str]]:
    """Conversions of an element with sub-fields, on top of those of its content."""

    def parts_of(content: str) -> Value:
        flat = reading(content) if reading else content
        assert isinstance(flat, str | bytes)
        return choice.read(flat)

    def content_of(value: Value) -> str:
        flat = choice.write(value)
        content = writing(flat) if writing else flat
        if not isinstance(content, str):
            raise TypeError
        return content

    return parts_of, content_of


@dataclass(frozen=True)
class HeaderPart:
    """A part of the header: *name*, its size in bytes, its default, and whether it must be just that.

    *message_length*: it holds the bytes of the whole message, header included, most significant first.
    """

    name: str
    bytes_count: int
    default: bytes
    literal: bool = False
    message_length: bool = False


@dataclass(frozen=True)
class Header:
    """What stands before the MTI: parts of fixed size, or nothing."""

    parts: tuple[HeaderPart, ...] = ()

    @cached_property
    def bytes_count(self) -> int:
        """Bytes of the whole header."""
        return sum(part.bytes_count for part in self.parts)

    @cached_property
    def default(self) -> bytes:
        """The header of a message that brings none."""
        return b"".join(part.default for part in self.parts)

    @cached_property
    def counting(self) -> slice | None:
        """Where the message's length stands, if it does."""
        at = 0
        for part in self.parts:
            if part.message_length:
                return slice(at, at + part.bytes_count)
            at += part.bytes_count
        return None

    def counted(self, header: bytes, message_bytes: int) -> bytes:
        """*header* with the message's length in it, if this network puts it there.  Raises OverflowError."""
        place = self.counting
        if place is None:
            return header
        return header[: place.start] + message_bytes.to_bytes(place.stop - place.start, "big") + header[place.stop :]

    @cached_property
    def pattern(self) -> re.Pattern[bytes]:
        """What a header must look like."""
        every = (re.escape(part.default) if part.literal else b".{%d}" % part.bytes_count for part in self.parts)
        return re.compile(b"".join(every), re.DOTALL)

    def read(self, header: bytes) -> Parts:
        """The header's parts, as bytes, by name.  Raises Misfit, with *at* counting bytes."""
        found: list[tuple[str, Value]] = []
        at = 0
        for part in self.parts:
            held = header[at : at + part.bytes_count]
            if len(held) < part.bytes_count or (part.literal and held != part.default):
                raise Misfit(part.name, at, "the network's literal" if part.literal else f"{part.bytes_count} bytes")
            found.append((part.name, held))
            at += part.bytes_count
        return Parts(found)

    def build(self, parts: Mapping[str, bytes]) -> bytes:
        """A header of the default parts with those of *parts* instead.  Raises Misfit."""
        whole = b"".join(parts.get(part.name, part.default) for part in self.parts)
        if not self.pattern.fullmatch(whole) or set(parts) - {part.name for part in self.parts}:
            raise Misfit("", 0, f"{self.bytes_count} bytes in {', '.join(part.name for part in self.parts)}")
        return whole


@dataclass(frozen=True)
class Spec:
    """A network's dialect.

    *mti*: ascii, ebcdic or bcd.  *bitmap*: binary, ``hex upper``, ``hex lower`` or ``ebcdic``.  *bitmaps*: how many there
    may be, 64 elements each.  *edition*: of the standard whose elements it has, or empty when it has its own.
    *secondary_always*: the second is written even when it is empty.
    """

    name: str
    title: str
    basis: str
    framing: Framing
    header: Header
    mti: str
    bitmap: str
    bitmaps: int
    secondary_always: bool
    trailer_bytes_max: int
    edition: str
    elements: Mapping[int, Element]
