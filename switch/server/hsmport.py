"""Questions to HSMs become commands of a pool of them, in the dialect that the pool speaks."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

from twisted.internet.defer import Deferred, succeed
from twisted.python.failure import Failure

from hsm.client.answers import Refused
from hsm.client.codec import Wire
from hsm.client.pool import HsmPool, NotSent, OutcomeUnknown
from hsm.client.thales import InputInvalid
from hsm.wire.codec import codec_of
from hsm.wire.message import Message, WireError
from switch import asking as q
from switch.hsmdialect import THALES
from switch.server import hsmthales
from switch.server.hsmasking import Asked, Port

A = TypeVar("A")
M = TypeVar("M", bound=Message)


class HsmPort:
    """The HSMs as the switch sees them."""

    def __init__(self, pool: HsmPool) -> None:
        self._pool = pool
        self._asked = _asked(pool.wire.dialect)
        self._widths = dict(pool.wire.widths) if isinstance(pool.wire, Wire) else {}

    def perform(self, question: q.Question[A]) -> Deferred[A | q.NoAnswer]:
        """The answer to *question*; never fails for what HSMs say or don't, nor for what is in the question.

        What can't be part of a command, for instance a key in a partner's message that is none, is REFUSED with the reason
        InputInvalid, and no HSM sees it.
        """
        try:
            asked = cast("Deferred[A | q.NoAnswer]", self._asked(question, self))
        except (ValueError, WireError):
            return succeed(q.NoAnswer(q.Cause.REFUSED, reason=InputInvalid.__name__))
        return asked.addErrback(_no_answer)

    def check(self, request: Message) -> None:
        """Raises ValueError or WireError for a *request* that would be refused or read as another one.

        Fields are partners' words: one with a delimiter in it could move the border to the next.
        """
        codec = codec_of(type(request), self._widths)
        if codec.parse(codec.text(request)) != request:
            raise ValueError("a field holds what it can't")

    def ask(self, request: Message, answers: type[M]) -> Deferred[M]:
        """As HsmPool.ask.  Raises as ``check``."""
        self.check(request)
        return self._pool.ask(request, answers)


def _asked(dialect: str) -> Callable[[object, Port], Asked]:
    if dialect == THALES.name:
        return hsmthales.asked
    # Most switches ask HSMs of one dialect: the other is imported by those that do.
    from switch.server import hsmeracom

    return hsmeracom.asked


def _no_answer(failure: Failure) -> q.NoAnswer:
    why = failure.value
    if isinstance(why, Refused):
        return q.NoAnswer(q.Cause.REFUSED, why.code, why.reason.__name__ if why.reason else "")
    failure.trap(NotSent, OutcomeUnknown)
    return q.NoAnswer(q.Cause.NOT_ASKED if isinstance(why, NotSent) else q.Cause.UNKNOWN)
