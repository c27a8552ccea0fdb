"""The course of a request on its way to the issuer and back.

What may have reached the issuer and is not answered with its word is taken back: the reversal is owed from the moment at
which who asked is told otherwise.
"""

from __future__ import annotations

from functools import partial

from switch.codec.message import Message, MessageError
from switch.flow import books
from switch.flow.answers import issuers, onward, reversal_of
from switch.flow.books import Begun
from switch.flow.effects import Alarm, Course, NotKept, NotSent, Silent, ask, keep
from switch.flow.entering import (
    IN,
    OUT,
    UNANSWERED,
    Incoming,
    declined,
    entered,
    given_up,
    repeated,
    row_of,
)
from switch.flow.leg import Leg
from switch.flow.ports import Decision
from switch.flow.protection import MALFUNCTION, opened, pins_onward, sealed
from switch.flow.without import INOPERATIVE, substituted, told, unheard
from switch.flow.world import World
from switch.routing.bins import BinRow
from switch.services.catalogue import Reject
from switch.standin.policy import Trigger
from switch.store.rows import Stage, Transaction

TOO_LATE, FORMAT = "68", "30"


def forwarded(world: World, came: Incoming, row: BinRow, is_open: bool) -> Course[str]:
    """Ask the issuer of *row*, whose link *is_open* or not, and answer *came* with what it says."""
    asked, hop, link = came.asked, world.hop, row.link
    try:
        # The PIN is put in when the HSM has re-enciphered it.
        sent = onward(asked, link, {}, hop)
        taken_back = reversal_of(sent, link, hop) if asked.service.reversible else None
        body = hop.codecs[link].encode(taken_back) if taken_back else b""
    except MessageError as fault:
        yield Alarm(f"{link}: what {asked.link} asks can't be said there: {fault}")
        return (yield from declined(world, came, FORMAT))
    if not is_open:
        return (yield from _not_asked(world, Leg(came, row, sent, taken_back), body))
    pins = yield from pins_onward(world, asked, link)
    if isinstance(pins, str):
        return (yield from declined(world, came, pins))
    if given_up(world, asked):
        return UNANSWERED
    sent = sent.changed(fields=pins) if pins else sent
    leg = Leg(came, row, sent, taken_back)
    begun = row_of(world, asked, link, Stage.AWAITING_ISSUER, body)
    notes = [world.note(came.raw, asked.link, IN, asked), world.note(sent, link, OUT, asked)]
    near = [(Transaction, id) for id in asked.near]
    entry = yield from keep(lambda view: books.begin(view, begun, asked.near, notes), leg.place, *near)
    if isinstance(entry, NotKept):
        # It may be a repeat of what was approved, which only the store could tell: who asked will reverse it.
        return UNANSWERED
    if not isinstance(entry, Begun):
        return (yield from repeated(world, came, entry))
    return (yield from _asked(world, leg))


def _not_asked(world: World, leg: Leg, body: bytes) -> Course[str]:
    """The issuer can't be asked: whoever stands in decides, or it is declined."""
    came = leg.came
    trigger = Trigger.SIGNED_OFF if world.connected(leg.link) else Trigger.UNAVAILABLE
    decide, needs = yield from substituted(world, came.asked, leg.row, trigger, INOPERATIVE)
    row = row_of(world, came.asked, leg.link, Stage.ANSWERED, body)
    return (yield from entered(world, came, row, decide, *needs, tell=partial(told, world, leg)))


def _asked(world: World, leg: Leg) -> Course[str]:
    whole = yield from sealed(world, leg.link, leg.sent)
    if whole is None:
        return (yield from unheard(world, leg, MALFUNCTION, None, reversed_=False))
    heard = yield from ask(leg.link, whole)
    if isinstance(heard, NotSent):
        return (yield from unheard(world, leg, INOPERATIVE, Trigger.UNAVAILABLE, reversed_=False))
    if isinstance(heard, Silent):
        response, trigger = (TOO_LATE, Trigger.TIMED_OUT) if heard.timed_out else (INOPERATIVE, Trigger.UNAVAILABLE)
        return (yield from unheard(world, leg, response, trigger, reversed_=True))
    return (yield from _heard(world, leg, heard.message))


def _heard(world: World, leg: Leg, reply: Message) -> Course[str]:
    asked, hop = leg.came.asked, world.hop
    wrong = yield from opened(world, leg.link, reply)
    if not wrong:
        misfit = hop.services.check_answer(asked.service, leg.sent, reply)
        if isinstance(misfit, Reject):
            yield Alarm(f"{leg.link}: an answer that is none: {misfit.text}")
            wrong = MALFUNCTION
    if not wrong:
        try:
            decision = issuers(reply, asked, leg.link, hop)
            said = leg.came.answered(world, decision)
            return (yield from _concluded(world, leg, decision, said, reply))
        except MessageError as fault:
            yield Alarm(f"{asked.link}: what {leg.link} answers can't be said there: {fault}")
            wrong = MALFUNCTION
    return (yield from unheard(world, leg, wrong, None, reversed_=True, reply=reply))


def _concluded(world: World, leg: Leg, decision: Decision, said: Message, reply: Message) -> Course[str]:
    """Answer with *said*, the issuer's *decision* in *reply*.  Raises MessageError when *said* can't be."""
    asked = leg.came.asked
    wire = world.hop.codecs[asked.link].encode(said)
    now_us = world.moment().now_us
    notes = [world.note(reply, leg.link, IN, asked), world.note(said, asked.link, OUT, asked)]
    outcome = yield from keep(
        lambda view: books.conclude(view, asked.id, decision.response, decision.approval, wire, now_us, notes),
        leg.place,
    )
    if isinstance(outcome, NotKept):
        yield Alarm(f"{asked.link}: an answer could not be kept, so it is not delivered")
        return UNANSWERED
    if not outcome:
        return UNANSWERED
    yield from told(world, leg, said, decision.response)
    return decision.response
