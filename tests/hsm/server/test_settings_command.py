"""The list of settings is whole, and its values are those that ``--set`` takes."""

from __future__ import annotations

from click.testing import CliRunner

from hsm.policy.choices import Profile
from hsm.policy.settings import Settings
from hsm.server.settings_command import command


def test_every_setting_stands_there_with_its_value() -> None:
    told = CliRunner().invoke(command, ["--profile", "hardened"]).output.splitlines()
    assert [line.split()[0] for line in told] == [found.name for found, _ in Settings().listing()]
    rows = dict(line.split()[:2] for line in told)
    assert rows["restrict-kcv"] == Settings.of(Profile.HARDENED).text("restrict-kcv")


def test_the_long_form_says_what_they_mean() -> None:
    told = CliRunner().invoke(command, ["--long"]).output
    assert "Restrict Key Check Values to 6 hex chars: A check value of 16 digits" in told
