"""The course of a reversal: acknowledged once it is kept, whatever it takes to deliver it to the issuer."""

from __future__ import annotations

from dataclasses import replace

from switch.codec.privacy import masked_pan
from switch.flow.answers import amount_left, original_stan, partly
from switch.flow.effects import Course, NotKept, Wake, keep
from switch.flow.entering import IN, OUT, UNANSWERED, Incoming, delivered, refused, row_of
from switch.flow.original import Asked, Outcome, reverse
from switch.flow.ports import Decision
from switch.flow.protection import MALFUNCTION, opened
from switch.flow.taking import request_id
from switch.flow.world import World
from switch.store.rows import Stage, Transaction
from switch.store.view import View


def reversing(world: World, came: Incoming) -> Course[str]:
    """Answers *came*, a 0420 or 0421; the response code, empty when it was not answered."""
    asked = came.asked
    wrong = yield from opened(world, asked.link, came.raw)
    if wrong:
        return (yield from refused(world, came, wrong))
    meant, moment = _meant(world, came), world.moment()
    noted_in, out_id = world.note(came.raw, asked.link, IN, asked), world.position()

    def body(found: Transaction, left: int) -> bytes:
        codec = world.hop.codecs[found.issuer_link]
        return codec.encode(partly(codec.decode(found.reversal), left, moment.transmitted, codec.spec.elements))

    def taken_back(view: View, found: Transaction, amount: int, id: str) -> str:
        return world.authoriser.reverse(view, found, amount, id) if world.authoriser else MALFUNCTION

    def work(view: View) -> Outcome:
        outcome = reverse(view, meant, body, taken_back, moment.now_us, [noted_in])
        view.add(world.note(came.answered(world, Decision(outcome.response)), asked.link, OUT, asked, out_id))
        return outcome

    outcome = yield from keep(work, *((Transaction, id) for id in meant.ids))
    if isinstance(outcome, NotKept):
        # Without an answer it is sent again.
        return UNANSWERED
    if outcome.wake:
        yield Wake(outcome.wake)
    yield from delivered(world, came, came.answered(world, Decision(outcome.response)))
    return outcome.response


def _meant(world: World, came: Incoming) -> Asked:
    asked, moment = came.asked, world.moment()
    stan = original_stan(asked.message)
    days = dict.fromkeys((moment.business_date, moment.day_before, *moment.neighbours))
    ids = [request_id(asked, day, stan) for day in days]
    tombstone = replace(row_of(world, asked, "", Stage.TOMBSTONE), id=ids[0])
    unknown = world.hop.partners[asked.link].unknown_reversal
    return Asked(ids, masked_pan(asked.pan), asked.amount, amount_left(came.raw), tombstone, unknown)
