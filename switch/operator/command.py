"""A line of an operator becomes a command and its words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from switch.operator.ports import CommandRefused, Records, Switchboard

LINE_CHARS_MAX = 512
Lines = Iterable[str]


@dataclass(frozen=True)
class _Row:
    name: str
    usage: str
    """What may stand behind the name."""
    summary: str


@dataclass(frozen=True)
class AtOnce(_Row):
    """A command about what runs."""

    run: Callable[[Switchboard, Sequence[str]], Lines]


@dataclass(frozen=True)
class FromRecords(_Row):
    """A command that waits for the store or for files."""

    run: Callable[[Records, Sequence[str]], Lines]


Command = AtOnce | FromRecords


def words_of(line: str) -> list[str]:
    """The words of *line*.  Raises CommandRefused for what nobody types."""
    if len(line) > LINE_CHARS_MAX or not (line.isascii() and line.isprintable()):
        raise CommandRefused(f"a line is at most {LINE_CHARS_MAX} printable characters")
    return line.split()


def misused(command: str, usage: str) -> CommandRefused:
    """The words behind *command* are not as its *usage* says."""
    return CommandRefused(f"usage: {command} {usage}".rstrip())
