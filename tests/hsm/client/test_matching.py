"""Whatever the order of replies, each goes to the request it answers or to none."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from hsm.client.codec import Wire
from hsm.client.eracomcodec import EracomWire
from hsm.client.matching import Stray, Window


class Matching(RuleBasedStateMachine):
    """A model beside the window: which request was sent under which tag, in order of sending, answered or not."""

    @initialize(wire=st.sampled_from([Wire(1), Wire(2), Wire(0), EracomWire()]), outstanding_max=st.integers(1, 4))
    def begin(self, wire: Wire | EracomWire, outstanding_max: int) -> None:
        self.wire = wire
        self.window: Window[int] = Window(wire.tags_count, wire.tag, outstanding_max)
        self.most = outstanding_max if wire.tags_count > 1 else 1
        self.unanswered: dict[bytes, int] = {}
        """What the appliance has still to answer, by tag."""
        self.given_up: set[int] = set()
        self.count = 0

    @precondition(lambda self: self.window.has_room)
    @rule()
    def ask(self) -> None:
        self.count += 1
        tag = self.window.put(self.count)
        assert tag not in self.unanswered, "a tag whose reply is still to come would be ambiguous"
        assert len(tag) == len(self.wire.tag(0))
        self.unanswered[tag] = self.count

    @precondition(lambda self: self.unanswered)
    @rule(draw=st.data())
    def answer(self, draw: st.DataObject) -> None:
        tag = draw.draw(st.sampled_from(sorted(self.unanswered)))
        asked = self.unanswered.pop(tag)
        assert self.window.take(tag) == (None if asked in self.given_up else asked)

    @rule(tag=st.binary(max_size=2) | st.integers(0, 9).map(lambda number: b"%d" % number))
    def stray(self, tag: bytes) -> None:
        if tag not in self.unanswered:
            with pytest.raises(Stray):
                self.window.take(tag)

    @precondition(lambda self: len(self.window) > 0)
    @rule(draw=st.data())
    def give_up(self, draw: st.DataObject) -> None:
        waited = sorted(tag for tag, asked in self.unanswered.items() if asked not in self.given_up)
        tag = draw.draw(st.sampled_from(waited))
        self.given_up.add(self.unanswered[tag])
        self.window.give_up(tag)

    @rule()
    def lose_the_connection(self) -> None:
        waited = [asked for asked in self.unanswered.values() if asked not in self.given_up]
        assert self.window.clear() == waited
        self.unanswered.clear()

    @invariant()
    def bounds_hold(self) -> None:
        waited = [asked for asked in self.unanswered.values() if asked not in self.given_up]
        assert len(self.window) == len(waited) <= self.most
        assert len(self.unanswered) <= max(self.wire.tags_count, 1)


TestMatching = Matching.TestCase


def test_too_few_tags_are_our_mistake() -> None:
    for outstanding_max in (0, 5, 64):
        with pytest.raises(ValueError, match="can't tell"):
            Window(10, Wire(1).tag, outstanding_max)
    Window(10, Wire(1).tag, 4)
