"""How one data element lies on the wire.

A message is looked at in two views: as text, one character a byte, and as hexadecimal digits, two characters a byte.  An
element has its content in one of them.  *Content* is what stands there, without length and padding; a *value* is what the
canonical message holds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from switch.codec.classes import CLASSES
from switch.codec.lengths import WRITERS, lengths, width
from switch.codec.message import MessageError, Value
from switch.codec.nested import Misfit

TEXT, HEX = 0, 1


@dataclass(frozen=True)
class Views:
    """One message as bytes, as text in the dialect's character code, and as hexadecimal digits in lower case."""

    wire: bytes
    text: str
    hexed: str


@dataclass(frozen=True)
class Cell:
    """The place of data element *number*: class *cls*, *size* at most (exactly, when *digits* is 0).

    *digits*: decimal digits that the length prefix stands for, coded as *length*.  *view* is where the content is read;
    one counted unit takes *per* characters there.  *pad* fills an odd number of nibbles: ``left 0``, ``right 0``,
    ``right F`` or ``""``.  *pattern* is the regular expression of one unit, or of the whole of a fixed content when
    *whole*.  *to_value* and *from_value* turn content into value and back (ValueError, TypeError, AttributeError when
    that can't be; Misfit when what is inside doesn't fit).
    """

    number: int
    name: str
    cls: str
    size: int
    digits: int
    length: str
    view: int
    per: int
    pad: str
    pattern: str
    whole: bool
    codec: str
    to_value: Callable[[str], Value] | None = field(default=None, compare=False)
    from_value: Callable[[Value], str] | None = field(default=None, compare=False)

    @property
    def expected(self) -> str:
        """What stands there, in words: '6 digits', 'at most 19 digits'."""
        return f"{'at most ' if self.digits else ''}{self.size} {CLASSES[self.cls][1]}"

    @property
    def content_pattern(self) -> str:
        """Regular expression of the content, without length and padding."""
        if self.whole:
            return self.pattern
        return f"(?:{self.pattern}){{{0 if self.digits else self.size},{self.size}}}"

    @cached_property
    def check(self) -> re.Pattern[str]:
        """The content's pattern, compiled."""
        return re.compile(self.content_pattern)

    @property
    def prefix_bytes(self) -> int:
        """Bytes of the length."""
        return width(self.length, self.digits) if self.digits else 0

    @cached_property
    def counts(self) -> Mapping[bytes, int]:
        """Length prefix → count."""
        return lengths(self.length, self.digits, self.size)

    def chars(self, count: int) -> int:
        """Characters of a content of so many units; a signed amount's sign takes a whole byte among its digits."""
        return count * self.per + (1 if self.whole and self.view == HEX else 0)

    def padded(self, chars: int) -> tuple[str, str]:
        """What stands before and behind a content of *chars* characters, to make whole bytes of nibbles."""
        if self.view == TEXT or chars % 2 == 0:
            return "", ""
        side, filler = self.pad.split()
        return (filler.lower(), "") if side == "left" else ("", filler.lower())

    def before(self, chars: int) -> str:
        """What stands before a content of *chars* characters, in the view of the content: its length, and padding."""
        prefix = WRITERS[self.length][1](chars // self.per, self.digits) if self.digits else b""
        shown = prefix.hex() if self.view == HEX else prefix.decode(self.codec)
        return shown + self.padded(chars)[0]

    @cached_property
    def befores(self) -> Mapping[int, str]:
        """``before`` for every number of characters that there can be; empty when it is never anything."""
        if not self.digits and not self.pad:
            return {}
        counts = range(self.size + 1) if self.digits else (self.size,)
        return {chars: self.before(chars) for chars in map(self.chars, counts)}

    def read(self, views: Views, at: int) -> tuple[Value, int]:
        """The value at byte *at*, and where the next element begins.  Raises MessageError."""
        content, end = self.content(views, at)
        if self.to_value is None:
            return content, end
        try:
            return self.to_value(content), end
        except Misfit as misfit:
            begins = at + self.prefix_bytes + self._bytes_of(misfit.at)
            raise MessageError(f"{self.label} {misfit.name}".rstrip(), begins, misfit.expected) from None
        except ValueError:
            raise MessageError(self.label, at, "hexadecimal digits in pairs") from None

    def _bytes_of(self, units: int) -> int:
        """Bytes on the wire that so many units of the value take: bytes of binary, else characters."""
        if self.cls == "b":
            return units * 2 if self.view == TEXT else units
        return units // 2 if self.view == HEX else units

    @property
    def label(self) -> str:
        """What errors call it."""
        return f"DE {self.number}"

    def content(self, views: Views, at: int) -> tuple[str, int]:
        """The content at byte *at*, checked, and where the next element begins.  Raises MessageError."""
        count = self.size
        if self.digits:
            prefix = views.wire[at : at + self.prefix_bytes]
            found = self.counts.get(prefix)
            if found is None:
                limit = f"a length of 0 to {self.size} as {self.prefix_bytes} bytes {self.length}"
                raise MessageError(self.label, at, limit)
            count, at = found, at + self.prefix_bytes
        chars = self.chars(count)
        left, right = self.padded(chars)
        view, unit = (views.hexed, 2) if self.view == HEX else (views.text, 1)
        stored = view[at * unit : at * unit + len(left) + chars + len(right)]
        end = at + (len(left) + chars + len(right)) // unit
        if end > len(views.wire):
            raise MessageError(self.label, at, f"{end - at} bytes, {len(views.wire) - at} are left")
        content = stored[len(left) : len(left) + chars]
        if stored != left + content + right:
            raise MessageError(self.label, at, f"padding {self.pad} of {count} digits")
        if not self.check.fullmatch(content):
            raise MessageError(self.label, at + self._wrong_at(content) // unit, self.expected)
        return content, end

    def _wrong_at(self, content: str) -> int:
        if self.whole:
            return 0
        sound = re.compile(f"(?:{self.pattern})*").match(content)
        return sound.end() if sound else 0

    def write(self, value: Value) -> bytes:
        """The element on the wire.  Raises MessageError."""
        try:
            content = self.from_value(value) if self.from_value else value
        except Misfit as misfit:
            raise MessageError(f"{self.label} {misfit.name}".rstrip(), None, misfit.expected) from None
        except (ValueError, TypeError, AttributeError):
            content = None
        if not isinstance(content, str) or not self.check.fullmatch(content):
            raise MessageError(self.label, None, self.expected)
        shown = self.before(len(content)) + content + self.padded(len(content))[1]
        return bytes.fromhex(shown) if self.view == HEX else shown.encode(self.codec)
