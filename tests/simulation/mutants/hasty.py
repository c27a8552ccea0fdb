"""An answer is delivered before it is committed."""

from __future__ import annotations

import pytest

from switch.codec.message import Message
from switch.flow import books, onward
from switch.flow.effects import Course, keep
from switch.flow.entering import IN, delivered
from switch.flow.leg import Leg
from switch.flow.ports import Decision
from switch.flow.world import World

RULES = ("COMMITTED_FIRST",)
FAULTS = 0.0


def put_in(patch: pytest.MonkeyPatch) -> None:
    def concluded(world: World, leg: Leg, decision: Decision, said: Message, reply: Message) -> Course[str]:
        asked = leg.came.asked
        yield from delivered(world, leg.came, said)
        wire = world.hop.codecs[asked.link].encode(said)
        notes = [world.note(reply, leg.link, IN, asked)]
        now_us = world.moment().now_us
        yield from keep(
            lambda view: books.conclude(view, asked.id, decision.response, decision.approval, wire, now_us, notes),
            leg.place,
        )
        return decision.response

    patch.setattr(onward, "_concluded", concluded)
