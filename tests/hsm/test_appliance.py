"""Changes of state: kept first, then in force, or neither."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.appliances import make_speaker

from hsm.appliance import Appliance
from hsm.policy.auditing import AuditOptions
from hsm.policy.authority import Authority
from hsm.policy.position import Position
from hsm.refusal import InternalFault
from hsm.state import State, TamperCause
from hsm.storage.database import StorageError

CHANGES: dict[str, Callable[[Appliance], None]] = {
    "settings": lambda box: box.change_settings(box.settings.changed("restrict-kcv", "yes")),
    "LMKs": lambda box: box.load_lmks({}, {}),
    "authority": lambda box: box.authorise(Authority()),
    "position": lambda box: box.move(Position.OFFLINE),
    "audit options": lambda box: box.change_audit_options(AuditOptions(refusals=False)),
    "time": lambda box: box.set_time(datetime(2030, 1, 1, tzinfo=UTC)),
    "tamper": lambda box: box.clear_tamper(),
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
    keeping.full, old, version, started = True, box.state, box.version, box.started
    with pytest.raises(StorageError, match="full"):
        change(box)
    assert (box.state, box.version, box.started) == (old, version, started)


def test_tampering_takes_the_keys_even_when_nothing_can_be_kept() -> None:
    speak = make_speaker(lmks=("00=test-variant",), old_lmks=("00=test-variant",))
    box = speak.appliance
    box._keeper = keeping = Keeping(box)
    keeping.full = True
    with pytest.raises(StorageError):
        box.tamper(TamperCause.CONSOLE)
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


def test_a_tamper_event_is_told_even_when_it_can_not_be_kept() -> None:
    box = make_speaker().appliance
    box._keeper = keeping = Keeping(box)
    keeping.full = True
    with pytest.raises(StorageError):
        box.tamper(TamperCause.SIGNAL)
    assert [entry.command for entry in box.audit._auditor.entries] == ["TAMPER"]  # type: ignore[attr-defined]  # a MemoryAuditor


def test_a_failed_self_test_ends_every_view() -> None:
    speak = make_speaker()
    assert speak("NC").startswith("ND00")
    speak.appliance.fail("AES")
    assert speak("NC") == "ND41"
    assert speak("%") == "ZZ15"
    for lmk_id in (None, "00"):
        with pytest.raises(InternalFault):
            speak.appliance.view(lmk_id)
