"""Who could not be told of an approval will take it back himself: so the switch hopes, and owes nothing."""

from __future__ import annotations

import pytest

from switch.flow import without
from switch.flow.effects import Course
from switch.flow.leg import Leg
from switch.flow.world import World

RULES = ("ONE_OBLIGATION",)
FAULTS = 0.05


def put_in(patch: pytest.MonkeyPatch) -> None:
    def undelivered(world: World, leg: Leg, certainly: bool = True) -> Course[None]:
        yield from ()

    patch.setattr(without, "undelivered", undelivered)
