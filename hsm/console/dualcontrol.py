"""Who must be at the console before it goes on.

Until two officers have cards there is nobody to ask, so the line in the machine itself may do everything, and any other
line nothing: a factory-new appliance is set up so, and one whose cards a tamper event took.
"""

from __future__ import annotations

from hsm.console.desk import Desk
from hsm.console.dialogue import Abandoned, Dialogue
from hsm.console.people import present, two_officers
from hsm.storage.cards import Role

OFFICERS_MIN = 2
LOCAL_LINE = "local"


def officers(desk: Desk, *, beside: str = "") -> set[str]:
    """The holders of officers' cards, but for the card with the number *beside*."""
    return {card.holder for card in desk.rack.cards() if card.role is Role.OFFICER and card.serial != beside}


def _nobody_to_ask(desk: Desk) -> bool:
    if len(officers(desk)) >= OFFICERS_MIN:
        return False
    if desk.line != LOCAL_LINE:
        raise Abandoned("Two officers must have cards first; until then only the local console may do this.")
    return True


def one_agrees(desk: Desk) -> Dialogue[None]:
    """An officer is here.  Raises CardError, CardLocked, Abandoned."""
    if not _nobody_to_ask(desk):
        yield from present(desk, "Officer", Role.OFFICER)


def two_agree(desk: Desk) -> Dialogue[None]:
    """Two different officers are here.  Raises CardError, CardLocked, Abandoned."""
    if not _nobody_to_ask(desk):
        yield from two_officers(desk)
