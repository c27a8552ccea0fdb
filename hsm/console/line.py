"""What a terminal drives: one operator's line as text in and text out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from hsm.console.dialogue import ANSWER_CHARS_MAX


@dataclass(frozen=True, slots=True)
class Screen:
    """What the terminal does next: show *text* (lines end with a newline), then *prompt*, then read a line.

    Of a *secret* line nothing is echoed, and it enters no history.  A line longer than *chars_max* is not taken: the
    terminal says so and asks again.  When it is *over* the terminal shows *text* and closes.  *recall*: the line just
    taken was a command, and the arrow keys may bring it back; answers to questions are never brought back.  Since *text*
    may hold a component that is shown once, it stands in no repr.
    """

    text: str = field(repr=False)
    prompt: str = ""
    secret: bool = False
    chars_max: int = ANSWER_CHARS_MAX
    over: bool = False
    recall: bool = False


class Console(Protocol):
    """One operator's line to the appliance."""

    def begin(self) -> Screen:
        """The greeting and the first prompt."""

    def line(self, text: str) -> Screen:
        """What follows *text*, a line without its end."""

    def interrupt(self) -> Screen:
        """The operator pressed Ctrl-C: whatever is in progress is given up."""

    def hang_up(self, why: str) -> None:
        """The line is gone (``dropped``, ``idle``): whatever is in progress ends, and nothing of it stays."""
