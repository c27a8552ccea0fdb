"""``switch scenario`` as its users call it."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from switch.scenarios.scenariofile import load, names
from switch.server.scenario_command import command

F13 = "F13-reply-lost-approved"


def called(*words: str) -> Result:
    return CliRunner().invoke(command, words)


def test_list() -> None:
    told = called("list")
    assert told.exit_code == 0
    assert [line.split()[0] for line in told.output.splitlines()] == list(names())
    assert load(F13).title in told.output


def test_run() -> None:
    told = called("run", "f13", "F21-purchase")
    assert told.exit_code == 0
    assert [line.split()[:2] for line in told.output.splitlines()[:2]] == [["ok", F13], ["ok", "F21-purchase"]]
    assert told.output.endswith("2 of 2 end as they must\n")
    assert called("run", "f13", "--seed", "4").exit_code == 0


def test_one_that_ends_otherwise(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    text = 'title = "t"\nrow = "extra"\nstory = "s"\n[[step]]\nwho = "ATM"\ndoes = "withdraws"\namount = 500000\n'
    path.write_text(text + '[ends]\nsaw = ["withdrawal unable"]\n')
    told = called("run", str(path))
    assert told.exit_code == 1
    assert "FAILED  mine" in told.output
    assert "the cardholder saw [withdrawal approved 00], not [withdrawal unable]" in told.output
    assert "0 of 1 end as they must" in told.output


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("run", "F99"), "expected one of F08-withdrawal, "),
        (("run", "F12"), "expected one of F12-request-lost, F12-request-overtaken"),
        (("run", "nowhere.toml"), "No such file"),
        (("draw", "F99"), "expected one of"),
    ],
)
def test_a_name_that_is_none(words: tuple[str, ...], told: str) -> None:
    result = called(*words)
    assert result.exit_code == 2
    assert told in result.output


def test_draw() -> None:
    drawn = called("draw", F13)
    assert drawn.exit_code == 0
    assert load(F13).title in drawn.output
    assert "0210 00 (lost)" in drawn.output
    assert called("draw", F13, "--mermaid").output.startswith("sequenceDiagram\n")
