"""What operators and metrics are told of keys: nothing of the keys but their check values."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class LineStatus:
    """A line of zone keys; *version* 0: there is no key in force, and *age_seconds* is then 0.

    *state*: ``none``, ``in force``, ``exchanging`` (a new key is made, offered or taken in) or ``asking`` (a new key is
    wanted).  *pending* is the version that is offered (0: none), *zmk_kcv* the configured check value of the ZMK.
    """

    link: str
    type: str
    direction: str
    version: int
    kcv: str
    state: str
    age_seconds: float
    uses: int
    pending: int
    zmk_kcv: str


@dataclass(frozen=True)
class TerminalStatus:
    """A terminal's PIN key; *state*: ``none``, ``in force`` or ``given`` (a new one is not yet confirmed)."""

    terminal: str
    link: str
    renewal: str
    version: int
    kcv: str
    state: str
