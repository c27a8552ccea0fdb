"""The two slots of a line of keys."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import Enum

from switch.keys.words import Offer


class State(Enum):
    """What the key in a slot is good for."""

    EMPTY = "empty"
    PENDING = "pending"
    ACTIVE = "active"
    RETIRING = "retiring"


@dataclass(frozen=True)
class ZoneKey:
    """A key of this line: its *version* (from 1), its check value (6 hexadecimal digits), its cryptogram under the LMK."""

    version: int
    kcv: str
    under_lmk: str = field(repr=False)


@dataclass(frozen=True)
class Slot:
    """One slot.  PENDING has the *offer* to repeat; RETIRING ends at *until*, or is kept where that is None."""

    state: State = State.EMPTY
    key: ZoneKey | None = None
    offer: Offer | None = None
    until: float | None = None


@dataclass(frozen=True)
class Slots:
    """Two slots, of which at most one is PENDING, one ACTIVE and one RETIRING."""

    pair: tuple[Slot, Slot] = (Slot(), Slot())

    def find(self, state: State) -> Slot | None:
        """The slot in *state*."""
        return next((slot for slot in self.pair if slot.state is state), None)

    def key(self, state: State) -> ZoneKey | None:
        """The key in *state*."""
        slot = self.find(state)
        return slot.key if slot else None

    def held(self, version: int) -> Slot | None:
        """The slot with the key of that *version*."""
        return next((slot for slot in self.pair if slot.key and slot.key.version == version), None)

    @property
    def in_force(self) -> int:
        """The version of the ACTIVE key; 0 when there is none."""
        active = self.key(State.ACTIVE)
        return active.version if active else 0

    @property
    def has_room(self) -> bool:
        """May an exchange begin: is nothing pending, and is the old key gone?"""
        return self.find(State.PENDING) is None and self.find(State.RETIRING) is None

    def pending(self, key: ZoneKey, offer: Offer) -> Slots:
        """With *key*, offered by us, in the free slot."""
        return self._beside_active(Slot(State.PENDING, key, offer))

    def installed(self, key: ZoneKey) -> Slots:
        """With *key*, offered by the partner, ACTIVE, and the key before it kept until the partner is seen to use this one.

        Whatever lay in the other slot goes: an offer of our own has lost, and a partner that makes a new key has ended the
        grace of the one before the last.
        """
        active = self.find(State.ACTIVE)
        retiring = replace(active, state=State.RETIRING, until=None) if active else Slot()
        return Slots(
            (retiring, Slot(State.ACTIVE, key)) if self.pair[0] is active else (Slot(State.ACTIVE, key), retiring)
        )

    def activated(self, until: float) -> Slots:
        """With the PENDING key ACTIVE, and the one before it RETIRING *until* then."""

        def after(slot: Slot) -> Slot:
            if slot.state is State.PENDING:
                return Slot(State.ACTIVE, slot.key)
            return replace(slot, state=State.RETIRING, until=until) if slot.state is State.ACTIVE else Slot()

        return Slots((after(self.pair[0]), after(self.pair[1])))

    def seen_in_use(self, until: float) -> Slots:
        """The partner uses the ACTIVE key: an old one that was kept for its sake goes at *until*."""
        return self._each(
            lambda slot: replace(slot, until=until) if slot.state is State.RETIRING and slot.until is None else slot
        )

    def dropped(self) -> Slots:
        """Without the PENDING key."""
        return self._each(lambda slot: Slot() if slot.state is State.PENDING else slot)

    def expired(self, now: float) -> Slots:
        """Without a key whose grace is over."""
        if all(slot.until is None or now <= slot.until for slot in self.pair):
            return self
        return self._each(lambda slot: Slot() if slot.until is not None and now > slot.until else slot)

    def _each(self, change: Callable[[Slot], Slot]) -> Slots:
        return Slots((change(self.pair[0]), change(self.pair[1])))

    def _beside_active(self, slot: Slot) -> Slots:
        first, second = self.pair
        return Slots((first, slot) if first.state is State.ACTIVE else (slot, second))
