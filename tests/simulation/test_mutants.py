"""Faults put in by hand are found: a storm that finds none would prove nothing."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from switch.server.storm import Storm
from switch.storm.plan import Plan
from switch.storm.rules import Rule, Violation

FOLDER = Path(__file__).parent / "mutants"
TRANSACTIONS_MAX = 1_500
SEED = 3


def mutant(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"mutant_{name}", FOLDER / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("*.py")))
def test_a_fault_that_is_put_in_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made = mutant(name)
    made.put_in(monkeypatch)
    storm = Storm(Plan(TRANSACTIONS_MAX, made.FAULTS, SEED))
    with pytest.raises(Violation) as found:
        storm.run()
    assert found.value.rule in {Rule[each] for each in made.RULES}, str(found.value)
    print(f"{name}: found after {storm.begun} transactions: {found.value}")


def test_without_them_nothing_is_found_and_a_seed_draws_the_same_storm_again() -> None:
    storms = [Storm(Plan(TRANSACTIONS_MAX // 3, 0.05, SEED)) for _ in range(2)]
    for storm in storms:
        storm.run()
    first, second = storms
    assert first.checked == TRANSACTIONS_MAX // 3
    assert len(first.happened) > 7, "there were faults of most kinds"
    assert (first.happened, first.watch.counts, first.clock.happened) == (
        second.happened, second.watch.counts, second.clock.happened,
    )  # fmt: skip
