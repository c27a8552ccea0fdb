"""PRINTER: what lies in the virtual printer's tray, and its release to two officers."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from hsm.appliance import DEFAULT_LMK
from hsm.console.declaration import console
from hsm.console.desk import Desk
from hsm.console.dialogue import Abandoned, Dialogue, Say
from hsm.console.people import two_officers
from hsm.policy.authority import Interface
from hsm.storage.printer import PageError, SealedPage

ACTIVITY = "misc.printer"
PAGES_SHOWN_MAX = 100


@console.command("PRINTER", words="[RELEASE PAGE]")
def printer(desk: Desk, words: tuple[str, ...]) -> Dialogue[None]:
    """List the pages in the printer's tray, or release one: show it, once.

    A page holds a clear PIN.  It is released to two officers with their cards, or while the activity misc.printer is
    authorised for the console; it is destroyed before it is shown, so that nobody sees it twice.
    """
    if not words:
        yield Say(_listing(desk.appliance.printer.pages()))
        return
    if len(words) != 2 or words[0].upper() != "RELEASE" or not re.fullmatch("[0-9]{1,8}", words[1]):
        raise Abandoned("PRINTER lists the pages, PRINTER RELEASE and a page's number releases it.")
    if not desk.appliance.gate.permits(ACTIVITY, DEFAULT_LMK, Interface.CONSOLE):
        yield from two_officers(desk)
    try:
        page = desk.appliance.printer.release(int(words[1]))
    except PageError as why:
        raise Abandoned(str(why)) from None
    yield Say(f"{page}\nPage {int(words[1])} is destroyed.")


def _listing(pages: tuple[SealedPage, ...]) -> str:
    if not pages:
        return "The tray is empty."
    lines = [f"{page.number:>8}  {_time(page)}  {page.kind}" for page in pages[:PAGES_SHOWN_MAX]]
    more = [f"and {len(pages) - PAGES_SHOWN_MAX} more"] if len(pages) > PAGES_SHOWN_MAX else []
    return "\n".join(["    Page  Printed (UTC)        Kind", *lines, *more])


def _time(page: SealedPage) -> str:
    return datetime.fromtimestamp(page.printed, UTC).isoformat(" ", "seconds")[:19]
