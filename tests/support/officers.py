"""Two officers and a clock for console transcripts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from support.playbook import Operator

from hsm.storage.cards import Role

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class HandClock:
    """Noon, and as many seconds as a test lets pass."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def monotonic(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return NOON + timedelta(seconds=self.seconds)


def two_officers(operator: Operator) -> tuple[str, str, str, str]:
    """ALICE and BOB have cards: what they type, one after the other."""
    alice, bob = operator.card("ALICE", Role.OFFICER), operator.card("BOB", Role.OFFICER, "54321")
    return alice.serial, "12345", bob.serial, "54321"


def outcomes(operator: Operator) -> list[tuple[str, str]]:
    """Command and outcome of each audit entry, events left out."""
    return [(e.command, e.outcome) for e in operator.speaker.entries if e.category.value == "console"]
