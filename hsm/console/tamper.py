"""The tamper event: every secret goes at once."""

from __future__ import annotations

from hsm.console.declaration import SECURE, console
from hsm.console.desk import Desk
from hsm.console.dialogue import Abandoned, Ask, Dialogue, Say
from hsm.console.dualcontrol import two_agree
from hsm.state import TamperCause

WORD = "TAMPER"


@console.command("TAMPER")
def zeroise(desk: Desk, words: tuple[str, ...]) -> Dialogue[None]:
    """Destroy all LMKs, authorities and cards, now.

    A panic button: no officer need be there, the word alone confirms it.  Afterwards every command that needs a key is
    refused (13) until CLEARTAMPER, new cards and new LMKs.
    """
    if (yield Ask(f"Everything secret will be destroyed.  Type {WORD} to do it: ")).strip() != WORD:
        raise Abandoned("Nothing was done.")
    desk.appliance.tamper(TamperCause.CONSOLE)
    yield Say("TAMPERED: all LMKs, authorities and cards are destroyed.")


@console.command("CLEARTAMPER", SECURE, ceremony=True)
def clear(desk: Desk, words: tuple[str, ...]) -> Dialogue[None]:
    """Acknowledge a tamper event, so that LMKs can be loaded and the appliance can go online again.

    It takes two officers; as the event took their cards too, the local console may do it until there are new ones.
    """
    state = desk.appliance.state
    if not state.tampered:
        yield Say("There was no tamper event.")
        return
    yield Say(f"Tamper event: by the {state.tampered}, at {state.tampered_at}.")
    yield from two_agree(desk)
    desk.appliance.clear_tamper()
    yield Say("Cleared.  Make new cards and load new LMKs.")
