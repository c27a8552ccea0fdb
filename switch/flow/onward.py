"""The course of a request on its way to the issuer and back.

What may have reached the issuer and is not answered with its word is taken back: the reversal is owed from the moment at
which who asked is told otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass

from switch.codec.message import Message, MessageError
from switch.flow import books
from switch.flow.answers import issuers, onward, partly, reversal_of
from switch.flow.books import Begun
from switch.flow.effects import Alarm, Course, NotKept, NotSent, Silent, Wake, ask, keep
from switch.flow.entering import IN, OUT, UNANSWERED, Incoming, declined, delivered, refused, repeated, row_of
from switch.flow.ports import Decision
from switch.flow.protection import MALFUNCTION, opened, pins_onward, sealed
from switch.flow.world import World
from switch.services.catalogue import Reject
from switch.services.responses import APPROVED
from switch.store.rows import Stage, Transaction

INOPERATIVE, TOO_LATE, FORMAT = "91", "68", "30"


@dataclass(frozen=True, slots=True)
class Leg:
    """*came*, which goes by *link* as *sent*; *reversal* takes it back, and is None where nothing could be taken back."""

    came: Incoming
    link: str
    sent: Message
    reversal: Message | None

    @property
    def place(self) -> tuple[type[Transaction], str]:
        """Where its row is."""
        return Transaction, self.came.asked.id


def forwarded(world: World, came: Incoming, link: str) -> Course[str]:
    """Ask the issuer behind *link*, and answer *came* with what it says."""
    asked, hop = came.asked, world.hop
    pins = yield from pins_onward(world, asked, link)
    if isinstance(pins, str):
        return (yield from declined(world, came, pins))
    try:
        sent = onward(asked, link, pins, hop)
        taken_back = reversal_of(sent, link, hop) if asked.service.reversible else None
        body = hop.codecs[link].encode(taken_back) if taken_back else b""
    except MessageError as fault:
        yield Alarm(f"{link}: what {asked.link} asks can't be said there: {fault}")
        return (yield from declined(world, came, FORMAT))
    leg = Leg(came, link, sent, taken_back)
    row = row_of(world, asked, link, Stage.AWAITING_ISSUER, body)
    notes = [world.note(came.raw, asked.link, IN, asked), world.note(sent, link, OUT, asked)]
    entry = yield from keep(lambda view: books.begin(view, row, notes), leg.place)
    if isinstance(entry, NotKept):
        return (yield from refused(world, came, MALFUNCTION))
    if not isinstance(entry, Begun):
        return (yield from repeated(world, came, entry))
    whole = yield from sealed(world, link, sent)
    if whole is None:
        return (yield from _concluded(world, leg, Decision(MALFUNCTION)))
    heard = yield from ask(link, whole)
    if isinstance(heard, NotSent):
        return (yield from _concluded(world, leg, Decision(INOPERATIVE)))
    if isinstance(heard, Silent):
        return (yield from _given_up(world, leg, TOO_LATE if heard.timed_out else INOPERATIVE))
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
            return (yield from _concluded(world, leg, issuers(reply, asked, leg.link, hop), reply))
        except MessageError as fault:
            yield Alarm(f"{asked.link}: what {leg.link} answers can't be said there: {fault}")
            wrong = MALFUNCTION
    return (yield from _given_up(world, leg, wrong, reply))


def _concluded(world: World, leg: Leg, decision: Decision, reply: Message | None = None) -> Course[str]:
    """Answer with *decision*, the issuer's or, without a *reply*, ours of what it never saw.  Raises MessageError."""
    asked, hop = leg.came.asked, world.hop
    said = leg.came.answered(world, decision)
    wire = hop.codecs[asked.link].encode(said)
    now_us = world.moment().now_us
    notes = [world.note(reply, leg.link, IN, asked)] if reply else []
    notes.append(world.note(said, asked.link, OUT, asked))
    outcome = yield from keep(
        lambda view: books.conclude(view, asked.id, decision.response, decision.approval, wire, now_us, notes),
        leg.place,
    )
    if isinstance(outcome, NotKept):
        yield Alarm(f"{asked.link}: an answer could not be kept, so it is not delivered")
        return UNANSWERED
    if not outcome:
        return UNANSWERED
    taken = yield from delivered(world, leg.came, said)
    if not taken and decision.response == APPROVED:
        yield from _undelivered(world, leg)
    return decision.response


def _given_up(world: World, leg: Leg, response: str, reply: Message | None = None) -> Course[str]:
    """Answer with *response*; the issuer may have approved, so it is owed a reversal."""
    asked, hop = leg.came.asked, world.hop
    said = leg.came.answered(world, Decision(response))
    wire, body, position = hop.codecs[asked.link].encode(said), _owed(world, leg), world.position()
    now_us = world.moment().now_us
    notes = [world.note(reply, leg.link, IN, asked)] if reply else []
    notes.append(world.note(said, asked.link, OUT, asked))
    outcome = yield from keep(
        lambda view: books.give_up(view, asked.id, response, wire, body, position, now_us, notes), leg.place
    )
    if isinstance(outcome, NotKept):
        yield Alarm(f"{asked.link}: a time-out could not be kept; the sweep will find it")
        return UNANSWERED
    if body:
        yield Wake(leg.link)
    if not outcome:
        return UNANSWERED
    yield from delivered(world, leg.came, said)
    return response


def _undelivered(world: World, leg: Leg) -> Course[None]:
    body, position, now_us = _owed(world, leg), world.position(), world.moment().now_us
    id = leg.came.asked.id
    outcome = yield from keep(lambda view: books.undelivered(view, id, body, position, now_us), leg.place)
    if isinstance(outcome, NotKept):
        yield Alarm(f"{leg.came.asked.link}: an answer was not delivered, and that could not be kept")
    elif outcome:
        yield Wake(leg.link)


def _owed(world: World, leg: Leg) -> bytes:
    """The reversal as it is owed now; empty where there is nothing to reverse."""
    if leg.reversal is None:
        return b""
    codec = world.hop.codecs[leg.link]
    return codec.encode(partly(leg.reversal, 0, world.moment().transmitted, codec.spec.elements))
