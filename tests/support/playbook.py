"""Plays a console transcript: what is typed, and what must be shown."""

from __future__ import annotations

import pytest
from support.appliances import Speaker, make_speaker

from hsm.console.desk import Ceremonies, Desk
from hsm.console.families import load
from hsm.console.line import Screen
from hsm.console.shell import Shell
from hsm.policy.position import Position
from hsm.server.known_commands import host_commands
from hsm.storage import cards
from hsm.storage.cards import Card, CardRack, MemoryShelf, Role
from hsm.storage.keeper import MemoryKeeper

load()

PIN = "12345"


def quick_cards(patch: pytest.MonkeyPatch) -> None:
    """Cards whose PIN is stretched next to nothing, for tests that are not about that."""
    patch.setattr(cards, "_SCRYPT_N", 2)


class Operator:
    """Somebody at a console of *speaker*'s appliance, in memory."""

    def __init__(
        self, speaker: Speaker | None = None, position: Position = Position.SECURE, line: str = "local"
    ) -> None:
        self.speaker = speaker or make_speaker()
        self.appliance = self.speaker.appliance
        if self.appliance.state.position is not position:
            self.appliance.move(position)
        self.rack = CardRack(MemoryShelf(), bytes(32))
        self.appliance._keeper = MemoryKeeper(self.rack)
        self.ceremonies = Ceremonies()
        self.desk = Desk(
            self.appliance,
            self.rack,
            self.ceremonies,
            line,
            host_commands=host_commands(),
            logbook=self.speaker.logbook,
        )
        self.shell = Shell(self.desk)
        self.screen: Screen = self.shell.begin()

    def card(self, holder: str, role: Role = Role.CUSTODIAN, pin: str = PIN) -> Card:
        """A card of *holder*."""
        return self.rack.issue(holder, role, pin)

    def types(self, *lines: str) -> str:
        """All that is shown, prompts included, while *lines* are typed one after the other."""
        shown = ""
        for line in lines:
            self.screen = self.shell.line(line)
            shown += self.screen.text + self.screen.prompt
        return shown

    def outcome(self) -> str:
        """How the last command ended, as the audit log has it."""
        return self.speaker.entries[-1].outcome

    def holders(self, *names: str, role: Role = Role.CUSTODIAN) -> list[Card]:
        """A card for each of *names*, all under PIN."""
        return [self.card(name, role) for name in names]

    def puts_in(self, *cards: Card, pin: str = PIN) -> str:
        """Each of *cards* is put in and its PIN typed."""
        return self.types(*(line for card in cards for line in (card.serial, pin)))


def told(shown: str, label: str) -> str:
    """What a transcript says after ``label:``, the last time it does."""
    lines = [line for line in shown.splitlines() if f"{label}: " in line]
    return lines[-1].rpartition(f"{label}: ")[2]
