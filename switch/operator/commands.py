"""All commands by name."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType

from switch.operator import cardcommands, keycommands, linkcommands, recordcommands, runcommands, tablecommands
from switch.operator.command import AtOnce, Command, Lines, words_of
from switch.operator.ports import CommandRefused, Switchboard
from switch.operator.words import columns


def _help(board: Switchboard, words: Sequence[str]) -> Lines:
    """All commands, or one."""
    rows = [COMMANDS[words[0]]] if words and words[0] in COMMANDS else list(COMMANDS.values())
    return columns(("command", "does"), [(f"{row.name} {row.usage}".rstrip(), row.summary) for row in rows])


_ROWS: tuple[Command, ...] = (
    AtOnce("help", "[COMMAND]", "this list", _help),
    *linkcommands.COMMANDS,
    *keycommands.COMMANDS,
    *recordcommands.COMMANDS,
    *cardcommands.COMMANDS,
    *tablecommands.COMMANDS,
    *runcommands.COMMANDS,
)
COMMANDS = MappingProxyType({row.name: row for row in _ROWS})


def parse(line: str) -> tuple[Command, Sequence[str]] | None:
    """The command of *line* and the words behind its name; None for a line without words.  Raises CommandRefused."""
    words = words_of(line)
    if not words:
        return None
    command = COMMANDS.get(words[0])
    if command is None:
        raise CommandRefused("there is no such command; see help")
    return command, words[1:]
