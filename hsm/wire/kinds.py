"""The plain kinds: a field that one regular expression describes.

A kind is frozen data.  ``pattern`` is its regular expression without groups, ``decode`` turns the matched text into a
value, ``encode`` turns the value back, ``notation`` is how a manual writes it.  ``wrong`` names the refusal that a
malformed field deserves; without one, the message as a whole is invalid.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, ClassVar

from hsm.refusal import Refusal

Widths = dict[str, int]
"""Field widths that the appliance's settings decide, by name."""


@dataclass(frozen=True, slots=True)
class Width:
    """A width in characters that a setting decides: *name* in ``Widths``, else *default*."""

    name: str
    default: int

    def under(self, widths: Widths) -> int:
        return widths.get(self.name, self.default)


def width_of(width: int | Width, widths: Widths) -> int:
    """Characters that *width* is under *widths*."""
    return width.under(widths) if isinstance(width, Width) else width


def width_text(width: int | Width) -> str:
    """*width* as manuals write it."""
    return f"{width.name} (default {width.default})" if isinstance(width, Width) else str(width)


class Mismatch(Exception):
    """A field can't be read: what was *expected*, *offset* characters into it."""

    def __init__(self, expected: str, wrong: type[Refusal] | None = None, offset: int = 0, name: str = "") -> None:
        super().__init__(expected)
        self.expected = expected
        self.wrong = wrong
        self.offset = offset
        self.name = name


@dataclass(frozen=True)
class Kind:
    """What one field looks like on the wire."""

    sensitive: ClassVar[bool] = False
    wrong: type[Refusal] | None = field(default=None, kw_only=True)

    @property
    def notation(self) -> str:
        """How manuals write it: ``2 N``, ``16 H``."""
        raise NotImplementedError(type(self).__name__)


@dataclass(frozen=True)
class Plain(Kind):
    """A kind that a regular expression without groups describes whole."""

    def pattern(self, widths: Widths) -> str:
        raise NotImplementedError(type(self).__name__)

    def decode(self, text: str) -> Any:
        """The value; ValueError when the text is of the right shape and still no value."""
        return text

    def encode(self, value: Any, widths: Widths) -> str:
        return str(value)

    def table(self) -> dict[str, Any] | None:
        """All texts and their values, for kinds of few values: reading is then one look-up."""
        return None


@dataclass(frozen=True)
class Digits(Plain):
    """Decimal text of a fixed width."""

    width: int | Width = 1

    def pattern(self, widths: Widths) -> str:
        return f"[0-9]{{{width_of(self.width, widths)}}}"

    @property
    def notation(self) -> str:
        return f"{width_text(self.width)} N"


@dataclass(frozen=True)
class Account(Digits):
    """Digits of an account number: shown masked."""

    sensitive: ClassVar[bool] = True


@dataclass(frozen=True)
class CardValue(Plain):
    """*width* digits that prove a card (CVV, CVC, CSC), or as many F for none where it *may_be_absent*: shown masked."""

    sensitive: ClassVar[bool] = True
    width: int = 3
    may_be_absent: bool = False

    def pattern(self, widths: Widths) -> str:
        absent = f"|F{{{self.width}}}" if self.may_be_absent else ""
        return f"(?:[0-9]{{{self.width}}}{absent})"

    @property
    def notation(self) -> str:
        return f"{self.width} N" + (f", or {'F' * self.width} for none" if self.may_be_absent else "")


@dataclass(frozen=True)
class Number(Plain):
    """Text of *width* digits in *base* 10 or 16, read as an integer from *least* to *most*."""

    width: int = 1
    least: int = 0
    most: int = 9
    base: int = 10

    def pattern(self, widths: Widths) -> str:
        return f"[0-9{'A-F' if self.base == 16 else ''}]{{{self.width}}}"

    @property
    def notation(self) -> str:
        letter = "H" if self.base == 16 else "N"
        return f"{self.width} {letter}, {self.least} to {self.most}"

    def decode(self, text: str) -> int:
        value = int(text, self.base)
        if not self.least <= value <= self.most:
            raise ValueError(f"{self.least} to {self.most}")
        return value

    def encode(self, value: int, widths: Widths) -> str:
        return f"{value:0{self.width}{'X' if self.base == 16 else 'd'}}"

    def table(self) -> dict[str, int] | None:
        if self.width > 2:
            return None
        return {self.encode(v, {}): v for v in range(self.least, self.most + 1)}


@dataclass(frozen=True)
class Hex(Plain):
    """*size* bytes as upper-case hexadecimal text."""

    size: int = 8

    def pattern(self, widths: Widths) -> str:
        return f"[0-9A-F]{{{2 * self.size}}}"

    @property
    def notation(self) -> str:
        return f"{2 * self.size} H"

    def decode(self, text: str) -> bytes:
        return bytes.fromhex(text)

    def encode(self, value: bytes, widths: Widths) -> str:
        return value.hex().upper()


@dataclass(frozen=True)
class HexOf(Hex):
    """As many bytes as one of *sizes* says, the longest that fits, as upper-case hexadecimal text."""

    sizes: tuple[int, ...] = (8,)

    def pattern(self, widths: Widths) -> str:
        return "(?:" + "|".join(f"[0-9A-F]{{{2 * size}}}" for size in sorted(self.sizes, reverse=True)) + ")"

    @property
    def notation(self) -> str:
        return " or ".join(f"{2 * size} H" for size in sorted(self.sizes))


@dataclass(frozen=True)
class Binary(Plain):
    """*size* bytes as they are."""

    size: int = 8

    def pattern(self, widths: Widths) -> str:
        return f"[\\x00-\\xff]{{{self.size}}}"

    @property
    def notation(self) -> str:
        return f"{self.size} B"

    def decode(self, text: str) -> bytes:
        return text.encode("latin-1")

    def encode(self, value: bytes, widths: Widths) -> str:
        return value.decode("latin-1")


ALPHABETS = {"N": "0-9", "H": "0-9A-F", "A": "\\x20-\\x7e", "L": "0-9A-Z"}
"""Character classes by the letter that manuals use for them; L is letters and digits, as in key-block headers."""


@dataclass(frozen=True)
class Text(Plain):
    """Between *least* and *most* characters of an alphabet (``N``, ``H``, ``A``, ``L``), less those in *without*."""

    alphabet: str = "A"
    least: int = 1
    most: int = 1
    without: str = ""

    def pattern(self, widths: Widths) -> str:
        barred = f"(?![{re.escape(self.without)}])" if self.without else ""
        return f"(?:{barred}[{ALPHABETS[self.alphabet]}]){{{self.least},{self.most}}}"

    @property
    def notation(self) -> str:
        span = f"{self.least}" if self.least == self.most else f"{self.least}-{self.most}"
        return f"{span} {self.alphabet}"


@dataclass(frozen=True)
class Pan(Text):
    """A primary account number: shown masked."""

    sensitive: ClassVar[bool] = True


@dataclass(frozen=True)
class Padded(Plain):
    """Between *least* and *width* digits, left-justified in *width* characters and filled with *fill* on the right."""

    width: int | Width = 12
    least: int = 1
    fill: str = "F"

    def pattern(self, widths: Widths) -> str:
        # All fill, or a digit and then one character less: it can't run over into a next field that begins like fill.
        tail = ""
        for left in range(1, width_of(self.width, widths) - self.least + 1):
            tail = f"(?:{re.escape(self.fill)}{{{left}}}|[0-9]{tail})"
        return f"[0-9]{{{self.least}}}{tail}"

    @property
    def notation(self) -> str:
        return f"{width_text(self.width)} H, digits then {self.fill}"

    def decode(self, text: str) -> str:
        return text.rstrip(self.fill)

    def encode(self, value: str, widths: Widths) -> str:
        return value.ljust(width_of(self.width, widths), self.fill)


@dataclass(frozen=True)
class ClearPin(Padded):
    """A clear PIN: shown masked."""

    sensitive: ClassVar[bool] = True


@dataclass(frozen=True)
class Choice(Plain):
    """One of several fixed texts of equal or different length."""

    texts: tuple[str, ...] = ()

    def pattern(self, widths: Widths) -> str:
        return "(?:" + "|".join(re.escape(t) for t in sorted(self.texts, key=len, reverse=True)) + ")"

    @property
    def notation(self) -> str:
        return "one of " + ", ".join(self.texts) if len(self.texts) > 1 else f"'{self.texts[0]}'"

    def table(self) -> dict[str, str]:
        return {t: t for t in self.texts}


@dataclass(frozen=True)
class Code(Plain):
    """One of an enumeration whose values are the texts."""

    of: type[Enum] = Enum

    def pattern(self, widths: Widths) -> str:
        return "(?:" + "|".join(re.escape(m.value) for m in self.of) + ")"

    @property
    def notation(self) -> str:
        return "one of " + ", ".join(f"{m.value}" for m in self.of)

    def decode(self, text: str) -> Enum:
        return self.of(text)

    def encode(self, value: Enum, widths: Widths) -> str:
        return str(value.value)

    def table(self) -> dict[str, Enum]:
        return {m.value: m for m in self.of}


@dataclass(frozen=True)
class Pattern(Plain):
    """The way out for a field that fits no other kind: its expression (without groups) and notation, by hand."""

    expression: str = ""
    words: str = ""

    def pattern(self, widths: Widths) -> str:
        return self.expression

    @property
    def notation(self) -> str:
        return self.words


@dataclass(frozen=True)
class HexDigits(Plain):
    """Hexadecimal text of a fixed width that stays text."""

    width: int | Width = 1

    def pattern(self, widths: Widths) -> str:
        return f"[0-9A-F]{{{width_of(self.width, widths)}}}"

    @property
    def notation(self) -> str:
        return f"{width_text(self.width)} H"


@dataclass(frozen=True)
class Either(Plain):
    """Text of the first of *options* that fits; none of them may turn its text into another value."""

    options: tuple[Plain, ...] = ()

    def pattern(self, widths: Widths) -> str:
        return "(?:" + "|".join(option.pattern(widths) for option in self.options) + ")"

    @property
    def notation(self) -> str:
        return " or ".join(option.notation for option in self.options)
