"""The host commands of all dialects, as the console lists, switches and counts them."""

from __future__ import annotations

from functools import cache

from hsm.audit.apart import name_apart
from hsm.console.desk import HostCommand
from hsm.dialects.eracom.codes import eracom
from hsm.dialects.eracom.families import load as load_eracom
from hsm.dialects.thales.codes import thales
from hsm.dialects.thales.families import load as load_thales


@cache
def host_commands() -> tuple[HostCommand, ...]:
    """Thales's by code, and then Eracom's."""
    load_thales()
    load_eracom()
    commands = (HostCommand(code, each.purpose, code) for code, each in sorted(thales.commands.items()))
    functions = (
        HostCommand(code, each.purpose, name_apart(eracom.name, code)) for code, each in sorted(eracom.commands.items())
    )
    return (*commands, *functions)
