"""What is answered when the issuer can't be asked or isn't heard: by who stands in for it, or that it can't be done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from switch.codec.message import Message
from switch.flow import books
from switch.flow.effects import Alarm, Course, NotKept, Wake, keep, outlasts
from switch.flow.entering import IN, OUT, UNANSWERED, delivered
from switch.flow.issuing import learnt
from switch.flow.leg import Leg, owed_reversal
from switch.flow.partner import Unproved
from switch.flow.ports import Authoriser, Decision
from switch.flow.request import Request
from switch.flow.world import World
from switch.routing.bins import BinRow
from switch.services.responses import APPROVED
from switch.standin.policy import Trigger
from switch.store.rows import Stage, Transaction
from switch.store.view import Place, View

INOPERATIVE = "91"
Decide = Callable[[View], Decision]


def substituted(
    world: World, asked: Request, row: BinRow, trigger: Trigger, response: str
) -> Course[tuple[Decide, tuple[Place, ...]]]:
    """How *asked* is decided in the place of *row*'s issuer: by who stands in, or else with *response*."""
    issuer = world.stands_in.issuer(row, trigger, asked) if world.stands_in else None
    if issuer is None:
        return (lambda view: Decision(response)), ()
    found = yield from learnt(world, asked, issuer)
    if isinstance(found, NotKept):
        return (lambda view: Decision(response)), ()
    refused = found.response if isinstance(found, Decision) else ""

    def decide(view: View, issuer: Authoriser = issuer) -> Decision:
        if refused:
            return Decision(response if refused == INOPERATIVE else refused)
        assert not isinstance(found, Decision)
        decision = issuer.decide(view, asked, found)
        return Decision(response) if decision.response == INOPERATIVE else decision

    return decide, tuple(issuer.reads(asked))


def unheard(
    world: World, leg: Leg, response: str, trigger: Trigger | None, reversed_: bool, reply: Message | None = None
) -> Course[str]:
    """Answer *leg*, which began and has no answer of the issuer that could be used: with *response* or, because of
    *trigger*, as who stands in says.

    *reversed_*: the issuer may have done it, so it is owed the reversal, unless an advice takes its place.
    """
    asked, hop = leg.came.asked, world.hop
    decide: Decide = lambda view: Decision(response)  # noqa: E731  # the other one comes from a call
    needs: tuple[Place, ...] = ()
    if trigger is not None:
        decide, needs = yield from substituted(world, asked, leg.row, trigger, response)
    body = owed_reversal(world, leg) if reversed_ else b""
    position, out_id, now_us = world.position(), world.position(), world.moment().now_us
    noted_in = [world.note(reply, leg.link, IN, asked)] if reply else []

    def work(view: View) -> tuple[Decision, Message] | None:
        row = view.get(Transaction, asked.id)
        if row is None or row.stage != Stage.AWAITING_ISSUER:
            books.note(view, noted_in)
            return None
        decision = decide(view)
        said = leg.came.answered(world, decision)
        books.note(view, [*noted_in, world.note(said, asked.link, OUT, asked, out_id)])
        owes = bool(body) and decision.response != APPROVED
        view.put(
            replace(
                row, stage=Stage.REVERSAL_OWED if owes else Stage.ANSWERED, response_code=decision.response,
                approval=decision.approval, answer=hop.codecs[asked.link].encode(said), changed_us=now_us,
            )
        )  # fmt: skip
        if owes:
            books.owe(view, row, body, position, now_us)
        return decision, said

    outcome = yield from keep(work, leg.place, *needs)
    if isinstance(outcome, NotKept):
        yield Alarm(f"{asked.link}: what became of a transaction could not be kept; the sweep will find it")
        return UNANSWERED
    yield Wake(leg.link)
    if outcome is None:
        return UNANSWERED
    decision, said = outcome
    yield from told(world, leg, said, decision.response)
    return decision.response


def told(world: World, leg: Leg, said: Message, response: str) -> Course[None]:
    """Deliver *said*; an approval that can't be is taken back, and where the partner wants so, one whose line breaks."""
    taken = yield from delivered(world, leg.came, said)
    if response != APPROVED:
        return
    if not taken:
        yield from undelivered(world, leg)
    elif world.hop.partners[leg.came.asked.link].unproved is Unproved.REVERSE and not (yield from outlasts()):
        yield from undelivered(world, leg, certainly=False)


def undelivered(world: World, leg: Leg, certainly: bool = True) -> Course[None]:
    """An approval could not be delivered: the issuer is owed the reversal.  Not *certainly*: somebody is to look at it."""
    body, position, now_us = owed_reversal(world, leg), world.position(), world.moment().now_us
    id = leg.came.asked.id
    outcome = yield from keep(lambda view: books.undelivered(view, id, body, position, now_us, certainly), leg.place)
    if isinstance(outcome, NotKept):
        yield Alarm(f"{leg.came.asked.link}: an answer was not delivered, and that could not be kept")
    elif outcome:
        yield Wake(leg.link)
