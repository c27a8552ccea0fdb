"""The key switches."""

from __future__ import annotations

from hsm.console.declaration import console
from hsm.console.desk import Desk
from hsm.console.dialogue import Abandoned, Dialogue, Say
from hsm.console.dualcontrol import one_agrees, two_agree
from hsm.policy.position import Position


@console.command("ONLINE", ceremony=True)
def go_online(desk: Desk, words: tuple[str, ...]) -> Dialogue[None]:
    """Serve hosts again.

    Nobody need be asked.  After a tamper event it takes CLEARTAMPER first, and after a failed self-test a new start.
    """
    if desk.appliance.state.tampered:
        raise Abandoned("A tamper event destroyed the LMKs: CLEARTAMPER comes first.")
    if desk.appliance.fault:
        raise Abandoned(f"The self-test failed ({desk.appliance.fault}): start the appliance again.")
    yield from _move(desk, Position.ONLINE)


@console.command("OFFLINE", ceremony=True)
def go_offline(desk: Desk, words: tuple[str, ...]) -> Dialogue[None]:
    """Stop serving hosts, for configuration; hosts read that each command is disabled.

    An officer's card turns the key; coming down from the secure state needs none.
    """
    if desk.appliance.state.position is Position.ONLINE:
        yield from one_agrees(desk)
    yield from _move(desk, Position.OFFLINE)


@console.command("SECURE", ceremony=True)
def go_secure(desk: Desk, words: tuple[str, ...]) -> Dialogue[None]:
    """Turn both keys, for what touches LMKs, cards and logs.

    It takes the cards of two different officers.
    """
    if desk.appliance.state.position is not Position.SECURE:
        yield from two_agree(desk)
    yield from _move(desk, Position.SECURE)


def _move(desk: Desk, position: Position) -> Dialogue[None]:
    if desk.appliance.state.position is position:
        yield Say(f"The appliance is {position.value} already.")
        return
    desk.appliance.move(position)
    yield Say(f"The appliance is {position.value}.")
