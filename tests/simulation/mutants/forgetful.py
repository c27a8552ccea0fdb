"""What the issuer may have done is not owed back: neither after a time-out nor when an approval can't be delivered."""

from __future__ import annotations

import pytest

from switch.flow import without
from switch.flow.leg import Leg
from switch.flow.world import World

RULES = ("ONE_OBLIGATION",)
FAULTS = 0.02


def put_in(patch: pytest.MonkeyPatch) -> None:
    def nothing(world: World, leg: Leg) -> bytes:
        return b""

    patch.setattr(without, "owed_reversal", nothing)
