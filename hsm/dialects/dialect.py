"""A host command declared once, and the table of a dialect's commands.

The decorated function's first parameter and its result are the request and answer messages; a mismatch is a type error.
The function holds the meaning and nothing else: parsing, policy, audit and the codes of refusals are the dispatcher's.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar, Union, get_args, get_origin, get_type_hints

from hsm.appliance import Appliance, Hsm
from hsm.audit.record import Category
from hsm.refusal import Advised, CommandDisabled, InputInvalid, InternalFault, LmkInvalid, Refusal
from hsm.wire.message import Message

Q = TypeVar("Q", bound=Message)
A = TypeVar("A", bound=Message)
Answer = Message | Advised[Message]


@dataclass(frozen=True)
class Command:
    """A declared command.

    *needs* names the activity that must be authorised, with fields of the request in braces (``export.{key_type}``).
    *category* is what sort of command the audit log takes it for: the CATEGORY of the module that declares it.
    *refusals* are codes particular to this command.  A command that *changes_state* is executed by the process that owns
    the state.
    """

    code: str
    reply: str
    asks: type[Message]
    answers: type[Message]
    does: Callable[[Any, Hsm], Answer]
    needs: str | None
    refusals: Mapping[type[Refusal], str]
    changes_state: bool
    category: Category

    @property
    def purpose(self) -> str:
        """The docstring's first line."""
        return inspect.cleandoc(self.does.__doc__ or "").partition("\n")[0]

    @property
    def remarks(self) -> str:
        """The rest of the docstring."""
        return inspect.cleandoc(self.does.__doc__ or "").partition("\n")[2].strip()

    @property
    def module(self) -> str:
        """The family: the last part of the module's name."""
        return self.does.__module__.rpartition(".")[2]


class Spelling(Protocol):
    """How the codes of a dialect stand on the wire; characters are bytes."""

    hexadecimal: bool
    """Are messages shown, and witnessed, in hexadecimal as a whole?"""

    def code_at(self, text: str) -> tuple[str, int]:
        """The command or reply code that *text* begins with, as it is declared, and where it ends."""

    def outcome_at(self, text: str, at: int) -> tuple[str, int]:
        """The outcome that stands at *at* in a reply, as refusals are coded, and where it ends."""

    def wire(self, code: str) -> str:
        """A declared code as it stands on the wire."""


class Letters:
    """Codes of two characters, as they are."""

    hexadecimal = False

    def code_at(self, text: str) -> tuple[str, int]:
        return text[:2], 2

    def outcome_at(self, text: str, at: int) -> tuple[str, int]:
        return text[at : at + 2], at + 2

    def wire(self, code: str) -> str:
        return code


@dataclass
class Dialect:
    """The commands of one dialect, filled as its modules are imported, and its word for each refusal.

    *spelling* is how codes stand on the wire; *always* what any command may be refused for.
    """

    name: str
    reply_code: Callable[[str], str]
    refusals: Mapping[type[Refusal], str]
    spelling: Spelling = field(default_factory=Letters)
    always: tuple[type[Refusal], ...] = (InputInvalid, LmkInvalid, CommandDisabled)
    commands: dict[str, Command] = field(default_factory=dict)

    def command(
        self,
        code: str,
        *,
        needs: str | None = None,
        refusals: Mapping[type[Refusal], str] | None = None,
        changes_state: bool = False,
    ) -> Callable[[Callable[[Q, Hsm], A | Advised[A]]], Callable[[Q, Hsm], A | Advised[A]]]:
        """Declare the decorated function to be the meaning of *code*."""

        def declare(does: Callable[[Q, Hsm], A | Advised[A]]) -> Callable[[Q, Hsm], A | Advised[A]]:
            if code in self.commands or not does.__doc__:
                raise TypeError(f"{code} is declared twice or does not say what it is for")
            hints = get_type_hints(does)
            asks, answers = next(iter(hints.values())), _answer_class(hints["return"])
            category: Category = sys.modules[does.__module__].CATEGORY
            self.commands[code] = Command(
                code, self.reply_code(code), asks, answers, does, needs, refusals or {}, changes_state, category
            )
            return does

        return declare

    @property
    def outcomes(self) -> frozenset[str]:
        """Every code that a reply may bear: success, the dialect's refusals, and those that commands have of their own."""
        own = (code for command in self.commands.values() for code in command.refusals.values())
        return frozenset(("00", *self.refusals.values(), *own))

    def code_of(self, command: Command | None, reason: type[Refusal]) -> str:
        """The dialect's code for *reason*: the command's own word for it, or for the nearest ancestor that has one."""
        own: Mapping[type[Refusal], str] = command.refusals if command else {}
        for ancestor in reason.__mro__:
            if ancestor in own:
                return own[ancestor]
            if ancestor in self.refusals:
                return self.refusals[ancestor]
        raise LookupError(reason.__name__)


def closed(command: Command, appliance: Appliance) -> type[Refusal] | None:
    """Why *command* is not executed at all, if it is not.

    While the audit log can't be written, nothing is done that it must tell of one by one.
    """
    if not appliance.gate.enables(command.code):
        return CommandDisabled
    weighty = command.changes_state or command.needs is not None
    if not appliance.audit.admits(command.category) or (weighty and not appliance.audit.writable):
        return InternalFault
    return None


def _answer_class(hint: Any) -> type[Message]:
    """The message in ``A``, ``A | Advised[A]``."""
    options = get_args(hint) if get_origin(hint) is Union or "|" in str(hint) else (hint,)
    for option in options:
        if isinstance(option, type) and issubclass(option, Message):
            return option
    raise TypeError(f"{hint} holds no message")
