"""The course of an advice (0220, 0221): something was done already, by who stood in or by the terminal, and is told now.

An advice is not refused for what it tells; it is acknowledged once it is kept, and owed to the issuer when the books are
not ours.  Of the advice that completes an original and a reversal of it the first that is kept wins, and the other becomes
an exception.  What somebody approved in our place can be reversed like what we approve ourselves.
"""

from __future__ import annotations

from dataclasses import replace

from switch.codec.message import MessageError
from switch.flow import books
from switch.flow.answers import APPROVED, onward, reversal_of
from switch.flow.effects import Alarm, Course, NotKept, Wake, keep
from switch.flow.entering import IN, OUT, UNANSWERED, Incoming, declined, delivered, row_of
from switch.flow.hop import OWN
from switch.flow.ports import Decision
from switch.flow.request import APPROVAL as DE_38
from switch.flow.world import World
from switch.store.rows import Irregular, Stage, Transaction, key
from switch.store.view import View

ADVICE = "advice"
FORMAT, NOTHING_TO_DO, INOPERATIVE = "30", "21", "91"
TAKEN_BACK = frozenset({Stage.REVERSAL_OWED, Stage.REVERSED, Stage.TOMBSTONE})


def advised(world: World, came: Incoming, link: str) -> Course[str]:
    """Answers *came*, an advice about a card whose issuer is behind *link*, or ours."""
    asked, hop = came.asked, world.hop
    reversal = body = b""
    if link != OWN:
        try:
            sent = onward(asked, link, {}, hop)
            body = hop.codecs[link].encode(sent)
            reversal = hop.codecs[link].encode(reversal_of(sent, link, hop))
        except MessageError as fault:
            yield Alarm(f"{link}: what {asked.link} advises can't be said there: {fault}")
            return (yield from declined(world, came, FORMAT))
    row = replace(row_of(world, asked, link, Stage.ANSWERED, reversal), response_code=APPROVED)
    noted_in, out_id, position = world.note(came.raw, asked.link, IN, asked), world.position(), world.position()

    def work(view: View) -> str:
        decision = _taken_over(world, view, came, row, body, position)
        said = came.answered(world, decision)
        books.note(view, [noted_in, world.note(said, asked.link, OUT, asked, out_id)])
        return decision.response

    outcome = yield from keep(work, *((Transaction, id) for id in (row.id, *asked.near)))
    if isinstance(outcome, NotKept):
        # Without an answer it is sent again.
        return UNANSWERED
    if body:
        yield Wake(link)
    yield from delivered(world, came, came.answered(world, Decision(outcome)))
    return outcome


def _taken_over(world: World, view: View, came: Incoming, row: Transaction, body: bytes, position: str) -> Decision:
    """What becomes of the advised transaction *row*."""
    there = view.get(Transaction, row.id)
    if there is None:
        others = (view.get(Transaction, id) for id in came.asked.near)
        there = next((other for other in others if other is not None and other.pan == row.pan), None)
    if there is not None:
        # It may have been begun on another business date: it is known by that name.
        came = replace(came, asked=replace(came.asked, id=there.id))
    if there is not None and there.stage in TAKEN_BACK:
        view.put(_irregular(row, "advice of what was taken back"))
        return Decision(NOTHING_TO_DO)
    if there is not None and there.delivery in (books.ADVISED, books.TOLD):
        return Decision(there.response_code)
    decision = Decision(APPROVED) if body else _booked(world, view, came, there)
    base = there or row
    less = max(0, base.amount - came.asked.amount) if decision.response == APPROVED else 0
    delivery = books.ADVISED if _completes(came, there) else books.TOLD
    changed = replace(
        base, stage=Stage.ANSWERED, response_code=decision.response, approval=row.approval or base.approval,
        amount_reversed=max(base.amount_reversed, less), delivery=delivery, changed_us=row.changed_us,
    )  # fmt: skip
    view.put(changed)
    if body:
        books.owe(view, changed, body, position, row.changed_us, ADVICE, "0220")
    return decision


def _completes(came: Incoming, there: Transaction | None) -> bool:
    """Does the advice tell that what *there* approved has happened, rather than what another approved (DE 38)?"""
    return there is not None and there.response_code == APPROVED and came.asked.text(DE_38) in ("", there.approval)


def _booked(world: World, view: View, came: Incoming, there: Transaction | None) -> Decision:
    """Have our own books agree with what was done: all that is told, if nothing of it is known, or less than was asked."""
    issuer, asked = world.authoriser, came.asked
    if issuer is None:
        return Decision(INOPERATIVE)
    if there is None or there.response_code != APPROVED:
        return issuer.decide(view, asked, ())
    less = there.amount - asked.amount
    if less <= there.amount_reversed:
        return Decision(APPROVED, there.approval)
    return Decision(issuer.reverse(view, there, less - there.amount_reversed, f"{there.id}/{less}"))


def _irregular(row: Transaction, kind: str) -> Irregular:
    return Irregular(key(kind, row.id), row.changed_us, row.id, row.link, kind, "", "open")
