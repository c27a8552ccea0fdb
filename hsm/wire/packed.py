"""The plain kinds of dialects whose fields are bytes: packed digits, binary numbers.

Every kind here takes a fixed number of bytes, so that a message can be read on past a field whose content is wrong:
hosts of such dialects are told what is wrong with the length and the keys first (``codec.Codec.survey``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from hsm.wire.kinds import Plain, Widths

_BCD = "".join(f"\\x{tens}0-\\x{tens}9" for tens in range(10))


def _packed(text: str) -> str:
    """Hexadecimal digits, two in a character."""
    return bytes.fromhex(text).decode("latin-1")


@dataclass(frozen=True)
class Fixed(Plain):
    """A kind of ``bytes_count`` bytes, whatever they hold."""

    @property
    def bytes_count(self) -> int:
        """How many bytes it takes."""
        raise NotImplementedError(type(self).__name__)


@dataclass(frozen=True)
class Packed(Fixed):
    """*digits* digits, two in a byte (BCD), or hexadecimal digits if *alphabet* is ``H``; the value is their text."""

    digits: int = 2
    alphabet: str = "N"
    hidden: bool = field(default=False, kw_only=True)

    @property
    def bytes_count(self) -> int:
        return self.digits // 2

    def pattern(self, widths: Widths) -> str:
        return f"[{_BCD if self.alphabet == 'N' else chr(92) + 'x00-' + chr(92) + 'xff'}]{{{self.bytes_count}}}"

    @property
    def notation(self) -> str:
        return f"{self.bytes_count} B of {self.digits} packed {'decimal' if self.alphabet == 'N' else 'hex'} digits"

    def decode(self, text: str) -> str:
        return text.encode("latin-1").hex().upper()

    def encode(self, value: str, widths: Widths) -> str:
        return _packed(value)


@dataclass(frozen=True)
class PackedPadded(Fixed):
    """Between *least* and *digits* decimal digits, two in a byte, left-justified and filled with F."""

    digits: int = 4
    least: int = 1
    hidden: bool = field(default=False, kw_only=True)

    @property
    def bytes_count(self) -> int:
        return self.digits // 2

    def pattern(self, widths: Widths) -> str:
        return f"[\\x00-\\xff]{{{self.bytes_count}}}"

    @property
    def notation(self) -> str:
        return f"{self.bytes_count} B of {self.least} to {self.digits} packed decimal digits, then F"

    def decode(self, text: str) -> str:
        value = text.encode("latin-1").hex().upper().rstrip("F")
        if len(value) < self.least or not value.isdecimal():
            raise ValueError("digits, then F")
        return value

    def encode(self, value: str, widths: Widths) -> str:
        return _packed(value.ljust(self.digits, "F"))


@dataclass(frozen=True)
class PackedChoice(Fixed):
    """One of several *texts* of hexadecimal digits, all of one even length, two in a byte."""

    texts: tuple[str, ...] = ()

    @property
    def bytes_count(self) -> int:
        return len(self.texts[0]) // 2

    def pattern(self, widths: Widths) -> str:
        return "(?:" + "|".join(re.escape(_packed(text)) for text in self.texts) + ")"

    @property
    def notation(self) -> str:
        return f"{self.bytes_count} B: {' or '.join(f'X{text!r}' for text in self.texts)}"

    def decode(self, text: str) -> str:
        return text.encode("latin-1").hex().upper()

    def encode(self, value: str, widths: Widths) -> str:
        return _packed(value)

    def table(self) -> dict[str, Any]:
        return {_packed(text): text for text in self.texts}


@dataclass(frozen=True)
class Whole(Fixed):
    """A whole number from *least* to *most* in *size* bytes, the highest first.

    With *bcd* the packed decimal digits of a number are taken for it as well, where they mean nothing else.
    """

    size: int = 1
    least: int = 0
    most: int = 255
    bcd: bool = field(default=False, kw_only=True)

    @property
    def bytes_count(self) -> int:
        return self.size

    def pattern(self, widths: Widths) -> str:
        return f"[\\x00-\\xff]{{{self.size}}}"

    @property
    def notation(self) -> str:
        either = ", binary or packed decimal" if self.bcd else ""
        return f"{self.size} B number, {self.least} to {self.most}{either}"

    def decode(self, text: str) -> int:
        raw = text.encode("latin-1")
        value, digits = int.from_bytes(raw, "big"), raw.hex()
        if self.least <= value <= self.most:
            return value
        if self.bcd and digits.isdecimal() and self.least <= int(digits) <= self.most:
            return int(digits)
        raise ValueError(f"{self.least} to {self.most}")

    def encode(self, value: int, widths: Widths) -> str:
        return value.to_bytes(self.size, "big").decode("latin-1")

    def table(self) -> dict[str, Any] | None:
        if self.size > 1 or self.bcd:
            return None
        return {chr(value): value for value in range(self.least, self.most + 1)}
