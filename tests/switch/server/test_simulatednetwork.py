"""Every scenario in simulation; what a seed changes, and that a judge who is wrong is told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from switch.scenarios.judged import differences
from switch.scenarios.scenario import Does, Step
from switch.scenarios.scenariofile import load, names
from switch.server.simulatednetwork import chances, simulated
from switch.server.stage import NotPlayed


@pytest.mark.parametrize("name", names())
def test_it_ends_as_it_must(name: str) -> None:
    scenario = load(name)
    assert differences(scenario, simulated(scenario)) == []


@pytest.mark.parametrize("name", names())
def test_however_long_messages_take(name: str) -> None:
    scenario = load(name)
    assert differences(scenario, simulated(scenario, 1), in_order=False) == []


def test_a_run_can_be_repeated() -> None:
    scenario = load("everybody-dies")
    assert simulated(scenario, 5) == simulated(scenario, 5)
    assert simulated(scenario, 5).seen != simulated(scenario, 6).seen
    assert [chances(1)() for _ in range(2)] == [chances(1)()] * 2


def test_without_its_faults_no_scenario_with_some_ends_the_same() -> None:
    for name in names():
        scenario = load(name)
        if scenario.faults:
            assert differences(scenario, simulated(replace(scenario, faults=()))), name


def test_a_host_that_cannot_start_is_told() -> None:
    scenario = load("F08-withdrawal")
    steps = (Step(0.0, "A", Does.KILLED), Step(1.0, "A", Does.LOSES_STORE), Step(2.0, "A", Does.STARTS))
    with pytest.raises(NotPlayed, match="a host can't start: the database is away"):
        simulated(replace(scenario, steps=steps))
