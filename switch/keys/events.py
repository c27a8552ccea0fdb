"""What happens to a line of keys."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from switch.keys.words import Word


class Cause(Enum):
    """Why a new key is wanted."""

    CLOCK = "the key's time is over"
    USES = "the key was used often enough"
    SYNC = "too many errors of decryption"
    OPERATOR = "the operator asks"
    MEMBER = "the member asks"
    FIRST = "there is no key"
    OUT_OF_STEP = "the two sides have different keys"


@dataclass(frozen=True)
class Heard:
    """The partner said *word*."""

    word: Word


@dataclass(frozen=True)
class Made:
    """The HSM made the key of *job*; *under_wrapper* is it under the ZMK, or a terminal's under its TMK."""

    job: int
    kcv: str
    under_lmk: str = field(repr=False)
    under_wrapper: str = field(repr=False)


@dataclass(frozen=True)
class Imported:
    """The HSM imported the key of *job*."""

    job: int
    kcv: str
    under_lmk: str = field(repr=False)


@dataclass(frozen=True)
class HsmRefused:
    """The HSM did not do *job*, or did not answer."""

    job: int


@dataclass(frozen=True)
class Tick:
    """Time has passed; once a second is often enough."""


@dataclass(frozen=True)
class LinkUp:
    """The link can carry messages about keys."""


@dataclass(frozen=True)
class LinkDown:
    """The link can't."""


@dataclass(frozen=True)
class Used:
    """We encrypted, or made a MAC, with the ACTIVE key, so many *times* since this was last said."""

    times: int = 1


@dataclass(frozen=True)
class PartnerUsed:
    """A message that came in was decrypted, or its MAC verified, with the key of *version*."""

    version: int


@dataclass(frozen=True)
class SyncError:
    """A message that came in could not be decrypted, or its MAC not verified."""


@dataclass(frozen=True)
class ChangeKey:
    """The operator asks for a new key."""


Event = Heard | Made | Imported | HsmRefused | Tick | LinkUp | LinkDown | Used | PartnerUsed | SyncError | ChangeKey
"""One of them."""
