"""What the appliance is in: one frozen record, replaced whole, and the port that keeps it at rest.

User storage is apart, because it is large and changes slot by slot; so are cards and audit log, which hosts never see.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
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


@dataclass(frozen=True)
class State:
    """All that decides how a request is answered; LMKs by identifier (2 digits).

    *old_lmks* and *new_lmks* are the key change storage: keys come from under the old ones, or go under the new ones.
    *domain* is the Domain Master Key and the keys stored under it, None when no such key is loaded.
    *tampered* is the cause of a tamper event, empty while there was none; a tampered appliance holds no LMK.
    """

    settings: Settings = field(default_factory=Settings)
    lmks: Mapping[str, Lmk] = field(default_factory=_no_lmks)
    old_lmks: Mapping[str, Lmk] = field(default_factory=_no_lmks)
    new_lmks: Mapping[str, Lmk] = field(default_factory=_no_lmks)
    authority: Authority = field(default_factory=Authority)
    position: Position = Position.ONLINE
    tampered: str = ""
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
