"""All lines of one link, of which one at a time exchanges a key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from switch.keys.effects import Direction, Effect, KeyType
from switch.keys.events import Event
from switch.keys.exchange import step
from switch.keys.line import Line, Rules

Which = tuple[KeyType, Direction]
"""A line's place on its link."""


@dataclass(frozen=True)
class LinkKeys:
    """The lines of one link, and the rules for all of them."""

    lines: Mapping[Which, Line]
    rules: Rules = field(default_factory=Rules)

    def step(self, which: Which, event: Event, now: float) -> tuple[LinkKeys, tuple[Effect, ...]]:
        """After *event* on the line *which*.  Raises KeyError for a line that the link doesn't have."""
        idle = not any(line.busy for each, line in self.lines.items() if each != which)
        line, effects = step(self.lines[which], event, now, self.rules, may_begin=idle)
        if line is self.lines[which]:
            return self, effects
        return replace(self, lines=MappingProxyType({**self.lines, which: line})), effects

    def step_all(self, event: Event, now: float) -> tuple[LinkKeys, tuple[Effect, ...]]:
        """After an *event* of the whole link (a Tick, LinkUp, LinkDown), line by line in their order."""
        keys = self
        effects: list[Effect] = []
        for which in self.lines:
            keys, more = keys.step(which, event, now)
            effects += more
        return keys, tuple(effects)
