"""Changes of state: kept first, then in force, or neither."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from support.appliances import make_speaker

from hsm.appliance import Appliance
from hsm.policy.authority import Authority
from hsm.policy.position import Position
from hsm.state import State
from hsm.storage.database import StorageError

CHANGES: dict[str, Callable[[Appliance], None]] = {
    "settings": lambda box: box.change_settings(box.settings.changed("restrict-kcv", "yes")),
    "LMKs": lambda box: box.load_lmks({}, {}),
    "authority": lambda box: box.authorise(Authority()),
    "position": lambda box: box.move(Position.OFFLINE),
}


class Keeping:
    """Notes what is kept and what was in force meanwhile; fails on demand."""

    def __init__(self, appliance: Appliance) -> None:
        self.appliance = appliance
        self.kept: list[tuple[State, State, State]] = []
        self.full = False

    def keep(self, before: State, after: State) -> None:
        if self.full:
            raise StorageError(Path("hsm.db"), "disk is full")
        self.kept.append((before, after, self.appliance.state))


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_is_kept_before_it_is_in_force(change: Callable[[Appliance], None]) -> None:
    box = make_speaker().appliance
    box._keeper = keeping = Keeping(box)
    old = box.state
    change(box)
    ((before, after, meanwhile),) = keeping.kept
    assert before is meanwhile is old
    assert box.state is after is not old


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_can_not_be_kept_does_not_come_in_force(change: Callable[[Appliance], None]) -> None:
    box = make_speaker().appliance
    box._keeper = keeping = Keeping(box)
    keeping.full, old, version = True, box.state, box.version
    with pytest.raises(StorageError, match="full"):
        change(box)
    assert (box.state, box.version) == (old, version)


def test_tampering_takes_the_keys_even_when_nothing_can_be_kept() -> None:
    speak = make_speaker(lmks=("00=test-variant",), old_lmks=("00=test-variant",))
    box = speak.appliance
    box._keeper = keeping = Keeping(box)
    keeping.full = True
    with pytest.raises(StorageError):
        box.tamper("console")
    assert (box.state.tampered, dict(box.state.lmks), dict(box.state.old_lmks)) == ("console", {}, {})
    assert not box.authority.grants
    assert speak("NC") == "ND13"


@pytest.mark.parametrize("position", [Position.OFFLINE, Position.SECURE])
def test_hosts_are_served_online_only(position: Position) -> None:
    speak = make_speaker()
    speak.appliance.move(position)
    assert speak("NC") == "ND68"
    speak.appliance.move(Position.ONLINE)
    assert speak("NC").startswith("ND00")
