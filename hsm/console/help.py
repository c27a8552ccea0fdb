"""What commands there are."""

from __future__ import annotations

import inspect
from itertools import groupby

from hsm.console.declaration import ANYWHERE, ConsoleCommand, console
from hsm.console.desk import Desk
from hsm.console.dialogue import Abandoned, Dialogue, Say


@console.command("HELP", words="[COMMAND]")
def tell_commands(desk: Desk, words: tuple[str, ...]) -> Dialogue[None]:
    """List the commands, or tell everything about one.

    EXIT, QUIT and LOGOUT end the session, Ctrl-C gives up the
    command in progress.
    """
    if not words:
        yield Say("\n".join(_listing()))
        return
    command = console.by_name.get(words[0].upper())
    if command is None:
        raise Abandoned("There is no such command; HELP lists them.")
    yield Say("\n".join(_all_about(command)))


def _listing() -> list[str]:
    lines = []
    in_order = sorted(console.by_name.values(), key=lambda command: (command.family, command.name))
    for _, family in groupby(in_order, key=lambda command: command.family):
        commands = list(family)
        lines.append(f"{_heading(commands[0])}:")
        lines += [f"  {command.name:13} {command.purpose}" for command in commands]
    return [*lines, "  EXIT          End the session."]


def _heading(command: ConsoleCommand) -> str:
    module = inspect.getmodule(command.does)
    return (inspect.getdoc(module) or command.family).partition("\n")[0].rstrip(".")


def _line(command: ConsoleCommand) -> str:
    return f"{command.name} {command.words}".rstrip()


def _all_about(command: ConsoleCommand) -> list[str]:
    lines = [_line(command), command.purpose]
    if command.remarks:
        lines += ["", *command.remarks.splitlines(), ""]
    if command.positions == ANYWHERE:
        lines.append("States: any.")
    else:
        lines.append(f"States: {' or '.join(sorted(each.value for each in command.positions))}.")
    if command.needs is not None:
        lines.append(f"Needs the activity {command.needs}.console.")
    if command.ceremony:
        lines.append("Only one operator at a time is served.")
    return lines
