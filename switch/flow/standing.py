"""The course of a request whose issuer doesn't answer and for which the switch stands in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from switch.codec.message import Message
from switch.flow import books
from switch.flow.answers import APPROVED, onward
from switch.flow.effects import Course, NotKept, Wake, keep
from switch.flow.entering import OUT, Incoming
from switch.flow.hop import Hop, Moment
from switch.flow.learning import learnt
from switch.flow.ports import Decision
from switch.flow.world import World
from switch.standin.policy import Policy
from switch.standin.standin import Delivery, StandIn, StandInIssuer
from switch.store.rows import Stage, Transaction
from switch.store.view import View


def stand_in(
    policies: Mapping[str, Policy], card_id: Callable[[str], str], hop: Callable[[], Hop], moment: Callable[[], Moment],
    position: Callable[[], str],
) -> StandIn:  # fmt: skip
    """Who stands in on *hop*; the rest as :class:`~switch.standin.standin.StandIn` and World have it."""
    delivery = Delivery(
        lambda asked, link: onward(asked, link, {}, hop()),
        lambda link: hop().codecs[link],
        position,
        lambda: moment().transmitted,
        lambda: moment().now_us,
    )
    return StandIn(policies, card_id, delivery)


def decided_instead(
    world: World, came: Incoming, issuer: StandInIssuer, reversal: bytes
) -> Course[tuple[Decision, Message] | NotKept | None]:
    """What *issuer* decides of *came*, which awaits its real issuer, and the answer that is to be delivered.

    *reversal* is what is owed unless it approves, because the real issuer may have done it; empty: it has not.  None: it is
    too late for any answer, for the transaction was reversed.
    """
    asked = came.asked
    found = yield from learnt(world, asked, issuer)
    if isinstance(found, NotKept):
        return found
    answers: Decision | Sequence[object] = found
    moment, position, out_id = world.moment(), world.position(), world.position()
    codec = world.hop.codecs[asked.link]

    def work(view: View) -> tuple[Decision, Message] | None:
        row = view.get(Transaction, asked.id)
        if row is None or row.stage != Stage.AWAITING_ISSUER:
            return None
        decision = answers if isinstance(answers, Decision) else issuer.decide(view, asked, answers)
        said = came.answered(world, decision)
        view.put(
            replace(
                row, stage=Stage.ANSWERED, response_code=decision.response, approval=decision.approval,
                answer=codec.encode(said), changed_us=moment.now_us,
            )
        )  # fmt: skip
        books.note(view, [world.note(said, asked.link, OUT, asked, out_id)])
        if reversal and decision.response != APPROVED:
            books.take_back(view, asked.id, reversal, position, moment.now_us)
        return decision, said

    outcome = yield from keep(work, (Transaction, asked.id), *issuer.reads(asked))
    if isinstance(outcome, tuple):
        yield Wake(issuer.row.link)
    return outcome
