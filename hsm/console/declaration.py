"""A console command declared once; the shell, ``HELP`` and the manual read the declaration."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hsm.console.dialogue import Dialogue
from hsm.policy.position import Position

if TYPE_CHECKING:
    from hsm.console.desk import Desk

ANYWHERE = frozenset(Position)
OFFLINE = frozenset((Position.OFFLINE, Position.SECURE))
SECURE = frozenset((Position.SECURE,))


@dataclass(frozen=True)
class ConsoleCommand:
    """A command: *positions* in which it runs, the activity it *needs*, whether it is a *ceremony* (one at a time).

    *words* shows what may follow the name on the line (``[COMMAND]``); empty: nothing may.  *does* gets the desk and
    those words.
    """

    name: str
    positions: frozenset[Position]
    needs: str | None
    ceremony: bool
    words: str
    does: Callable[[Desk, tuple[str, ...]], Dialogue[None]]

    @property
    def purpose(self) -> str:
        """The docstring's first line."""
        return inspect.cleandoc(self.does.__doc__ or "").partition("\n")[0]

    @property
    def remarks(self) -> str:
        """The rest of the docstring."""
        return inspect.cleandoc(self.does.__doc__ or "").partition("\n")[2].strip()

    @property
    def family(self) -> str:
        """The module that declares it."""
        return self.does.__module__.rpartition(".")[2]


Meaning = Callable[["Desk", tuple[str, ...]], Dialogue[None]]


class Commands:
    """The table of console commands, filled as their modules are imported."""

    def __init__(self) -> None:
        self.by_name: dict[str, ConsoleCommand] = {}

    def command(
        self,
        name: str,
        positions: frozenset[Position] = ANYWHERE,
        *,
        needs: str | None = None,
        ceremony: bool = False,
        words: str = "",
    ) -> Callable[[Meaning], Meaning]:
        """Declare the decorated generator function to be the command *name*."""

        def declare(does: Meaning) -> Meaning:
            if name in self.by_name or not does.__doc__:
                raise TypeError(f"{name} is declared twice or does not say what it is for")
            self.by_name[name] = ConsoleCommand(name, positions, needs, ceremony, words, does)
            return does

        return declare


console = Commands()
