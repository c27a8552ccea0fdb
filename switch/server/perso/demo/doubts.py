"""PIN mailers in doubt after a kill: the officers count the pages in the printer's tray, and decide."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from hsm.client.leash import Leash
from switch.server.perso.demo.commands import StepFailed, Words, spoken
from switch.server.perso.demo.layout import Layout

_PAGE = re.compile(r" *[0-9]+  .*PIN mailer")
_MORE = re.compile(r"and ([0-9]+) more")
_IN_DOUBT = re.compile(r"card ([0-9]+): is its mailer printed\?")
_PRINTED = re.compile(r"([0-9]+) mailers printed")
WHY = "pages in the tray were counted"


def settle(layout: Layout, hall: Words, prepared: Path, children: Leash, say: Callable[[str], None]) -> None:
    """Have decided what is in doubt of the order *prepared*; *hall* begins production's commands.  Raises StepFailed.

    Mailers are printed one after the other, so that the pages beyond those that are known to be printed are the first in
    doubt; the demonstration's tray holds no other order's.
    """
    told = spoken((*hall, "status", prepared), children, layout.log)
    doubts = [int(number) for number in _IN_DOUBT.findall(told)]
    known = _PRINTED.search(told)
    if not doubts or known is None:
        return
    beyond = _pages(layout, children) - int(known[1])
    if not 0 <= beyond <= len(doubts):
        raise StepFailed(f"{beyond} pages are in the tray beyond those printed, {len(doubts)} are in doubt")
    for place, card in enumerate(doubts):
        decision = "printed" if place < beyond else "again"
        spoken((*hall, "mailer", prepared, str(card), decision, "--why", WHY, *layout.officers()), children, layout.log)
        say(f"   the mailer of card {card} was in doubt: {decision}")


def _pages(layout: Layout, children: Leash) -> int:
    """How many lie in the tray of production's HSM, by its console."""
    state = str(layout.folder / "hsm" / "production")
    listed = spoken(("console", "--state-dir", state), children, layout.log, "hsm.server.main", "PRINTER\n")
    more = _MORE.search(listed)
    return len(_PAGE.findall(listed)) + (int(more[1]) if more else 0)
