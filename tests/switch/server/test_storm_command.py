"""``switch storm`` as its users call it."""

from __future__ import annotations

import re

import pytest
from click.testing import CliRunner

from switch.issuer import booking
from switch.server.storm_command import command


def storm(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(command, words)
    return result.exit_code, result.output


def test_a_storm_ends_well_and_says_what_happened() -> None:
    code, said = storm("--transactions", "400", "--faults", "5%", "--seed", "7")
    assert code == 0, said
    assert said.startswith("seed 7\n")
    assert re.search(r"^ +400  transactions$", said, re.M)
    assert re.search(r"^ +\d+  message: lost$", said, re.M)
    assert "no rule was broken" in said


def test_a_violation_is_told_with_its_seed_and_its_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(booking, "reverse", lambda *parts: "00")
    code, said = storm("--transactions", "3000", "--faults", "0.05", "--seed", "7")
    assert code == 1, said
    assert "books agree" in said
    assert "seed 7, transactions 3000, faults 0.05" in said
    assert re.search(r"switch -> acquirer-\d 0210|switch <- issuer-\d 0210 00", said), said


@pytest.mark.parametrize("rate", ["101%", "-1", "some"])
def test_a_rate_that_is_none_is_refused(rate: str) -> None:
    code, said = storm("--faults", rate)
    assert code == 2
    assert "a share from 0% to 100% expected" in said
