"""Authorisation: what two officers let hosts and the console do."""

from __future__ import annotations

import re
from datetime import timedelta
from math import isinf

from hsm.appliance import DEFAULT_LMK
from hsm.console.declaration import console
from hsm.console.desk import Desk
from hsm.console.dialogue import Abandoned, Ask, Dialogue, Say, confirmed, lmk_id
from hsm.console.people import two_officers
from hsm.policy.authority import CATEGORIES, EVERYTHING, Activity, ActivityError, Authority, Grant, parse_activities

NOTHING = "NOT AUTHORIZED: no activities are authorised."


@console.command("A", ceremony=True, words="[ACTIVITY ...]")
def authorise(desk: Desk, words: tuple[str, ...]) -> Dialogue[None]:
    """Authorise activities under one LMK; two officers must be present.

    An activity is category[.sub][.interface][:minutes]: export.001.host:30 lets hosts export ZPKs for half an hour,
    export lets anybody export anything until C cancels it.  Names may be shortened as long as they are unique.
    Unless the setting multiple-authorised-activities is on, everything is authorised at once.
    """
    appliance = desk.appliance
    yield from two_officers(desk)
    chosen_id = yield from lmk_id()
    if chosen_id not in appliance.lmks and chosen_id != DEFAULT_LMK:
        raise Abandoned(f"No LMK {chosen_id} is loaded.")
    activities: tuple[Activity, ...] = EVERYTHING
    unread: tuple[str, ...] = ()
    if appliance.settings.multiple_authorised_activities:
        activities, unread = yield from _activities(words)
    elif words:
        yield Say("Activities can't be chosen (multiple-authorised-activities is off): all are authorised.")
    try:
        limited = appliance.settings.authorisation_time_limit
        now = appliance.clock.monotonic()
        granted = appliance.authority.granting(activities, chosen_id, now, limited=limited)
    except ActivityError as fault:
        raise Abandoned(f"{fault}.") from None
    if activities:
        appliance.authorise(granted)
    yield Say("\n".join([*(f"Not understood: {each}" for each in unread), *standing(desk)]))


def _activities(words: tuple[str, ...]) -> Dialogue[tuple[tuple[Activity, ...], tuple[str, ...]]]:
    """The activities that *words*, or the operator, name; and why others are none."""
    text = " ".join(words)
    if not text:
        yield Say(f"Categories: {' '.join(CATEGORIES)}")
        text = (yield Ask("Activities, category[.sub][.interface][:minutes]: ")).strip()
    if not text:
        raise Abandoned("Nothing was named: given up.")
    found: list[Activity] = []
    unread: list[str] = []
    for part in re.split(r"[\s,]+", text):
        try:
            found += parse_activities(part)
        except ActivityError as fault:
            unread.append(str(fault))
    return tuple(found), tuple(unread)


@console.command("C", ceremony=True, words="[ALL]")
def cancel(desk: Desk, words: tuple[str, ...]) -> Dialogue[None]:
    """Cancel what is authorised, activity by activity or (ALL) everything."""
    if words and words[0].upper() != "ALL":
        raise Abandoned("C cancels activity by activity, C ALL everything.")
    appliance = desk.appliance
    together = words or not appliance.settings.multiple_authorised_activities
    cancelled: set[Grant] = set()
    for grant in () if together else appliance.authority.active(appliance.clock.monotonic()):
        if (yield from confirmed(f"Cancel {_named(grant)}?")):
            cancelled.add(grant)
    left = tuple(grant for grant in appliance.authority.grants if grant not in cancelled)
    appliance.authorise(Authority() if together else Authority(left))
    yield Say("\n".join(standing(desk)))


def standing(desk: Desk) -> list[str]:
    """Lines that tell what is authorised now and until when."""
    appliance = desk.appliance
    now = appliance.clock.monotonic()
    active = appliance.authority.active(now)
    if not active:
        return [NOTHING]
    lines = ["AUTHORIZED"]
    for grant in active:
        until = "until cancelled"
        if not isinf(grant.expires):
            ends = appliance.clock.now() + timedelta(seconds=grant.expires - now)
            until = f"until {ends:%Y-%m-%d %H:%M:%S} UTC"
        lines.append(f"  {_named(grant)}, {until}")
    return lines


def _named(grant: Grant) -> str:
    return f"{str(grant.activity).partition(':')[0]} under LMK {grant.lmk_id}"
