"""What lies inside an element: forms that turn its text or bytes into Parts and back.

Every form is exact: what it reads it writes again, byte for byte, and what it could not write again it refuses.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from switch.codec.classes import CLASSES
from switch.codec.message import Parts, Value

PARTS_MAX = 256
"""Sub-fields of one element; the largest element has 9999 bytes."""


class Misfit(Exception):
    """Sub-field *name* at unit *at* (a character of the text, a byte of the binary) is not what was *expected*."""

    def __init__(self, name: str, at: int, expected: str) -> None:
        super().__init__(expected)
        self.name = name
        self.at = at
        self.expected = expected


@dataclass(frozen=True)
class SubField:
    """A sub-field *name* of *size* characters of class *cls*; ``size`` None: all that is left, at least one.

    *shown* says that it holds nothing which must be masked.
    """

    name: str
    cls: str
    size: int | None
    shown: bool = False

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """What it may hold."""
        return re.compile(CLASSES[self.cls][0] + ("+" if self.size is None else f"{{{self.size}}}"))

    @property
    def expected(self) -> str:
        """In words."""
        return f"{'some' if self.size is None else self.size} {CLASSES[self.cls][1]}"


@dataclass(frozen=True)
class Fixed:
    """Sub-fields one behind the other; those after the first *least* may be left off from the end."""

    parts: tuple[SubField, ...]
    least: int

    def read(self, text: str) -> Parts:
        """The sub-fields of *text*.  Raises Misfit."""
        found: list[tuple[str, Value]] = []
        at = 0
        for part in self.parts:
            if at == len(text) and len(found) >= self.least:
                break
            end = len(text) if part.size is None else at + part.size
            if not part.pattern.fullmatch(text[at:end]):
                raise Misfit(part.name, at, part.expected)
            found.append((part.name, text[at:end]))
            at = end
        if at < len(text):
            raise Misfit("", at, "nothing more")
        return Parts(found)

    def write(self, parts: Value) -> str:
        """The text that holds *parts*.  Raises Misfit."""
        if not isinstance(parts, Parts):
            raise Misfit("", 0, "sub-fields")
        names = [part.name for part in self.parts]
        given = [name for name, _ in parts.pairs]
        if given != names[: len(given)] or len(given) < self.least:
            raise Misfit("", 0, f"the sub-fields {', '.join(names)}")
        texts = []
        for part, (_, value) in zip(self.parts, parts.pairs, strict=False):
            if not isinstance(value, str) or not part.pattern.fullmatch(value):
                raise Misfit(part.name, 0, part.expected)
            texts.append(value)
        return "".join(texts)

    def shown(self, name: str) -> bool:
        """May the sub-field's content be shown?"""
        return any(part.shown for part in self.parts if part.name == name)


@dataclass(frozen=True)
class Repeated:
    """Groups of the same sub-fields, as often as the element is long; they are called 1, 2, 3 …"""

    group: Fixed

    @property
    def _chars(self) -> int:
        return sum(part.size or 0 for part in self.group.parts)

    def read(self, text: str) -> Parts:
        """The groups of *text*.  Raises Misfit."""
        found: list[tuple[str, Value]] = []
        for at in range(0, len(text), self._chars):
            try:
                found.append((str(len(found) + 1), self.group.read(text[at : at + self._chars])))
            except Misfit as misfit:
                raise Misfit(f"{len(found) + 1} {misfit.name}", at + misfit.at, misfit.expected) from None
        return Parts(found)

    def write(self, parts: Value) -> str:
        """The text that holds *parts*.  Raises Misfit."""
        if not isinstance(parts, Parts) or [n for n, _ in parts.pairs] != [str(i + 1) for i in range(len(parts.pairs))]:
            raise Misfit("", 0, "groups called 1, 2, 3 in this order")
        return "".join(self.group.write(group) for _, group in parts.pairs)

    def shown(self, name: str) -> bool:
        """May the content of a group's sub-field be shown?"""
        return self.group.shown(name)


@dataclass(frozen=True)
class Tagged:
    """Tag of *tag_chars* characters, length of *length_digits* decimal digits, so many characters; tags come once."""

    tag_chars: int
    length_digits: int
    shows: frozenset[str] = frozenset()

    def read(self, text: str) -> Parts:
        """The tags of *text*.  Raises Misfit."""
        found: dict[str, Value] = {}
        at, lead = 0, self.tag_chars + self.length_digits
        while at < len(text):
            tag, length = text[at : at + self.tag_chars], text[at + self.tag_chars : at + lead]
            if len(length) < self.length_digits or not (length.isascii() and length.isdecimal()):
                raise Misfit(tag, at, f"a tag of {self.tag_chars} characters and {self.length_digits} digits of length")
            end = at + lead + int(length)
            if end > len(text):
                raise Misfit(tag, at, f"{int(length)} characters, {len(text) - at - lead} are left")
            if tag in found or len(found) == PARTS_MAX:
                raise Misfit(tag, at, f"each tag once, and {PARTS_MAX} at most")
            found[tag] = text[at + lead : end]
            at = end
        return Parts(found)

    def write(self, parts: Value) -> str:
        """The text that holds *parts*.  Raises Misfit."""
        if not isinstance(parts, Parts):
            raise Misfit("", 0, "tags")
        pieces = []
        for tag, value in parts.pairs:
            if len(tag) != self.tag_chars or not isinstance(value, str) or len(value) >= 10**self.length_digits:
                raise Misfit(tag, 0, f"text of at most {10**self.length_digits - 1} characters")
            pieces.append(f"{tag}{len(value):0{self.length_digits}d}{value}")
        if len(parts) != len(parts.pairs) or len(pieces) > PARTS_MAX:
            raise Misfit("", 0, f"each tag once, and {PARTS_MAX} at most")
        return "".join(pieces)

    def shown(self, name: str) -> bool:
        """May the tag's content be shown?"""
        return name in self.shows


@dataclass(frozen=True)
class BerTlv:
    """BER-TLV as EMV uses it (EMV 4.3 book 3, annex B): tags of one to four bytes, definite lengths, the shortest form.

    Templates (constructed tags, such as issuer scripts 71 and 72) are kept whole and may repeat;
    a primitive tag comes once, so that no two readers can pick different ones.  Zero bytes at the end, which EMV allows,
    are kept under the name ``00``.
    """

    shows: frozenset[str] = frozenset()

    def read(self, content: bytes) -> Parts:
        """The data objects of *content*, tags in upper-case hexadecimal.  Raises Misfit."""
        found: list[tuple[str, Value]] = []
        seen: set[str] = set()
        for tag, at, value in _objects(content):
            if (tag in seen and not _constructed(tag)) or len(found) == PARTS_MAX:
                raise Misfit(tag, at, f"each primitive tag once, and {PARTS_MAX} objects at most")
            seen.add(tag)
            found.append((tag, value))
        return Parts(found)

    def write(self, parts: Value) -> bytes:
        """The bytes that hold *parts*.  Raises Misfit."""
        if not isinstance(parts, Parts):
            raise Misfit("", 0, "BER-TLV objects")
        pieces = []
        for tag, value in parts.pairs:
            if not isinstance(value, bytes) or not _TAG.fullmatch(tag):
                raise Misfit(tag, 0, "a tag in hexadecimal, with bytes")
            pieces.append(value if tag == "00" else bytes.fromhex(tag) + _length(len(value)) + value)
        written = b"".join(pieces)
        if self.read(written) != parts:
            raise Misfit("", 0, f"each primitive tag once, {PARTS_MAX} objects at most, and padding last")
        return written

    def shown(self, name: str) -> bool:
        """May the object's content be shown?"""
        return name in self.shows


_TAG = re.compile(r"(?:[0-9A-F]{2}){1,4}")
TAG_BYTES_MAX = 4
LENGTH_BYTES_MAX = 2


def _constructed(tag: str) -> bool:
    return bool(int(tag[:2], 16) & 0x20)


def _length(count: int) -> bytes:
    """BER length in its shortest form."""
    if count < 0x80:
        return bytes((count,))
    size = (count.bit_length() + 7) // 8
    return bytes((0x80 | size,)) + count.to_bytes(size, "big")


def _objects(content: bytes) -> Iterator[tuple[str, int, bytes]]:
    """Tag, where it begins, and value of each object.  Raises Misfit."""
    at = 0
    while at < len(content):
        if content[at] == 0:
            if any(content[at:]):
                raise Misfit("", at, "a tag, or nothing but zero bytes to the end")
            yield "00", at, content[at:]
            return
        end = at + 1
        if content[at] & 0x1F == 0x1F:
            while end < len(content) and content[end] & 0x80 and end - at < TAG_BYTES_MAX:
                end += 1
            end += 1
        tag = content[at:end].hex().upper()
        if end - at > TAG_BYTES_MAX or end >= len(content):
            raise Misfit(tag[:8], at, f"a tag of at most {TAG_BYTES_MAX} bytes and a length")
        begins, count = _counted(content, end, tag)
        if begins + count > len(content):
            raise Misfit(tag, at, f"{count} bytes, {max(0, len(content) - begins)} are left")
        yield tag, at, content[begins : begins + count]
        at = begins + count


def _counted(content: bytes, at: int, tag: str) -> tuple[int, int]:
    """Where the value begins whose length stands at *at*, and its bytes."""
    count, begins = content[at], at + 1
    if count & 0x80:
        size = count & 0x7F
        begins = at + 1 + size
        count = int.from_bytes(content[at + 1 : begins], "big")
        if not 0 < size <= LENGTH_BYTES_MAX or begins > len(content) or _length(count) != content[at:begins]:
            raise Misfit(tag, at, f"a definite length of at most {1 + LENGTH_BYTES_MAX} bytes in its shortest form")
    return begins, count


Form = Fixed | Repeated | Tagged | BerTlv


@dataclass(frozen=True)
class Choice:
    """The forms of an element in messages whose MTI begins with *mti*: the first that fits is taken.

    *keep* says that content which fits none stays as it is, unread; else it is refused as the last form says.
    """

    mti: str
    forms: tuple[Form, ...]
    keep: bool

    def read(self, content: str | bytes) -> Value:
        """*content* as Parts, or itself.  Raises Misfit."""
        refused = None
        for form in self.forms:
            try:
                return form.read(content)  # type: ignore[arg-type]  # BerTlv lies in binary elements alone; declared so
            except Misfit as misfit:
                refused = misfit
        if self.keep or refused is None:
            return content
        raise refused

    def write(self, value: Value) -> str | bytes:
        """The content that holds *value*.  Raises Misfit."""
        if isinstance(value, str | bytes) and self.keep:
            return value
        refused = None
        for form in self.forms:
            try:
                return form.write(value)
            except Misfit as misfit:
                refused = misfit
        assert refused is not None
        raise refused

    def form_of(self, value: Value) -> Form | None:
        """The form that *value* has."""
        for form in self.forms:
            try:
                form.write(value)
            except Misfit:
                continue
            return form
        return None
