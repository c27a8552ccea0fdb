"""What the appliance is in: one frozen record, replaced whole, and the port that keeps it at rest.

User storage is apart, because it is large and changes slot by slot; so are cards and audit log, which hosts never see.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import Protocol

from hsm.keys.domain import Domain
from hsm.keys.masters import Lmk
from hsm.policy.auditing import AuditOptions
from hsm.policy.authority import Authority
from hsm.policy.position import Position
from hsm.policy.settings import Settings


def _no_lmks() -> Mapping[str, Lmk]:
    return MappingProxyType({})


class TamperCause(Enum):
    """What made the appliance zeroise itself."""

    CONSOLE = "console"
    SIGNAL = "signal"


@dataclass(frozen=True)
class State:
    """All that decides how a request is answered; LMKs by identifier (2 digits).

    *old_lmks* and *new_lmks* are the key change storage: keys come from under the old ones, or go under the new ones.
    *domain* is the Domain Master Key and the keys stored under it, None when no such key is loaded.
    *tampered* is the cause of a tamper event (a TamperCause's value), empty while there was none or it was cleared, and
    *tampered_at* its time (ISO 8601); a tampered appliance holds no LMK.  *tampers_count* counts all such events.
    *clock_offset_seconds* is what SETTIME put between the machine's time of day and the appliance's.
    """

    settings: Settings = field(default_factory=Settings)
    lmks: Mapping[str, Lmk] = field(default_factory=_no_lmks)
    old_lmks: Mapping[str, Lmk] = field(default_factory=_no_lmks)
    new_lmks: Mapping[str, Lmk] = field(default_factory=_no_lmks)
    authority: Authority = field(default_factory=Authority)
    position: Position = Position.ONLINE
    tampered: str = ""
    tampered_at: str = ""
    tampers_count: int = 0
    clock_offset_seconds: int = 0
    audit_options: AuditOptions = field(default_factory=AuditOptions)
    domain: Domain | None = None


class Keeper(Protocol):
    """Keeps the state at rest."""

    def keep(self, before: State, after: State) -> None:
        """Have *after*, which is about to replace *before*, at rest.  When this raises StorageError, *before* stays."""


class NoKeeper:
    """For an appliance whose state ends with its process."""

    def keep(self, before: State, after: State) -> None:
        """Nothing is kept."""
