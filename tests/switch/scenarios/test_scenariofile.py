"""Scenarios as files: those that come with the product, and what is refused."""

from __future__ import annotations

import re

import pytest

from switch.link.lines import ConfigError
from switch.scenarios.scenario import Does, Harm
from switch.scenarios.scenariofile import load, names, read

WHOLE = """title = "t"
row = "F13"
figure = "3.13"
story = "s"
[[step]]
at = 1.5
who = "ATM"
does = "withdraws"
amount = 500000
[[fault]]
message = "0210"
from = "B"
to = "A"
harm = "is late"
seconds = 5
[ends]
saw = ["withdrawal declined 68"]
[ends.I]
taken = 5
[ends.links]
A-B = ["A>B 0200"]
"""
ROWS = {f"F{number:02}" for number in range(8, 35)}


def test_every_row_of_the_table_has_a_scenario() -> None:
    rows = {load(name).row for name in names()}
    assert rows - {"extra"} == ROWS
    assert all(load(name).figure for name in names() if load(name).row != "extra")


def test_every_harm_and_deed_is_played_somewhere() -> None:
    scenarios = [load(name) for name in names()]
    assert {fault.harm for each in scenarios for fault in each.faults} == set(Harm)
    assert {step.does for each in scenarios for step in each.steps} >= set(Does) - {Does.ASKS_BALANCE}


def test_every_scenario_says_how_all_parties_end() -> None:
    for name in names():
        ends = load(name).ends
        assert ends.saw, name
        assert ends.links, name
        assert not ends.differs, name


def test_a_whole_one() -> None:
    scenario = read("x", "x.toml", WHOLE)
    assert (scenario.steps[0].at, scenario.steps[0].amount, scenario.steps[0].card) == (1.5, 500_000, "member")
    assert (scenario.faults[0].harm, scenario.faults[0].number, scenario.faults[0].seconds) == (Harm.LATE, 1, 5.0)
    assert scenario.ends.hosts["I"].taken == 5
    assert scenario.ends.links == {"A-B": ("A>B 0200",)}
    assert scenario.lasts == 40


@pytest.mark.parametrize(
    ("was", "wrong", "told"),
    [
        ('row = "F13"', 'row = "F35"', "x.toml, line 2: row: expected F08 to F34"),
        ('figure = "3.13"', 'figure = "3"', "x.toml, line 3: figure"),
        ("at = 1.5", "at = -1", "x.toml, line 6: step.0.at: expected seconds"),
        ('who = "ATM"', 'who = "C"', "x.toml, line 7: step.0.who: expected one of ATM, POS, A, B, I, ATM-A"),
        ('does = "withdraws"', 'does = "is cut"', "x.toml, line 8: step.0.does: expected one of asks the balance"),
        ('does = "withdraws"', 'does = "buys"', "x.toml, line 8: step.0.does: expected one of asks the balance"),
        ('who = "ATM"', 'who = "A-B"', "x.toml, line 8: step.0.does: expected one of is cut, is mended"),
        ("amount = 500000", "amount = 0", "x.toml, line 9: step.0.amount: expected a whole number"),
        ("amount = 500000", "notes = 2", "x.toml, line 5: step.0.amount"),
        ("amount = 500000", "amount = 5\nnotes = 2", "x.toml, line 10: step.0.notes: expected nothing"),
        ('message = "0210"', 'message = "210"', "x.toml, line 11: fault.0.message: expected an MTI"),
        ('to = "A"', 'to = "ATM"', "x.toml, line 13: fault.0.to: expected one of A, I"),
        ('harm = "is late"', 'harm = "is blue"', "x.toml, line 14: fault.0.harm: expected one of is lost"),
        ('from = "B"\nto = "A"\nharm = "is late"', 'from = "ATM"\nto = "A"\nharm = "is never sent"', "not killed"),
        ("seconds = 5", "seconds = 0", "x.toml, line 15: fault.0.seconds"),
        ("seconds = 5", "times = 5\nseconds = 5", "x.toml, line 15: fault.0.times: expected nothing"),
        ("saw = [", "sees = [", "x.toml, line 17: ends.sees: expected nothing"),
        ("taken = 5", 'taken = "5"', "x.toml, line 19: ends.I.taken"),
        ("A-B = [", "A-I = [", "x.toml, line 21: ends.links.A-I: expected nothing"),
        ('story = "s"', 'story = "s"\n[settings]\nC-B = "x"', "x.toml, line 6: settings.C-B"),
        ("[[step]]", "[[steps]]", "step: expected steps in the order of time, one at least"),
        ("[ends]", '[[step]]\nwho = "ATM"\ndoes = "withdraws"\namount = 1\n[ends]', "in the order of time"),
        ("[ends]", "[ends", "x.toml, line 16: syntax"),
    ],
)
def test_what_is_wrong_is_named(was: str, wrong: str, told: str) -> None:
    assert was in WHOLE
    with pytest.raises(ConfigError, match=re.escape(told)):
        read("x", "x.toml", WHOLE.replace(was, wrong))
