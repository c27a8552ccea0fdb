"""The course of a request that moves or shows money: to our own books, or on to the issuer's."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

from switch.flow.advising import advised
from switch.flow.effects import Course, NotKept
from switch.flow.entering import UNANSWERED, Incoming, decided, declined, given_up, refused
from switch.flow.hop import OWN
from switch.flow.issuing import learnt
from switch.flow.onward import forwarded
from switch.flow.ports import Authoriser, Decision
from switch.flow.protection import MALFUNCTION, opened
from switch.flow.world import World
from switch.routing.route import NoRoute

INOPERATIVE = "91"
ADVICE = "2"
"""The third digit of the MTI."""


def financial(world: World, came: Incoming) -> Course[str]:
    """Answers *came*; the response code, empty when it was not answered."""
    asked = came.asked
    wrong = yield from opened(world, asked.link, came.raw)
    if wrong == MALFUNCTION:
        # Nobody can tell whether it is the partner's; a repeat of it, or it as a repeat, must not be answered otherwise.
        return (yield from declined(world, came, wrong))
    if wrong:
        return (yield from refused(world, came, wrong))
    route = world.hop.routing.route(asked.pan, asked.link, _day(asked.business_date), world.open_links)
    if route.row is not None:
        barred = world.hop.services.permitted(asked.service, route.row.institution)
        if barred is not None:
            return (yield from declined(world, came, barred.response))
    if asked.message.mti[2] == ADVICE and route.row is not None and route.failure in (None, NoRoute.SIGNED_OFF):
        return (yield from advised(world, came, route.row.link))
    away = route.failure is NoRoute.SIGNED_OFF
    if route.row is None or (route.failure is not None and not away):
        return (yield from declined(world, came, route.failure.response if route.failure else INOPERATIVE))
    if given_up(world, asked):
        return UNANSWERED
    if route.row.link != OWN:
        return (yield from forwarded(world, came, route.row, is_open=not away))
    if world.authoriser is None:
        return (yield from declined(world, came, INOPERATIVE))
    return (yield from _own(world, came, world.authoriser))


@lru_cache(8)
def _day(text: str) -> date:
    return date(int(text[:4]), int(text[4:6]), int(text[6:]))


def _own(world: World, came: Incoming, issuer: Authoriser) -> Course[str]:
    asked = came.asked
    found = yield from learnt(world, asked, issuer)
    if isinstance(found, NotKept):
        # It may be a repeat of what was approved, which only the store could tell: who asked will reverse it.
        return UNANSWERED
    if isinstance(found, Decision):
        return (yield from declined(world, came, found.response))
    if given_up(world, asked):
        return UNANSWERED
    return (yield from decided(world, came, lambda view: issuer.decide(view, asked, found), *issuer.reads(asked)))
