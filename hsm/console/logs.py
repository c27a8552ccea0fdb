"""The logs: what was done, and what went wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hsm.audit.record import AuditUnwritable, Entry
from hsm.console.declaration import OFFLINE, SECURE, console
from hsm.console.desk import Desk
from hsm.console.dialogue import Abandoned, Dialogue, Say, chosen, confirmed
from hsm.console.dualcontrol import one_agrees, two_agree
from hsm.policy.auditing import AuditOptions, Category

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
    newest_first = entries(int(text))[::-1]
    if not newest_first:
        yield Say("The log is empty.")
    for start in range(0, len(newest_first), PAGE_LINES):
        if start and (yield from chosen("More?", ("Y", "N"), "Y")) == "N":
            return
        yield Say("\n".join(_line(entry) for entry in newest_first[start : start + PAGE_LINES]))


def _line(entry: Entry) -> str:
    where = f"{entry.interface.value} {entry.peer}".rstrip()
    when = f"{entry.time:%Y-%m-%d %H:%M:%S}"
    seen = ", ".join(each for each in (entry.place, *entry.who) if each)
    return f"{entry.sequence:8} {when} {entry.command:12} {entry.outcome} {where}  {seen}".rstrip()


@console.command("CLEARAUDIT", SECURE, ceremony=True)
def clear_audit_log(desk: Desk, words: tuple[str, ...]) -> Dialogue[None]:
    """Put the audit log's entries aside and begin anew; two officers must be present.

    The numbers go on, and the first entry says who cleared the log.
    """
    yield from two_agree(desk)
    if (yield from confirmed("Clear the audit log?")):
        try:
            desk.logbook.clear(tuple(desk.present))
        except AuditUnwritable as fault:
            raise Abandoned(f"{fault}") from None
        yield Say("Cleared.")


@console.command("CLEARERR", OFFLINE, ceremony=True)
def clear_error_log(desk: Desk, words: tuple[str, ...]) -> Dialogue[None]:
    """Have the error log begin anew; an officer must agree.  The audit log keeps its entries."""
    yield from one_agrees(desk)
    if (yield from confirmed("Clear the error log?")):
        desk.logbook.clear_errors(tuple(desk.present))
        yield Say("Cleared.")


@console.command("AUDITOPTIONS", words="[WORD ...]")
def choose_audited(desk: Desk, words: tuple[str, ...]) -> Dialogue[None]:
    """Tell or choose what the audit log enters: categories of commands, and refusals.

    All commands are counted.  Console commands are entered whatever is chosen, and what befalls the appliance too.
    A choice names everything that shall be entered; it takes the offline state and an officer.
    """
    appliance = desk.appliance
    yield Say(f"Entered: {appliance.state.audit_options}")
    if not words:
        return
    try:
        options = AuditOptions.parse(" ".join(words))
    except ValueError as fault:
        raise Abandoned(f"{fault}.") from None
    if appliance.state.position not in OFFLINE:
        raise Abandoned("A choice needs the offline or secure state.")
    yield from one_agrees(desk)
    options = replace(options, categories=options.categories | {Category.CONSOLE})
    if (yield from confirmed(f"Enter {options}?")):
        appliance.change_audit_options(options)
        yield Say(f"Entered: {options}")
