"""What two sides say to each other about a line of keys, without how a network writes it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


class Why(Enum):
    """Why an offer was refused."""

    GLARE = "both sides offered, and the switch's offer stands"
    STALE = "a version that was refused or overtaken before"
    OUT_OF_STEP = "it follows another version than the one in force here"
    CHECK_VALUE = "the key has another check value"
    ROLE = "on a network whose offers don't say what they follow, the switch alone makes keys"
    HSM = "the HSM took no key from it"
    OTHER = "not told"


@dataclass(frozen=True)
class Offer:
    """Here is a key.  *base* is the version in force when it was made; 0 replaces whatever there is.

    *version* and *base* are None, and *kcv* empty, where the network's form has no place for them.
    *under_zmk* is a key block, or scheme X or U and 32 hexadecimal digits.
    """

    version: int | None
    kcv: str
    base: int | None
    under_zmk: str = field(repr=False)


@dataclass(frozen=True)
class Taken:
    """The offer's key is installed; *kcv* is the check value that the receiver computed, *version* as in the offer."""

    version: int | None
    kcv: str


@dataclass(frozen=True)
class NotTaken:
    """The offer is refused, and stays so; *highest* is the highest version in force or refused there (None: not told)."""

    version: int | None
    why: Why
    highest: int | None = None


@dataclass(frozen=True)
class Wanted:
    """A member asks for a new key; *in_force* is its version, 0 when it has none, None where it isn't told."""

    in_force: int | None = None


@dataclass(frozen=True)
class Check:
    """After a connection: this is the version in force here (0: none) and its check value."""

    in_force: int
    kcv: str


Word = Offer | Taken | NotTaken | Wanted | Check
"""One of them."""
