"""PIN fraud detection."""

from __future__ import annotations

from hsm.console.declaration import OFFLINE, console
from hsm.console.desk import Desk
from hsm.console.dialogue import Dialogue, Say, chosen, confirmed, number
from hsm.console.dualcontrol import two_agree
from hsm.policy.authority import Interface

LIMITS = ("pin-verifies-per-minute", "pin-verifies-per-hour", "pin-attack-limit")
LIMIT_MAX = 999_999
RE_ENABLING = "admin"


@console.command("A5", OFFLINE, needs="admin", ceremony=True)
def set_limits(desk: Desk, words: tuple[str, ...]) -> Dialogue[None]:
    """Set the limits of PIN fraud detection, and whether it is on.

    At a limit PIN verification is refused (39) until A7 enables it again.
    """
    appliance = desk.appliance
    on = yield from chosen("Fraud detection", ("ON", "OFF"), "ON" if appliance.settings.fraud_detection else "OFF")
    values = {"fraud-detection": on.lower()}
    for name in LIMITS if on == "ON" else ():
        yield Say(f"{name} is {appliance.settings.text(name)}.")
        values[name] = str((yield from number("New limit", 1, LIMIT_MAX)))
    settings = appliance.settings
    for name, text in values.items():
        settings = settings.changed(name, text)
    appliance.change_settings(settings)
    yield Say("Set.")


@console.command("A7", OFFLINE, ceremony=True)
def enable_verification(desk: Desk, words: tuple[str, ...]) -> Dialogue[None]:
    """Enable PIN verification again after a fraud limit stopped it.

    It takes two officers, unless the activity admin.console is authorised.  Failures are counted from zero again.
    """
    counts = desk.appliance.fraud.counts
    if not counts.stopped:
        yield Say("PIN verification is not stopped.")
        return
    reasons = [("failed verifications", counts.stopped_by_failures), ("signs of attack", counts.stopped_by_attacks)]
    yield Say(f"PIN verification is stopped: too many {' and '.join(what for what, so in reasons if so)}.")
    if not desk.appliance.gate.permits(RE_ENABLING, "00", Interface.CONSOLE):
        yield from two_agree(desk)
    if (yield from confirmed("Enable PIN verification?")):
        desk.appliance.fraud.enable_again()
        yield Say("PIN verification is enabled.")
