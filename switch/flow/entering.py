"""A request that is answered here: refused, declined, or decided by our own books.  One work of the store enters it all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from switch.codec.message import Message
from switch.codec.privacy import masked_pan
from switch.flow import books
from switch.flow import request as de
from switch.flow.answers import answer
from switch.flow.books import Entry, Refused, Repeated
from switch.flow.effects import Course, NotKept, deliver, keep
from switch.flow.hop import OWN
from switch.flow.ports import Decision
from switch.flow.protection import sealed
from switch.flow.request import Request
from switch.flow.world import World
from switch.store.rows import Stage, Transaction
from switch.store.view import Place, View

IN, OUT = "in", "out"
UNANSWERED = ""
US = 1_000_000
Tell = Callable[[Message, str], Course[None]]
"""Delivers an answer with a response code, and sees to what follows when it can't."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """*asked*, recognised in *raw*, the message as it came."""

    asked: Request
    raw: Message

    def answered(self, world: World, decision: Decision) -> Message:
        """The answer that tells *decision*."""
        return answer(self.asked.message, self.asked.service, decision, self.asked.link, self.raw, world.hop)


def row_of(world: World, asked: Request, link: str, stage: Stage, reversal: bytes = b"") -> Transaction:
    """The row of *asked*, which *link* is to answer."""
    return Transaction(
        asked.id, world.position(), stage, asked.business_date, asked.link, asked.text(de.TRANSMITTED),
        asked.text(de.STAN), asked.text(de.ACQUIRER), asked.text(de.REFERENCE), asked.text(de.TERMINAL),
        masked_pan(asked.pan), asked.service.name, asked.amount, 0, asked.currency, link, reversal, "", "", "", b"",
        books.UNKNOWN, world.hop.owner, asked.arrived_us, asked.arrived_us,
    )  # fmt: skip


def given_up(world: World, asked: Request) -> bool:
    """Has who asked given up by now, because it lay here too long?

    What is asked of others so late would be answered too late and taken back; where much is late, that work would make
    all that comes after it late as well.
    """
    t1_us = world.hop.links[asked.link].timers.t1_seconds * US
    return world.moment().now_us - asked.arrived_us >= t1_us


def delivered(world: World, came: Incoming, said: Message) -> Course[bool]:
    """*said*, with its MAC, on its way to who asked: did the connection take it?"""
    whole = yield from sealed(world, came.asked.link, said)
    return (yield from deliver(came.asked.link, whole)) if whole is not None else False


def refused(world: World, came: Incoming, response: str) -> Course[str]:
    """Answer with *response*, and enter nothing but the journal's rows."""
    said = came.answered(world, Decision(response))
    link, asked = came.asked.link, came.asked
    notes = [world.note(came.raw, link, IN, asked), world.note(said, link, OUT, asked)]
    yield from keep(lambda view: books.note(view, notes))
    yield from delivered(world, came, said)
    return response


def unrecognised(world: World, link: str, raw: Message, response: str) -> Course[str]:
    """Refuse *raw*, which came by *link* and asks nothing that is known."""
    said = answer(raw, None, Decision(response), link, raw, world.hop)
    notes = [world.note(raw, link, IN, None), world.note(said, link, OUT, None)]
    yield from keep(lambda view: books.note(view, notes))
    whole = yield from sealed(world, link, said)
    yield from deliver(link, whole or said)
    return response


def repeated(world: World, came: Incoming, entry: Entry) -> Course[str]:
    """Answer what was known before: as it was answered then; not at all while the answer is still to come."""
    if isinstance(entry, Refused):
        return (yield from refused(world, came, entry.response))
    if isinstance(entry, Repeated) and entry.answer:
        yield from delivered(world, came, world.hop.codecs[came.asked.link].decode(entry.answer))
    return UNANSWERED


def declined(world: World, came: Incoming, response: str) -> Course[str]:
    """Answer with *response*, as each repeat will be."""
    return (yield from decided(world, came, lambda view: Decision(response)))


def decided(world: World, came: Incoming, decide: Callable[[View], Decision], *needs: Place) -> Course[str]:
    """Answer with what *decide* says, which is entered together with what it changes."""
    row = row_of(world, came.asked, OWN, Stage.ANSWERED)
    return (yield from entered(world, came, row, decide, *needs))


def entered(
    world: World, came: Incoming, row: Transaction, decide: Callable[[View], Decision], *needs: Place,
    tell: Tell | None = None,
) -> Course[str]:  # fmt: skip
    """Enter *row*, answered as *decide* says; *tell* delivers the answer where more depends on that."""
    asked, codec = came.asked, world.hop.codecs[came.asked.link]
    noted_in, out_id = world.note(came.raw, asked.link, IN, asked), world.position()

    def work(view: View) -> Entry | tuple[Decision, Message]:
        there = books.entered(view, row, asked.near)
        if there is not None:
            books.note(view, [noted_in])
            return books.known(there, row)
        decision = decide(view)
        said = came.answered(world, decision)
        view.put(replace(row, response_code=decision.response, approval=decision.approval, answer=codec.encode(said)))
        books.note(view, [noted_in, world.note(said, asked.link, OUT, asked, out_id)])
        return decision, said

    outcome = yield from keep(work, *((Transaction, id) for id in (row.id, *asked.near)), *needs)
    if isinstance(outcome, NotKept):
        # It may be a repeat of what was approved, which only the store could tell: who asked will reverse it.
        return UNANSWERED
    if not isinstance(outcome, tuple):
        return (yield from repeated(world, came, outcome))
    decision, said = outcome
    yield from tell(said, decision.response) if tell is not None else delivered(world, came, said)
    return decision.response
