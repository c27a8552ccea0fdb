"""What a console dialogue is made of.

A dialogue yields ``Ask`` and ``Say`` and is sent what was typed in answer to an ``Ask`` (nothing for a ``Say``).  Refusals
and CardErrors that it raises are told in words; whoever drives it closes it when the line is dropped.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

ANSWER_CHARS_MAX = 200
TRIES_MAX = 3

CLEAR_SCREEN = "\x1b[2J\x1b[3J\x1b[H"
"""Erases the screen and what has scrolled off it (ECMA-48 ED 2, xterm's ED 3, CUP)."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Ask:
    """A question; a *secret* answer is not echoed and enters no history."""

    prompt: str
    secret: bool = False
    chars_max: int = ANSWER_CHARS_MAX


@dataclass(frozen=True, slots=True)
class Say:
    """A line, or several, to show; since that may be a component, it stands in no repr."""

    text: str = field(repr=False)


Step = Ask | Say
Dialogue = Generator[Step, str, T]


class Abandoned(Exception):
    """The operator gave a ceremony up, or gave no usable answer; the text is shown."""


def asked(question: Ask, read: Callable[[str], T], expected: str) -> Dialogue[T]:
    """The answer to *question* as *read* understands it; asked again while that raises ValueError.

    *expected* tells what would do.  Raises Abandoned after TRIES_MAX answers that did not.
    """
    for _ in range(TRIES_MAX):
        answer = yield question
        try:
            return read(answer.strip())
        except ValueError:
            yield Say(f"Expected {expected}.")
    raise Abandoned("No usable answer: given up.")


def chosen(prompt: str, choices: Sequence[str], default: str = "") -> Dialogue[str]:
    """One of *choices* (upper case); an empty answer is *default*, where there is one."""

    def read(answer: str) -> str:
        answer = answer.upper() or default
        if answer not in choices:
            raise ValueError
        return answer

    listed = f" [{'/'.join(choices)}]" if tuple(choices) != (default,) else ""
    shown = f" [{default}]" if default else ""
    return (yield from asked(Ask(f"{prompt}{listed}{shown}: "), read, f"one of {', '.join(choices)}"))


def confirmed(question: str) -> Dialogue[bool]:
    """Whether the operator says yes; an empty answer says no."""
    answer = yield from chosen(f"{question}", ("Y", "N"), "N")
    return answer == "Y"


def number(prompt: str, least: int, most: int) -> Dialogue[int]:
    """A decimal number from *least* to *most*."""

    def read(answer: str) -> int:
        if not re.fullmatch("[0-9]{1,9}", answer) or not least <= int(answer) <= most:
            raise ValueError
        return int(answer)

    return (yield from asked(Ask(f"{prompt} ({least}-{most}): "), read, f"a number from {least} to {most}"))


def matching(prompt: str, pattern: str, expected: str, *, secret: bool = False) -> Dialogue[str]:
    """An answer, in upper case and without blanks, that all of *pattern* describes."""
    form = re.compile(pattern)

    def read(answer: str) -> str:
        text = "".join(answer.split()).upper()
        if not form.fullmatch(text):
            raise ValueError
        return text

    return (yield from asked(Ask(prompt, secret=secret), read, expected))


def lmk_id(default: str = "00") -> Dialogue[str]:
    """The LMK identifier, two digits."""
    prompt = f"Enter LMK id [{default}]: "

    def read(answer: str) -> str:
        answer = answer or default
        if not re.fullmatch("[0-9]{2}", answer):
            raise ValueError
        return answer

    return (yield from asked(Ask(prompt), read, "two digits"))
