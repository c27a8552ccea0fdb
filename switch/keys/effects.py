"""What a key machine wants done, in this order: ``Save`` is committed before the ``Send`` that follows it goes out."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from switch.keys.words import Word


class KeyType(Enum):
    """What a key does; the values are the codes of DE 53 in our own form."""

    ZPK = "01"
    ZAK = "02"
    ZEK = "03"


class Direction(Enum):
    """Whose messages a key protects; the values are the codes of DE 53 in our own form."""

    BOTH = "00"
    TO_MEMBER = "01"
    FROM_MEMBER = "02"


@dataclass(frozen=True)
class NewZoneKey:
    """Make a key of *type*: under the LMK, and under the ZMK of *link*, with its check value.  Not repeatable."""

    link: str
    type: KeyType


@dataclass(frozen=True)
class ImportZoneKey:
    """Bring a key of *type* from under the ZMK of *link* to under the LMK, with its check value."""

    link: str
    type: KeyType
    under_zmk: str = field(repr=False)


@dataclass(frozen=True)
class NewTerminalKey:
    """Make a TPK for *terminal*: under the LMK, and under the terminal's TMK *tmk* (a cryptogram under the LMK)."""

    terminal: str
    tmk: str = field(repr=False)


@dataclass(frozen=True)
class AskHsm:
    """Ask the HSM; the answer comes back as an event with the same *job*, a number that this machine gives once."""

    job: int
    question: NewZoneKey | ImportZoneKey | NewTerminalKey


@dataclass(frozen=True)
class Send:
    """Say *word* to the partner of *link* about the line *type*, *direction*."""

    link: str
    type: KeyType
    direction: Direction
    word: Word


@dataclass(frozen=True)
class SendTerminalKey:
    """Give *terminal* its new key: *under_tmk* a key block or scheme and digits, *kcv* 6 hexadecimal digits."""

    terminal: str
    version: int
    kcv: str
    under_tmk: str = field(repr=False)


@dataclass(frozen=True)
class Save:
    """Commit the line's state before anything else is done."""


@dataclass(frozen=True)
class Note:
    """For the log, and an alarm where *alarm*."""

    text: str
    alarm: bool = False


Effect = AskHsm | Send | SendTerminalKey | Save | Note
"""One of them."""
