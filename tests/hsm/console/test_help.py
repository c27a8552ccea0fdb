"""HELP tells every command from its declaration."""

from __future__ import annotations

import pytest
from support.playbook import Operator

from hsm.console.declaration import console


def test_every_command_has_its_line_under_its_family() -> None:
    shown = Operator().types("HELP")
    for command in console.by_name.values():
        assert f"\n  {command.name:13} {command.purpose}\n" in shown
    assert "Settings: what the appliance allows:\n  CONFIGCMDS" in shown


@pytest.mark.parametrize("name", sorted(console.by_name))
def test_everything_about_each_command(name: str) -> None:
    command = console.by_name[name]
    shown = Operator().types(f"HELP {name.lower()}")
    assert shown.startswith(f"{name} {command.words}".rstrip() + f"\n{command.purpose}\n")
    assert command.remarks in shown
    assert "\nStates: " in shown
    assert ("Only one operator" in shown) is command.ceremony


def test_needs_and_states_are_told() -> None:
    operator = Operator()
    assert "States: offline or secure.\nNeeds the activity admin.console.\n" in operator.types("HELP SETTIME")
    assert "States: any.\n" in operator.types("HELP QS")
    assert "There is no such command" in operator.types("HELP NONSENSE")
