"""The command says plainly that the switch is not built yet."""

from __future__ import annotations

from click.testing import CliRunner

from switch.main import main


def test_it_says_what_there_is() -> None:
    told = CliRunner().invoke(main)
    assert told.exit_code == 0
    assert "Not built yet" in told.output
