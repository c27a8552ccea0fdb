"""The kinds of value a setting can have: each reads its text strictly, writes it back, and says what it expects."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Generic, Protocol, TypeVar

V = TypeVar("V")
E = TypeVar("E", bound=Enum)

LIST_ITEMS_MAX = 2_000
PIN_DIGITS_MIN, PIN_DIGITS_MAX = 4, 12


class SettingError(ValueError):
    """No such setting, or a value it cannot have.  Carries the setting's *name* and what was *expected*."""

    def __init__(self, name: str, expected: str) -> None:
        super().__init__(f"{name}: expected {expected}")
        self.name = name
        self.expected = expected


class Unreadable(Exception):
    """The text is not of this kind; ``Settings`` turns it into a SettingError that names the setting."""


class Kind(Protocol[V]):
    """How a setting's value is read and written."""

    @property
    def expected(self) -> str:
        """What may stand here, for messages and manuals."""

    def parse(self, text: str, present: V) -> V:
        """The value that *text* means; *present* is the value now, for texts that change a list.  Raises Unreadable."""

    def format(self, value: V) -> str:
        """The text that parses to *value* whatever the present value is."""


@dataclass(frozen=True)
class YesNo:
    """A switch, written as *words* (yes and no unless the setting's custom is on and off)."""

    words: tuple[str, str] = ("yes", "no")

    @property
    def expected(self) -> str:
        return f"{self.words[0]} or {self.words[1]}"

    def parse(self, text: str, present: bool) -> bool:
        word = text.strip().lower()
        if word in ("yes", "y", "on", "true"):
            return True
        if word in ("no", "n", "off", "false"):
            return False
        raise Unreadable

    def format(self, value: bool) -> str:
        return self.words[0] if value else self.words[1]


@dataclass(frozen=True)
class Choice(Generic[E]):
    """One member of *members*, an Enum whose values are the words."""

    members: type[E]

    @property
    def expected(self) -> str:
        return "one of " + ", ".join(str(member.value) for member in self.members)

    def parse(self, text: str, present: E) -> E:
        word = text.strip().lower()
        for member in self.members:
            if word == member.value:
                return member
        raise Unreadable

    def format(self, value: E) -> str:
        return str(value.value)


@dataclass(frozen=True)
class Span:
    """A whole number from *low* to *high*."""

    low: int
    high: int
    unit: str

    @property
    def expected(self) -> str:
        return f"a number of {self.unit} from {self.low} to {self.high}"

    def parse(self, text: str, present: int) -> int:
        # int() would also take signs, underscores, inner blanks and other scripts' digits.
        digits = text.strip()
        if not re.fullmatch(r"[0-9]{1,9}", digits):
            raise Unreadable
        value = int(digits)
        if not self.low <= value <= self.high:
            raise Unreadable
        return value

    def format(self, value: int) -> str:
        return str(value)


@dataclass(frozen=True)
class Text:
    """Text of the form *pattern*, described by *expected*."""

    pattern: str
    expected: str

    def parse(self, text: str, present: str) -> str:
        if not re.fullmatch(self.pattern, text):
            raise Unreadable
        return text

    def format(self, value: str) -> str:
        return value


@dataclass(frozen=True)
class Selection:
    """Which codes are enabled: *listed* alone, or (``all_but``) all but *listed*.

    >>> "CA" in Selection.everything(), "CA" in Selection.everything().without(["CA"])
    (True, False)
    """

    all_but: bool
    listed: frozenset[str]

    @classmethod
    def everything(cls) -> Selection:
        return cls(all_but=True, listed=frozenset())

    @classmethod
    def only(cls, codes: Iterable[str]) -> Selection:
        return cls(all_but=False, listed=frozenset(codes))

    def __contains__(self, code: str) -> bool:
        return (code in self.listed) is not self.all_but

    def including(self, codes: Iterable[str]) -> Selection:
        listed = self.listed.difference(codes) if self.all_but else self.listed.union(codes)
        return Selection(self.all_but, listed)

    def without(self, codes: Iterable[str]) -> Selection:
        listed = self.listed.union(codes) if self.all_but else self.listed.difference(codes)
        return Selection(self.all_but, listed)


@dataclass(frozen=True)
class Codes:
    """A Selection of two-character codes, or with *functions* of three-byte function codes in hexadecimal as well.

    ``all``, ``none`` or plain codes begin a new list; ``+XX`` and ``-XX`` change it.  A text of changes alone changes
    the present list: ``-BA,-NG`` takes two commands away and keeps the rest as it is.
    """

    what: str
    functions: bool = False

    @property
    def expected(self) -> str:
        length = "two characters, or six for function codes" if self.functions else "two characters"
        return f"all, none, or {self.what} codes of {length}; +XX adds to the present list and -XX removes from it"

    def parse(self, text: str, present: Selection) -> Selection:
        items = [item.upper() for item in re.split(r"\s*,\s*|\s+", text.strip())]
        if len(items) > LIST_ITEMS_MAX:
            raise Unreadable
        chosen = present if items[0].startswith(("+", "-")) else Selection.only(())
        form = r"[+-]?([A-Z0-9]{2}|[EF][0-9A-F]{5})" if self.functions else r"[+-]?[A-Z0-9]{2}"
        for item in items:
            if item == "ALL":
                chosen = Selection.everything()
            elif item == "NONE":
                chosen = Selection.only(())
            elif not re.fullmatch(form, item):
                raise Unreadable
            elif item.startswith("-"):
                chosen = chosen.without([item[1:]])
            else:
                chosen = chosen.including([item.lstrip("+")])
        return chosen

    def format(self, value: Selection) -> str:
        codes = sorted(value.listed)
        if value.all_but:
            return ",".join(["all", *(f"-{code}" for code in codes)])
        return ",".join(codes) or "none"


def _usual_pins() -> frozenset[str]:
    """PINs people choose first: one digit repeated, digits in a row up or down, and years (lengths 4 to 12)."""
    rows = "0123456789", "9876543210", "1234567890"
    pins = {str(year) for year in range(1940, 2030)}
    for length in range(PIN_DIGITS_MIN, PIN_DIGITS_MAX + 1):
        pins.update(digit * length for digit in "0123456789")
        pins.update(row[at : at + length] for row in rows for at in range(len(row) - length + 1))
    return frozenset(pins)


USUAL_PINS = _usual_pins()


@dataclass(frozen=True)
class ExcludedPins:
    """PINs that may not be chosen, of any of the lengths 4 to 12; ``usual`` stands for the built-in table."""

    expected: str = "none, usual, or PINs of 4 to 12 digits separated by commas"

    def parse(self, text: str, present: frozenset[str]) -> frozenset[str]:
        pins: set[str] = set()
        items = re.split(r"\s*,\s*|\s+", text.strip().lower())
        if items == ["none"]:
            return frozenset()
        if len(items) > LIST_ITEMS_MAX:
            raise Unreadable
        for item in items:
            if item == "usual":
                pins |= USUAL_PINS
            elif re.fullmatch(r"[0-9]{4,12}", item):
                pins.add(item)
            else:
                raise Unreadable
        return frozenset(pins)

    def format(self, value: frozenset[str]) -> str:
        if value >= USUAL_PINS:
            return ",".join(["usual", *sorted(value - USUAL_PINS)])
        return ",".join(sorted(value)) or "none"


PROVEN_VARIANTS = MappingProxyType({"00": 0x00, "01": 0x28, "02": 0x24, "05": 0x22, "07": 0x18, "10": 0x9C})
"""KM variants that device traces show, by type of key."""


@dataclass(frozen=True)
class KmVariants:
    """Bytes by key type, ``03=30,04=36``; ``default`` for none.  Those that device traces show can't be others.

    A byte has as many ones as keep the parity of a key (an even number), and goes for one type alone.
    """

    expected: str = "default, or TT=VV with a key type of two digits and a byte of even weight, separated by commas"

    def parse(self, text: str, present: tuple[tuple[str, int], ...]) -> tuple[tuple[str, int], ...]:
        if text.strip().lower() == "default":
            return ()
        found: dict[str, int] = {}
        for item in re.split(r"\s*,\s*|\s+", text.strip()):
            match = re.fullmatch(r"([0-9]{2})=([0-9A-Fa-f]{2})", item, re.ASCII)
            if match is None or match[1] in PROVEN_VARIANTS or match[1] in found:
                raise Unreadable
            value = int(match[2], 16)
            if value.bit_count() % 2 or value in (*found.values(), *PROVEN_VARIANTS.values()):
                raise Unreadable
            found[match[1]] = value
        return tuple(sorted(found.items()))

    def format(self, value: tuple[tuple[str, int], ...]) -> str:
        return ",".join(f"{code}={byte:02X}" for code, byte in value) or "default"
