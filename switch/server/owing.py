"""What store-and-forward and stand-in need of the exchange, and what becomes of a transaction when they are done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeVar

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorTime

from switch.asking import Cause, NoAnswer
from switch.codec.message import Message
from switch.flow import books
from switch.flow.answers import onward
from switch.flow.effects import AskHsm, Course
from switch.flow.protection import opened, sealed
from switch.flow.request import Request
from switch.saf.events import End
from switch.saf.works import REVERSAL
from switch.server.drive import DrivenLink
from switch.server.exchange import AsksHsm, Exchange
from switch.server.queued import Surroundings, Told
from switch.standin import counting
from switch.standin.policy import Policy
from switch.standin.standin import Delivery, StandIn
from switch.store.rows import Owed, owed_key
from switch.store.view import View

T = TypeVar("T")
Apart = Callable[[Callable[[], object]], Deferred[object]]


def around(exchange: Exchange, hsm: AsksHsm | None, clock: IReactorTime, apart: Apart, told: Told) -> Surroundings:
    """The surroundings of a Forwarding in the program of *exchange*; *apart* calls on another thread."""

    def now_us() -> int:
        return exchange.world.moment().now_us

    def seal(link: DrivenLink, message: Message) -> Deferred[Message | None]:
        return asking(sealed(exchange.world, link.config.name, message), hsm)

    def verify(link: DrivenLink, message: Message) -> Deferred[str]:
        return asking(opened(exchange.world, link.config.name, message), hsm)

    def own_code(link: str, code: str) -> str:
        return exchange.world.hop.responses.from_link(link, code)

    return Surroundings(
        lambda name: exchange.links[name], clock, now_us, apart, seal, verify, own_code, told, partial(follow, now_us)
    )


def stand_in(exchange: Exchange, policies: Mapping[str, Policy], card_id: Callable[[str], str]) -> StandIn:
    """Who stands in by *policies* in the program of *exchange*; *card_id* gives the id that stands for a PAN."""

    def going(asked: Request, link: str) -> Message:
        return onward(asked, link, {}, exchange.world.hop)

    return StandIn(
        policies,
        card_id,
        Delivery(
            going,
            lambda link: exchange.world.hop.codecs[link],
            exchange.world.position,
            lambda: exchange.world.moment().transmitted,
            lambda: exchange.world.moment().now_us,
        ),
    )


def follow(now_us: Callable[[], int], view: View, row: Owed, end: End) -> None:
    """What becomes of a transaction when what was owed about it has come to its *end*; in the same commit."""
    if end is End.SETTLED and row.id == owed_key(row.link, row.original_id, REVERSAL):
        books.settled(view, row, now_us())
    counting.told(view, row, end)


def asking(course: Course[T], hsm: AsksHsm | None) -> Deferred[T]:
    """The outcome of *course*, which asks nothing but HSMs."""
    try:
        effect = next(course)
    except StopIteration as ended:
        return succeed(ended.value)
    return _answered(course, effect, hsm)


def _answered(course: Course[T], effect: object, hsm: AsksHsm | None) -> Deferred[T]:
    assert isinstance(effect, AskHsm)
    answered: Deferred[object] = succeed(NoAnswer(Cause.NOT_ASKED)) if hsm is None else hsm.perform(effect.question)

    def go_on(said: object) -> Deferred[T]:
        try:
            further = course.send(said)
        except StopIteration as ended:
            return succeed(ended.value)
        return _answered(course, further, hsm)

    return answered.addCallback(go_on)
