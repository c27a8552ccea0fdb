"""The course of a request that moves or shows money: to our own books, or on to the issuer's."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import lru_cache

from switch.asking import Cause, NoAnswer
from switch.flow.effects import Course, NotKept, ask_hsm, keep
from switch.flow.entering import Incoming, decided, declined, refused
from switch.flow.hop import OWN
from switch.flow.onward import forwarded
from switch.flow.ports import Authoriser, Decision, WorkingKey
from switch.flow.protection import MALFUNCTION, PIN_TROUBLE, opened, pin_keys, pins_failed
from switch.flow.request import Request
from switch.flow.world import World

INOPERATIVE = "91"


def financial(world: World, came: Incoming) -> Course[str]:
    """Answers *came*; the response code, empty when it was not answered."""
    asked = came.asked
    wrong = yield from opened(world, asked.link, came.raw)
    if wrong:
        return (yield from refused(world, came, wrong))
    route = world.hop.routing.route(asked.pan, asked.link, _day(asked.business_date), world.open_links)
    if route.row is not None:
        barred = world.hop.services.permitted(asked.service, route.row.institution)
        if barred is not None:
            return (yield from declined(world, came, barred.response))
    if route.failure is not None or route.row is None:
        return (yield from declined(world, came, route.failure.response if route.failure else INOPERATIVE))
    if route.row.link != OWN:
        return (yield from forwarded(world, came, route.row.link))
    if world.authoriser is None:
        return (yield from declined(world, came, INOPERATIVE))
    return (yield from _own(world, came, world.authoriser))


@lru_cache(8)
def _day(text: str) -> date:
    return date(int(text[:4]), int(text[4:6]), int(text[6:]))


def _own(world: World, came: Incoming, issuer: Authoriser) -> Course[str]:
    """Ask the HSM what the issuer must know, then have it decide."""
    asked = came.asked
    keys = pin_keys(world, asked) if asked.pin_block is not None else ()
    if asked.pin_block is not None and not keys:
        return (yield from declined(world, came, PIN_TROUBLE))
    answers: Sequence[object] = ()
    for number in range(max(1, len(keys))):
        found = yield from _learnt(issuer, asked, keys[number:])
        if isinstance(found, NotKept):
            return (yield from refused(world, came, MALFUNCTION))
        if isinstance(found, Decision):
            return (yield from declined(world, came, found.response))
        answers = found
        if not _unopened(answers):
            if keys:
                world.keys.proved(keys[number])
            break
    else:
        if keys:
            pins_failed(world, asked)
    return (yield from decided(world, came, lambda view: issuer.decide(view, asked, answers), *issuer.reads(asked)))


def _learnt(
    issuer: Authoriser, asked: Request, keys: Sequence[WorkingKey]
) -> Course[Sequence[object] | Decision | NotKept]:
    """The HSM's answers to what *issuer* must know, with the first of *keys*."""
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
