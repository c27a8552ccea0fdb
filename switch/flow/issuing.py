"""What an issuer, ours or who stands in for another, must learn from the HSM before it decides."""

from __future__ import annotations

from collections.abc import Sequence

from switch.asking import VERIFICATION_FAILED, Cause, NoAnswer
from switch.flow.effects import Course, NotKept, ask_hsm, keep
from switch.flow.ports import Authoriser, Decision, WorkingKey
from switch.flow.protection import PIN_TROUBLE, pin_keys, pins_failed
from switch.flow.request import Request
from switch.flow.world import World

Learnt = Sequence[object] | Decision | NotKept


def learnt(world: World, asked: Request, issuer: Authoriser) -> Course[Learnt]:
    """The HSM's answers to what *issuer* must know of *asked*; or a refusal that needs none.

    A block that lies under an older key of the link than the first is tried with the next.
    """
    keys = pin_keys(world, asked) if asked.pin_block is not None else ()
    if asked.pin_block is not None and not keys:
        return Decision(PIN_TROUBLE)
    found: Learnt = ()
    for number in range(max(1, len(keys))):
        found = yield from _with_first(issuer, asked, keys[number:])
        if isinstance(found, Decision | NotKept):
            return found
        if not _unopened(found):
            if keys:
                world.keys.proved(keys[number])
            return found
    if keys:
        pins_failed(world, asked)
    return found


def _with_first(issuer: Authoriser, asked: Request, keys: Sequence[WorkingKey]) -> Course[Learnt]:
    found = yield from keep(lambda view: issuer.questions(view, asked, keys), *issuer.reads(asked))
    if isinstance(found, Decision | NotKept):
        return found
    answers: list[object] = []
    for question in found:
        answers.append((yield from ask_hsm(question)))
    return answers


def _unopened(answers: Sequence[object]) -> bool:
    """Did the HSM refuse the PIN block, as it does when that lies under another key?

    A wrong PIN opened, or who guesses would have a try for each key and none of them would be counted.
    """
    said = answers[-1] if answers else None
    return isinstance(said, NoAnswer) and said.cause is Cause.REFUSED and said.reason != VERIFICATION_FAILED
