"""Which command a typed request means, what its reply comes to, and whether it may be asked twice."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TypeVar

from hsm.client.codec import Reply, ReplyError, dialect_named
from hsm.dialects.dialect import Command, Dialect
from hsm.refusal import DomainUnavailable, InternalFault, KeyLengthUnsuitable, LmkInvalid, Refusal, VerificationFailed
from hsm.wire.message import Empty, Message

A = TypeVar("A", bound=Message)


def _codes(words: str) -> frozenset[str]:
    return frozenset(words.split())


REPEATABLE = {
    "thales": _codes(
        "BU KA CC CA BC BE JC JE JG QK DE DG EE BK FW DA DC EA EC DU CU CW CY KQ KW "
        "MA MC ME MK MM M6 M8 MQ MS M0 M2 M4 GM NC NO NI J2 J4 J8 JK B2 LE LC"
    ),
    "eracom": _codes(
        "EE0202 EE0602 EE0603 EE0604 EE0605 EE0606 EE0607 61 EE0642 EE0643 EE0700 EE0701 EE0702 70 EE0800 EE0801 EE0804 "
        "EE0805 EE0807 EE0802 EE0803 9B 9C EE2018 EE204A EF2010 EF2012 EF2013 EE9007 EE9008 EEF001 EEF004 01"
    ),
}
"""Commands that leave nothing behind, and that make nothing: asked twice, they are answered as if asked once.

What makes or moves a key, draws a PIN, prints, changes storage or tells a clear PIN is not among them, nor is what nobody
has thought about.  A PIN that fails verification counts for fraud detection each time an appliance sees it.
"""

UNWELL = (InternalFault, LmkInvalid, DomainUnavailable)
"""Refusals that say more of the appliance than of the request."""


class Refused(Exception):
    """The HSM will not: *code* is what it answered, *reason* what that code means for this command, if anything."""

    def __init__(self, command: str, code: str, reason: type[Refusal] | None) -> None:
        super().__init__(f"{command} was answered {code}" + (f" ({reason.__name__})" if reason else ""))
        self.command = command
        self.code = code
        self.reason = reason


def command_for(dialect: str, asks: type[Message], answers: type[Message], code: str | None = None) -> Command:
    """The one command of *dialect* that takes *asks* and answers *answers*, of several the one called *code*.

    Raises LookupError when there is none, or several and no *code*.
    """
    found = _commands(dialect).get((asks, answers), ())
    if code is not None:
        found = tuple(each for each in found if each.code == code)
    if len(found) != 1:
        count = "several commands take" if found else "no command takes"
        raise LookupError(f"{count} {asks.__name__} and answer {answers.__name__}; name its code")
    return found[0]


def answer_of(command: Command, dialect: str, reply: Reply, answers: type[A]) -> A:
    """The answer in *reply*, also one that is given with an advice.  Raises Refused."""
    # What a command that declares this code itself says with it is a diagnosis, and not to be taken for a yes.
    unverified = command.refusals.get(VerificationFailed) == reply.code
    if reply.answer is None or unverified:
        reason = reason_of(dialect, command, reply.code)
        if reason is KeyLengthUnsuitable and answers is Empty:
            # An answer without fields that is given with an advice looks like a refusal.
            return answers()
        raise Refused(command.code, reply.code, reason)
    if not isinstance(reply.answer, answers):
        raise ReplyError(f"{command.code} answers {command.answers.__name__}, not {answers.__name__}")
    return reply.answer


def reason_of(dialect: str, command: Command, code: str) -> type[Refusal] | None:
    """What *code* means in a reply to *command*; the more general of several reasons that share it."""
    known = dialect_named(dialect)
    return next((reason for reason, its in command.refusals.items() if its == code), _reasons(known.name).get(code))


def repeatable(dialect: str, code: str) -> bool:
    """May this command be sent again when nobody knows whether it was executed?"""
    return code in REPEATABLE[dialect]


def unwell(dialect: str, code: str) -> bool:
    """Does the answer *code* give rise to doubts about the appliance?"""
    return code in _unwell_codes(dialect)


@lru_cache(maxsize=2)
def _commands(dialect: str) -> Mapping[tuple[type[Message], type[Message]], tuple[Command, ...]]:
    found: dict[tuple[type[Message], type[Message]], tuple[Command, ...]] = {}
    for command in dialect_named(dialect).commands.values():
        key = (command.asks, command.answers)
        found[key] = (*found.get(key, ()), command)
    return found


@lru_cache(maxsize=2)
def _reasons(dialect: str) -> Mapping[str, type[Refusal]]:
    return {code: reason for reason, code in reversed(tuple(dialect_named(dialect).refusals.items()))}


@lru_cache(maxsize=2)
def _unwell_codes(dialect: str) -> frozenset[str]:
    known: Dialect = dialect_named(dialect)
    return frozenset(known.code_of(None, reason) for reason in UNWELL)
