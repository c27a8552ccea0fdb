"""The bureau killed: its demonstration in each step, and an import and a preparation on their way."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from random import Random
from types import ModuleType

import pytest

from switch.server.perso import importing, preparing

CARDS, KILLS = 1_000, 3
DEMONSTRATION_CARDS, ROUNDS, ROUNDS_FULL = 6, 1, 15


def script(name: str) -> ModuleType:
    """A script of this folder."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


part_kills, perso_kills = script("part_kills"), script("perso_kills")


@pytest.mark.parametrize(
    ("what", "batch_cards"), [("imported", importing.BATCH_CARDS), ("prepared", preparing.BATCH_CARDS)]
)
def test_what_was_done_before_a_kill_is_not_done_again(what: str, batch_cards: int, tmp_path: Path) -> None:
    outcome = getattr(part_kills, what)(tmp_path, CARDS, KILLS, Random(1))
    assert outcome.same
    more = outcome.asked_broken - outcome.asked_unbroken
    assert more <= part_kills.spare(CARDS, outcome.asked_unbroken, outcome.kills, batch_cards)


def test_the_demonstration_comes_to_the_same_totals(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    draw = Random(3)
    lengths = perso_kills.Demonstration(tmp_path / "unbroken", DEMONSTRATION_CARDS).lengths()
    for number in range(ROUNDS_FULL if request.config.getoption("--full") else ROUNDS):
        killed = perso_kills.killed_round(tmp_path / str(number), DEMONSTRATION_CARDS, lengths, draw)
        assert killed.total() >= len(lengths) - 1
