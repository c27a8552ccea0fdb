"""The logs: what was done, and what went wrong."""

from __future__ import annotations

from collections.abc import Callable

from hsm.audit.record import Entry
from hsm.console.declaration import OFFLINE, SECURE, console
from hsm.console.desk import Desk
from hsm.console.dialogue import Abandoned, Dialogue, Say, chosen, confirmed
from hsm.console.dualcontrol import one_agrees, two_agree

PAGE_LINES = 20
SHOWN_DEFAULT, SHOWN_MAX = 100, 10_000


@console.command("AUDITLOG", words="[COUNT]")
def tell_audit_log(desk: Desk, words: tuple[str, ...]) -> Dialogue[None]:
    """Show the audit log, the newest entries first: 100 of them, or as many as you say."""
    yield from _pages(desk.logbook.latest, words)


@console.command("ERRLOG", words="[COUNT]")
def tell_error_log(desk: Desk, words: tuple[str, ...]) -> Dialogue[None]:
    """Show the error log, the newest entries first: faults of the appliance, and what befell it."""
    yield from _pages(desk.logbook.errors, words)


def _pages(entries: Callable[[int], tuple[Entry, ...]], words: tuple[str, ...]) -> Dialogue[None]:
    text = words[0] if words else str(SHOWN_DEFAULT)
    if not (text.isascii() and text.isdecimal() and len(text) <= 5 and 1 <= int(text) <= SHOWN_MAX):
        raise Abandoned(f"COUNT is a number from 1 to {SHOWN_MAX}.")
    found = entries(int(text))
    if not found:
        yield Say("The log is empty.")
    for start in range(0, len(found), PAGE_LINES):
        if start and (yield from chosen("More?", ("Y", "N"), "Y")) == "N":
            return
        yield Say("\n".join(_line(entry) for entry in found[start : start + PAGE_LINES]))


def _line(entry: Entry) -> str:
    where = f"{entry.interface.value} {entry.peer}".rstrip()
    when = f"{entry.time:%Y-%m-%d %H:%M:%S}"
    return f"{entry.sequence:8} {when} {entry.command:12} {entry.outcome} {where} {entry.place}".rstrip()


@console.command("CLEARAUDIT", SECURE, ceremony=True)
def clear_audit_log(desk: Desk, words: tuple[str, ...]) -> Dialogue[None]:
    """Put the audit log's entries aside and begin anew; two officers must be present.

    The numbers go on, and this command is itself the first entry.
    """
    yield from two_agree(desk)
    if (yield from confirmed("Clear the audit log?")):
        desk.logbook.clear(tuple(desk.present))
        yield Say("Cleared.")


@console.command("CLEARERR", OFFLINE, ceremony=True)
def clear_error_log(desk: Desk, words: tuple[str, ...]) -> Dialogue[None]:
    """Have the error log begin anew; an officer must agree.  The audit log keeps its entries."""
    yield from one_agrees(desk)
    if (yield from confirmed("Clear the error log?")):
        desk.logbook.clear_errors()
        yield Say("Cleared.")
