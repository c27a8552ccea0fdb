"""What a course of a message wants done, and what it is told.

A course is a generator: it yields an effect and is sent what became of it.  What must survive a crash is not in it but in
the store's rows, whose moves are in ``books``.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Generic, TypeVar, cast

from switch.asking import NoAnswer, Question
from switch.codec.message import Message
from switch.store.database import Uncertain
from switch.store.view import Place, View, Work

A = TypeVar("A")


@dataclass(frozen=True, slots=True)
class AskHsm(Generic[A]):
    """Ask an HSM; the course is told the answer."""

    question: Question[A]


@dataclass(frozen=True, slots=True)
class Keep(Generic[A]):
    """Commit *work*; the course is told its outcome, or a :class:`NotKept`."""

    work: Work[A]


@dataclass(frozen=True, slots=True)
class NotKept:
    """The store did not do it; *uncertain*: or perhaps it did."""

    uncertain: bool = False


@dataclass(frozen=True, slots=True)
class Ask:
    """Send *message*, a request, by *link*; the course is told a :class:`Heard`."""

    link: str
    message: Message


@dataclass(frozen=True, slots=True)
class Replied:
    """The reply came in time."""

    message: Message


@dataclass(frozen=True, slots=True)
class Silent:
    """T2 ran out, or the connection ended, after the request was written: the partner may have done it."""

    timed_out: bool


@dataclass(frozen=True, slots=True)
class NotSent:
    """The partner has certainly not seen it."""


Heard = Replied | Silent | NotSent


@dataclass(frozen=True, slots=True)
class Answer:
    """Deliver *message*, the answer to what came by *link*; the course is told whether the connection took it."""

    link: str
    message: Message


@dataclass(frozen=True, slots=True)
class Outlast:
    """Wait for as long as who asked waits for its answer (T1); the course is told whether the connection has lasted."""


@dataclass(frozen=True, slots=True)
class Wake:
    """*link* is owed a message now; the course is told nothing."""

    link: str


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something that an operator should see; the course is told nothing."""

    text: str


Effect = AskHsm[object] | Keep[object] | Ask | Answer | Outlast | Wake | Alarm
Course = Generator[Effect, object, A]
"""The course of one message, whose outcome is an A."""


def ask_hsm(question: Question[A]) -> Course[A | NoAnswer]:
    """The HSM's answer."""
    # A driver sends what the effect says: the generator's type can't tie the two together.
    return cast("A | NoAnswer", (yield AskHsm(cast("Question[object]", question))))


def keep(decide: Callable[[View], A], *needs: Place) -> Course[A | NotKept]:
    """The outcome of the work *decide*, which will look at *needs*."""
    return cast("A | NotKept", (yield Keep(cast("Work[object]", Work(decide, needs)))))


def ask(link: str, message: Message) -> Course[Heard]:
    """What came of a request."""
    return cast(Heard, (yield Ask(link, message)))


def deliver(link: str, message: Message) -> Course[bool]:
    """Did the connection take the answer?"""
    return bool((yield Answer(link, message)))


def outlasts() -> Course[bool]:
    """Does the connection by which the question came last until its answer must have been had?"""
    return bool((yield Outlast()))


def not_kept(error: Exception) -> NotKept:
    """What to tell a course of a work that failed with *error*."""
    return NotKept(isinstance(error, Uncertain))
