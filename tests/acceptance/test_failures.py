"""Each figure's scenarios: what every party holds at the end, played in simulation."""

from __future__ import annotations

import pytest

from switch.scenarios.judged import differences
from switch.scenarios.scenario import Scenario
from switch.scenarios.scenariofile import load, names
from switch.server.simulatednetwork import simulated

FIGURES = [f"F{number:02}" for number in range(8, 35)]
"""Figures 3.8 to 3.34."""
SCENARIOS = [load(name) for name in names()]


@pytest.mark.parametrize("row", FIGURES)
def test_every_party_ends_as_the_figure_wants(row: str) -> None:
    own = [scenario for scenario in SCENARIOS if scenario.row == row]
    assert own
    assert {scenario.name: differences(scenario, simulated(scenario, 0)) for scenario in own} == {
        scenario.name: [] for scenario in own
    }


@pytest.mark.parametrize(
    "scenario", [each for each in SCENARIOS if each.row not in FIGURES], ids=lambda each: each.name
)
def test_what_no_figure_shows(scenario: Scenario) -> None:
    assert differences(scenario, simulated(scenario, 0)) == []
