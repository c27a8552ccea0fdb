"""Who must be at the console before it goes on.

Until two officers have cards there is nobody to ask, so the line in the machine itself may do everything, and any other
line nothing: a factory-new appliance is set up so, and one whose cards a tamper event took.
"""

from __future__ import annotations

from hsm.console.desk import Desk
from hsm.console.dialogue import Abandoned, Dialogue
from hsm.console.people import present, two_officers
from hsm.storage.cards import Role

LOCAL_LINE = "local"


def officers_known(desk: Desk) -> bool:
    """Do two different people hold officers' cards?"""
    return len({card.holder for card in desk.rack.cards() if card.role is Role.OFFICER}) >= 2


def _nobody_to_ask(desk: Desk) -> bool:
    if officers_known(desk):
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
