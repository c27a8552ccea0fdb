from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from hsm.audit.record import Category, Entry, MemoryAuditor
from hsm.audit.relay import ENTRIES_WAITING_MAX, RelayAuditor, RelayFull, enter
from hsm.policy.authority import Interface

ENTRY = Entry(1, datetime(2026, 1, 2, 3, 4, 5, 6, UTC), Interface.HOST, "192.0.2.1:5", "CA", "20", Category.PIN, 9)


def test_entries_arrive_as_they_were_but_for_their_number() -> None:
    relay, kept = RelayAuditor(), MemoryAuditor()
    kept.note(replace(ENTRY, sequence=41))
    sent = (
        ENTRY,
        replace(ENTRY, sequence=2, interface=Interface.CONSOLE, place="KeyError at pins.py:41", who=("EVE",)),
    )
    for each in sent:
        relay.note(each)
    enter(kept, relay.taken())
    assert kept.entries[1:] == (replace(sent[0], sequence=42), replace(sent[1], sequence=43))
    assert relay.taken() == b""


def test_what_waits_is_bounded() -> None:
    relay = RelayAuditor()
    for sequence in range(ENTRIES_WAITING_MAX):
        relay.note(replace(ENTRY, sequence=sequence + 1))
    with pytest.raises(RelayFull):
        relay.note(ENTRY)
    assert relay.taken()
    relay.note(ENTRY)
