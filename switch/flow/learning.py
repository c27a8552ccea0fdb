"""What an issuer must know before it decides: its questions go to the HSM, with one PIN key after the other."""

from __future__ import annotations

from collections.abc import Sequence

from switch.asking import Cause, NoAnswer
from switch.flow.effects import Course, NotKept, ask_hsm, keep
from switch.flow.ports import Authoriser, Decision, WorkingKey
from switch.flow.protection import PIN_TROUBLE, pin_keys, pins_failed
from switch.flow.request import Request
from switch.flow.world import World


def learnt(world: World, asked: Request, issuer: Authoriser) -> Course[Sequence[object] | Decision | NotKept]:
    """The HSM's answers to what *issuer* must know, or at once its refusal."""
    keys = pin_keys(world, asked) if asked.pin_block is not None else ()
    if asked.pin_block is not None and not keys:
        return Decision(PIN_TROUBLE)
    answers: Sequence[object] = ()
    for number in range(max(1, len(keys))):
        found = yield from _answers(issuer, asked, keys[number:])
        if isinstance(found, NotKept | Decision):
            return found
        answers = found
        if not _unopened(answers):
            if keys:
                world.keys.proved(keys[number])
            return answers
    if keys:
        pins_failed(world, asked)
    return answers


def _answers(
    issuer: Authoriser, asked: Request, keys: Sequence[WorkingKey]
) -> Course[Sequence[object] | Decision | NotKept]:
    """With the first of *keys*."""
    found = yield from keep(lambda view: issuer.questions(view, asked, keys), *issuer.reads(asked))
    if isinstance(found, Decision | NotKept):
        return found
    answers: list[object] = []
    for question in found:
        answers.append((yield from ask_hsm(question)))
    return answers


def _unopened(answers: Sequence[object]) -> bool:
    """Did the HSM refuse, as it does when a block lies under another key?"""
    return any(isinstance(said, NoAnswer) and said.cause is Cause.REFUSED for said in answers)
