"""The course of a request on its way to the issuer and back.

What may have reached the issuer and is not answered with its word is taken back: the reversal is owed from the moment at
which who asked is told otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from switch.codec.message import Message, MessageError, Value
from switch.flow import books
from switch.flow.answers import issuers, onward, partly, reversal_of
from switch.flow.books import Begun
from switch.flow.effects import Alarm, Course, NotKept, NotSent, Silent, Wake, ask, keep
from switch.flow.entering import IN, OUT, UNANSWERED, Incoming, declined, delivered, refused, repeated, row_of
from switch.flow.ports import Decision
from switch.flow.protection import MALFUNCTION, opened, pins_onward, sealed
from switch.flow.standing import decided_instead
from switch.flow.world import World
from switch.routing.bins import BinRow
from switch.services.catalogue import Reject
from switch.services.responses import APPROVED
from switch.standin.policy import Trigger
from switch.standin.standin import StandInIssuer
from switch.store.rows import Stage, Transaction

INOPERATIVE, TOO_LATE, FORMAT = "91", "68", "30"


@dataclass(frozen=True, slots=True)
class Leg:
    """*came*, which goes to the issuer of *to* as *sent*; *reversal* takes it back, and is None where nothing could be."""

    came: Incoming
    to: BinRow
    sent: Message
    reversal: Message | None

    @property
    def link(self) -> str:
        """By which it goes."""
        return self.to.link

    @property
    def place(self) -> tuple[type[Transaction], str]:
        """Where its row is."""
        return Transaction, self.came.asked.id


def forwarded(world: World, came: Incoming, to: BinRow, absent: Trigger | None = None) -> Course[str]:
    """Ask the issuer of *to*, and answer *came* with what it says.

    One that is *absent* is not asked; then, and when it doesn't answer, the switch may stand in.
    """
    asked, hop, link = came.asked, world.hop, to.link
    if absent is not None and _instead(world, came, to, absent) is None:
        return (yield from declined(world, came, INOPERATIVE))
    pins: Mapping[int, Value] | str = {}
    if absent is None:
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
    leg = Leg(came, to, sent, taken_back)
    row = row_of(world, asked, link, Stage.AWAITING_ISSUER, body)
    notes = [world.note(came.raw, asked.link, IN, asked)]
    notes += [world.note(sent, link, OUT, asked)] if absent is None else []
    entry = yield from keep(lambda view: books.begin(view, row, notes), leg.place)
    if isinstance(entry, NotKept):
        return (yield from refused(world, came, MALFUNCTION))
    if not isinstance(entry, Begun):
        return (yield from repeated(world, came, entry))
    if absent is not None:
        return (yield from _absent(world, leg, absent, INOPERATIVE, False))
    return (yield from _asked(world, leg))


def _asked(world: World, leg: Leg) -> Course[str]:
    """Ask, now that it is kept."""
    link, sent = leg.link, leg.sent
    whole = yield from sealed(world, link, sent)
    if whole is None:
        return (yield from _concluded(world, leg, Decision(MALFUNCTION)))
    heard = yield from ask(link, whole)
    if isinstance(heard, NotSent):
        return (yield from _absent(world, leg, Trigger.UNAVAILABLE, INOPERATIVE, False))
    if isinstance(heard, Silent) and heard.timed_out:
        return (yield from _absent(world, leg, Trigger.TIMED_OUT, TOO_LATE, True))
    if isinstance(heard, Silent):
        return (yield from _absent(world, leg, Trigger.UNAVAILABLE, INOPERATIVE, True))
    return (yield from _heard(world, leg, heard.message))


def _instead(world: World, came: Incoming, to: BinRow, trigger: Trigger) -> StandInIssuer | None:
    return world.stand_in.issuer(to, trigger, came.asked) if world.stand_in is not None else None


def _absent(world: World, leg: Leg, trigger: Trigger, response: str, perhaps: bool) -> Course[str]:
    """The issuer doesn't answer: stand in for it, or answer with *response*; *perhaps* it has done it."""
    issuer = _instead(world, leg.came, leg.to, trigger)
    if issuer is None and perhaps:
        return (yield from _given_up(world, leg, response))
    if issuer is None:
        return (yield from _concluded(world, leg, Decision(response)))
    outcome = yield from decided_instead(world, leg.came, issuer, _owed(world, leg) if perhaps else b"")
    if isinstance(outcome, NotKept):
        yield Alarm(f"{leg.link}: what was decided in its place could not be kept; the sweep will find it")
    if not isinstance(outcome, tuple):
        return UNANSWERED
    decision, said = outcome
    taken = yield from delivered(world, leg.came, said)
    if not taken and decision.response == APPROVED:
        yield from _undelivered(world, leg)
    return decision.response


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
