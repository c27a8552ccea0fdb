"""The canonical message: what was said, without how it was written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Union

from switch.codec.privacy import HIDDEN, PANS, masked_pan


class MessageError(Exception):
    """Bytes that are no message of the dialect, or a message that the dialect cannot say.

    *field* is ``DE 4``, ``DE 55 9F26``, ``MTI``, ``bitmap``, ``header`` or ``trailer``; *offset* counts bytes from the
    beginning of the message (the header included, the frame's length not) and is None when a message was to be encoded;
    *expected* says what should have stood there.  No value of the message is told.
    """

    def __init__(self, field: str, offset: int | None, expected: str) -> None:
        at = "" if offset is None else f" at byte {offset}"
        super().__init__(f"{field}{at}: expected {expected}")
        self.field = field
        self.offset = offset
        self.expected = expected


Value = Union[str, int, bytes, "Parts"]
"""Text as str; an amount in minor units as int; binary as bytes; an element with sub-fields as Parts."""


class Parts(Mapping[str, Value]):
    """The sub-fields of an element in the order of the wire, by name or tag.

    EMV lets a template of issuer scripts come twice, so a tag may stand twice in *pairs*; ``[]`` gives the first.
    """

    __slots__ = ("pairs",)
    pairs: tuple[tuple[str, Value], ...]

    def __init__(self, pairs: Mapping[str, Value] | Iterable[tuple[str, Value]]) -> None:
        given = pairs.items() if isinstance(pairs, Mapping) else pairs
        object.__setattr__(self, "pairs", tuple(given))

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("Parts are immutable")

    def __getitem__(self, name: str) -> Value:
        for each, value in self.pairs:
            if each == name:
                return value
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(name for name, _ in self.pairs))

    def __len__(self) -> int:
        return len({name for name, _ in self.pairs})

    def __eq__(self, other: object) -> bool:
        return self.pairs == other.pairs if isinstance(other, Parts) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.pairs)

    def __repr__(self) -> str:
        """The names alone: what a sub-field holds is known to the dialect's file only."""
        return f"Parts({', '.join(name for name, _ in self.pairs)})"


class Message:
    """One message: *mti* (four digits), *fields* by number, and what its network alone understands.

    *header* (bytes before the MTI, without the frame's length) and *trailer* (bytes after the last field) are kept as
    they came; an empty header stands for the dialect's own default.  Bitmaps are no fields: they follow from the others.
    """

    __slots__ = ("fields", "header", "mti", "trailer")
    mti: str
    fields: Mapping[int, Value]
    header: bytes
    trailer: bytes

    def __init__(self, mti: str, fields: Mapping[int, Value], header: bytes = b"", trailer: bytes = b"") -> None:
        put = object.__setattr__
        put(self, "mti", mti)
        put(self, "fields", MappingProxyType(dict(fields)))
        put(self, "header", header)
        put(self, "trailer", trailer)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("a message is immutable: changed() makes another")

    def changed(
        self,
        mti: str | None = None,
        fields: Mapping[int, Value] | None = None,
        without: Iterable[int] = (),
        header: bytes | None = None,
    ) -> Message:
        """The same with another *mti*, with *fields* put in or replaced, *without* others, under another *header*.

        ``header=b""`` is how a message passes to another network, whose default header it then takes.
        """
        left = {number: value for number, value in self.fields.items() if number not in set(without)}
        return Message(
            self.mti if mti is None else mti,
            left | dict(fields or {}),
            self.header if header is None else header,
            self.trailer if header is None else b"",
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Message):
            return NotImplemented
        mine = (self.mti, dict(self.fields), self.header, self.trailer)
        return mine == (other.mti, dict(other.fields), other.header, other.trailer)

    def __hash__(self) -> int:
        return hash((self.mti, frozenset(self.fields.items()), self.header, self.trailer))

    def __repr__(self) -> str:
        """Masked: PANs 6 and 4, and of what may hold a PIN block, a track, a key or a cryptogram the size alone."""
        shown = ", ".join(f"{number}: {_shown(number, self.fields[number])}" for number in sorted(self.fields))
        return f"Message({self.mti}, {{{shown}}})"


def _shown(number: int, value: Value) -> str:
    if isinstance(value, Parts):
        return repr(value)
    if isinstance(value, bytes) or (number in HIDDEN and isinstance(value, str)):
        return f"<{len(value)}>"
    if number in HIDDEN:
        return "<hidden>"
    if number in PANS:
        return repr(masked_pan(str(value)))
    return repr(value)
