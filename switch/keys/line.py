"""The state of one line of keys, and the rules by which its keys change."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace

from switch.keys.effects import Direction, KeyType
from switch.keys.events import Cause
from switch.keys.slots import Slots, State, ZoneKey
from switch.keys.words import Offer

VERSION_MAX = 999_999
"""Six digits; at one change a minute they last a year and eleven months, and then the ZMK is due."""
PAST_MAX = 16


@dataclass(frozen=True)
class Rules:
    """When keys change; times in seconds.

    *grace_s* is at least the acquirer's time-out, so that no message outlives the key that opens it.  *period_s*,
    *uses_max* and *sync_errors_max* (so many within *sync_window_s*) start an exchange unless None.  *member_makes*: this
    side, a member, makes keys itself; without it it asks the switch for them (and where
    the network's form names no base, the switch takes none from it).
    """

    grace_s: float = 60.0
    answer_s: float = 20.0
    back_off_s: float = 30.0
    back_off_most_s: float = 900.0
    alarm_after: int = 3
    period_s: float | None = 86_400.0
    uses_max: int | None = 10_000
    sync_errors_max: int | None = 3
    sync_window_s: float = 60.0
    member_makes: bool = False

    def __post_init__(self) -> None:
        """Raises ValueError for a rule that could not be kept."""
        for each in fields(self):
            value = getattr(self, each.name)
            if value is not None and not isinstance(value, bool) and value <= 0:
                raise ValueError(f"{each.name} must be more than 0")

    def back_off(self, tries: int) -> float:
        """Seconds to wait after so many failures: doubling, up to the most."""
        return min(self.back_off_s * 2.0 ** min(max(tries - 1, 0), 16), self.back_off_most_s)


@dataclass(frozen=True)
class Job:
    """What the HSM was asked: to make a key on top of *base*, or to import that of *offer*."""

    number: int
    base: int = 0
    offer: Offer | None = None


@dataclass(frozen=True)
class Line:
    """The keys of one *type* and *direction* with the partner of *link*; this side is the switch, or a member.

    Kept on disk: *slots*, *made* (the highest version made here), *refused* (the highest refused here), *active_since*,
    *past* (the check values of the last keys before this one: a form without versions offers none of them twice), *spurned*
    (the last offers without a version that were refused: they stay so), *took* (the offer whose key
    is in force).
    The rest begins anew with the process.
    """

    link: str
    type: KeyType
    direction: Direction
    is_switch: bool
    slots: Slots = field(default_factory=Slots)
    made: int = 0
    refused: int = 0
    active_since: float = 0.0
    past: tuple[str, ...] = ()
    spurned: tuple[Offer, ...] = ()
    took: Offer | None = None

    connected: bool = False
    cause: Cause | None = None
    overriding: bool = False
    """The two sides are out of step: the next offer replaces whatever the partner has."""
    making: Job | None = None
    importing: Job | None = None
    jobs: int = 0
    said_at: float | None = None
    """When the offer, or the wish for one, was last sent."""
    tries: int = 0
    quiet_until: float = 0.0
    uses: int = 0
    sync_errors: tuple[float, ...] = field(default=())

    @property
    def highest(self) -> int:
        """The highest version that was in force or refused here."""
        return max(self.slots.in_force, self.refused)

    @property
    def busy(self) -> bool:
        """Is an exchange under way, started by either side?"""
        return bool(self.making or self.importing or self.slots.find(State.PENDING))

    def for_encryption(self) -> ZoneKey | None:
        """The one key to encrypt with."""
        return self.slots.key(State.ACTIVE)

    def for_decryption(self, version: int | None, now: float) -> tuple[ZoneKey, ...]:
        """The keys to try, the likeliest first: one at most if the message names its *version*.

        Without a version the ACTIVE key comes first, then the PENDING one, with which a partner that has taken it already
        encrypts, then the RETIRING one.  That a key was wrong is told by the HSM's check of the PIN block's format,
        never by asking the issuer twice.
        """
        slots = self.slots.expired(now)
        if version is not None:
            slot = slots.held(version)
            return (slot.key,) if slot and slot.key else ()
        found = (slots.key(state) for state in (State.ACTIVE, State.PENDING, State.RETIRING))
        return tuple(key for key in found if key)

    def recovered(self) -> Line:
        """What is left of it after a crash: what was saved."""
        return Line(
            self.link, self.type, self.direction, self.is_switch,
            self.slots, self.made, self.refused, self.active_since, self.past, self.spurned, self.took,
        )  # fmt: skip

    def renewed(self, slots: Slots, now: float) -> Line:
        """With a new key in force: counts and wishes begin anew."""
        before = self.for_encryption()
        past = (*self.past, before.kcv)[-PAST_MAX:] if before else self.past
        return replace(
            self, slots=slots, past=past, active_since=now, cause=None, overriding=False,
            said_at=None, tries=0, quiet_until=0.0, uses=0, sync_errors=(),
        )  # fmt: skip
