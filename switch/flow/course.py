"""Which course a message takes."""

from __future__ import annotations

from switch.codec.message import Message
from switch.flow.effects import Course
from switch.flow.entering import Incoming, unrecognised
from switch.flow.financial import financial
from switch.flow.request import Request
from switch.flow.reversing import reversing
from switch.flow.taking import REVERSAL_CLASS, taken
from switch.flow.world import World


def recognised(world: World, link: str, message: Message) -> tuple[Course[str], Request | None]:
    """The course of *message*, a request or advice that came by *link*, and what it asks, if that is known."""
    asked = taken(message, world.hop.partners[link], world.hop, world.moment())
    if not isinstance(asked, Request):
        return unrecognised(world, link, message, asked.response), None
    course = reversing if message.mti[1] == REVERSAL_CLASS else financial
    return course(world, Incoming(asked, message)), asked
