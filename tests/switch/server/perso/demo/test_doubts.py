"""Mailers in doubt: the pages in the tray decide."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from hsm.client.leash import Leash
from switch.server.perso.demo import doubts
from switch.server.perso.demo.commands import StepFailed, Words
from switch.server.perso.demo.layout import Layout

LISTED_MAX = 100


def status(printed: int, in_doubt: list[int]) -> str:
    questions = "".join(f"card {number}: is its mailer printed?\n" for number in in_doubt)
    return f"{printed + len(in_doubt)} made, 0 rejected, {printed} mailers printed\n{questions}"


def tray(pages: int) -> str:
    """What PRINTER says."""
    lines = [f"{number:>8}  2026-11-22 14:00:00  PIN mailer\n" for number in range(1, min(pages, LISTED_MAX) + 1)]
    more = f"and {pages - LISTED_MAX} more\n" if pages > LISTED_MAX else ""
    return f"    Page  Printed (UTC)        Kind\n{''.join(lines)}{more}" if pages else "The tray is empty.\n"


def settled(monkeypatch: pytest.MonkeyPatch, told: str, pages: int) -> list[tuple[str, str]]:
    """What was decided, of which cards."""
    decided = []

    def spoken(words: Words, children: Leash, log: Path, module: str = "switch.main", typed: str = "") -> str:
        if words[0] == "console":
            assert (module, typed) == ("hsm.server.main", "PRINTER\n")
            return tray(pages)
        if words[3] == "status":
            return told
        assert words[3] == "mailer"
        decided.append((str(words[5]), str(words[6])))
        return ""

    monkeypatch.setattr(doubts, "spoken", spoken)
    hall = ("produce", "--config", "hall.toml")
    doubts.settle(Layout(Path("demo")), hall, Path("a.prepared"), cast("Leash", None), lambda said: None)
    return decided


@pytest.mark.parametrize(
    ("printed", "in_doubt", "pages", "decided"),
    [
        (0, [], 0, []),
        (0, [1], 0, [("1", "again")]),
        (0, [1], 1, [("1", "printed")]),
        (7, [8, 9], 8, [("8", "printed"), ("9", "again")]),
        (100, [101], 100, [("101", "again")]),
        (250, [251], 251, [("251", "printed")]),
    ],
)
def test_pages_beyond_those_known_are_the_first_in_doubt(
    monkeypatch: pytest.MonkeyPatch, printed: int, in_doubt: list[int], pages: int, decided: list[tuple[str, str]]
) -> None:
    assert settled(monkeypatch, status(printed, in_doubt), pages) == decided


@pytest.mark.parametrize("pages", [1, 5])
def test_a_tray_that_does_not_fit_is_for_people(monkeypatch: pytest.MonkeyPatch, pages: int) -> None:
    with pytest.raises(StepFailed, match="pages are in the tray"):
        settled(monkeypatch, status(2, [3, 4]), pages)
