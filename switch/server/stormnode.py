"""A hop of a storm: the program itself, begun anew upon its store after each crash."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar
from typing import Protocol as Shape

from twisted.internet.defer import Deferred, maybeDeferred, succeed

from switch.asking import Cause, ChangePin, Holder, NewPvv, NoAnswer, Question
from switch.codec.message import Message
from switch.flow.hop import Hop
from switch.flow.partner import Partner
from switch.flow.ports import Authoriser, Use, WorkingKey
from switch.flow.world import World
from switch.link.config import LinkConfig
from switch.link.events import Order
from switch.link.terms import Line, Purpose
from switch.routing.route import Routing
from switch.saf.events import End
from switch.saf.rules import Rules
from switch.saf.watch import Alarm
from switch.server.days import Days
from switch.server.drive import DrivenLink, Sending, Stream
from switch.server.exchange import Exchange, OpenLinks
from switch.server.forwarding import Forwarding
from switch.server.owing import around, stand_in
from switch.server.recovery import Sweep, at_start
from switch.server.simulated import SimulatedHsm
from switch.server.stormclock import LifeClock, StormClock
from switch.server.stormstore import Fate, StormMemory, StormReading, StormWriter
from switch.server.stormwire import StormWire
from switch.services.responses import packaged as responses
from switch.services.servicefile import packaged as services
from switch.standin.policy import Policy
from switch.store.numbers import Numbers
from switch.store.rows import Owed

T = TypeVar("T")
BEGINS_US = 1_795_391_880 * 1_000_000
"""2026-11-22 23:58 GMT: the business date turns soon."""
RESTART_SECONDS = 5.0


class Watching(Shape):
    """Who looks at what nodes say and hear; every message passes by."""

    def said(self, node: StormNode, link: str, message: Message) -> None:
        """*node* has given *message* to the connection of *link*."""

    def heard(self, node: StormNode, link: str, message: Message) -> None:
        """*message* has come to *node* by *link*."""

    def unsaid(self, node: StormNode, link: str, message: Message) -> None:
        """*node* could not give *message*, an answer, to the connection of *link*."""


@dataclass(frozen=True)
class Setup:
    """What a node is; *links* with their partners; *policies* by which it stands in, and for which card ids."""

    name: str
    institution: str
    links: Sequence[tuple[LinkConfig, Partner]]
    routing: Routing
    authoriser: Callable[[Hop], Authoriser] | None = None
    policies: Mapping[str, Policy] = field(default_factory=dict)
    card_id: Callable[[str], str] = str
    rules: Mapping[str, Rules] = field(default_factory=dict)


class StormKeys:
    """A key for everything, always in force."""

    def incoming(self, link: str, use: Use, terminal: str = "") -> Sequence[WorkingKey]:
        """One."""
        return (WorkingKey(link, use, Holder.ZONE, 1, "U" + "1" * 32, terminal),)

    def outgoing(self, link: str, use: Use) -> WorkingKey | None:
        """One."""
        return WorkingKey(link, use, Holder.ZONE, 1, "U" + "2" * 32)

    def proved(self, key: WorkingKey) -> None:
        """It was known."""

    def failed(self, link: str, use: Use, terminal: str = "") -> None:
        """It does not."""


class StormHsm(SimulatedHsm):
    """Changes PINs too."""

    def perform(self, question: Question[T]) -> Deferred[T | NoAnswer]:
        """The answer at once."""
        if isinstance(question, ChangePin) and self.away is None:
            # The question's type says what answers it, which the checker can't follow through the cases.
            return succeed(NewPvv("1234"))  # type: ignore[arg-type]
        return super().perform(question)


class StormLink(DrivenLink):
    """A link whose messages pass by somebody who watches."""

    watch: Callable[[str, str, Message], None]

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self._saying: Message | None = None
        self._waiting: dict[bytes, Message] = {}

    def answer(self, message: Message) -> Sending:
        """Watch what can't be answered, too."""
        sending = super().answer(message)
        if not sending.accepted:
            self.watch("unsaid", self.config.name, message)
        return sending

    def disconnected(self) -> None:
        """The connection ended, and what waited is gone."""
        self._waiting.clear()
        super().disconnected()

    def _send(self, message: Message, asked: Any) -> Sending:
        self._saying = message
        sending = super()._send(message, asked)
        self._saying = None
        if sending is Sending.QUEUED:
            self._waiting[self._queue[-1][0]] = message
        return sending

    def _write(self, frame: bytes, asked: Any) -> None:
        message = self._saying or self._waiting.pop(frame, None)
        if message is not None:
            self.watch("said", self.config.name, message)
        super()._write(frame, asked)

    def _deliver(self, message: Message, purpose: Purpose | None) -> None:
        self.watch("heard", self.config.name, message)
        super()._deliver(message, purpose)


class Life:
    """One run of a node's process."""

    def __init__(self, node: StormNode) -> None:
        self.clock = LifeClock(node.clock)
        self._node = node
        self.days = Days(lambda: node.now_us)
        setup = node.setup
        self.writer = StormWriter(self.clock, node.memory, node.fate, node.crash)
        reading = StormReading(node.memory)
        hop = Hop(
            setup.institution, {partner.link: partner for _, partner in setup.links},
            {link.name: link for link, _ in setup.links}, setup.routing, services(), responses(),
            f"{setup.name}-{node.era}",
        )  # fmt: skip
        authoriser = setup.authoriser(hop) if setup.authoriser else None
        world = World(hop, StormKeys(), authoriser, self.days.moment, Numbers(node.era).next)
        self.exchange = Exchange(self.clock, world, self.writer, node.hsm, lambda link, text: None)
        standing = stand_in(self.exchange, setup.policies, setup.card_id) if setup.policies else None
        self.exchange.world = replace(
            world, open_links=OpenLinks(self.exchange), connected=self.exchange.is_connected, stands_in=standing
        )
        self.links: dict[str, StormLink] = {}
        for config, _ in setup.links:
            link = StormLink(
                config, self.exchange, self, self.clock, node.jitter, lambda: self.days.moment().transmitted
            )  # fmt: skip
            link.watch = node.watched
            self.links[config.name] = link
        surroundings = around(self.exchange, node.hsm, self.clock, maybeDeferred, self)
        self.forwarding = Forwarding(self.writer, reading, setup.rules, surroundings)
        self.exchange.join(_Named(self.links), self.forwarding)
        self.sweep = Sweep(self.clock, self.exchange, self.writer, reading, maybeDeferred)
        at_start(self.exchange.world, reading, self.writer)

    def start(self) -> None:
        """As the program does."""
        self.forwarding.start()
        for link in self.links.values():
            link.order(Order.OPEN)
        self.sweep.start()

    # -- how links come to connections

    def seek(self, link: DrivenLink) -> None:
        """Join its wire, if the other side is there."""
        self.clock.callLater(0, self._sought, link)

    def _sought(self, link: DrivenLink) -> None:
        wire = self._node.wires[link.config.name]
        if not wire.join() and link.state.line is Line.SOUGHT and link.config.profile.calls:
            link.disconnected()

    def cease(self, link: DrivenLink) -> None:
        """Nothing is under way that could be given up."""

    # -- what store-and-forward tells

    def ended(self, row: Owed, end: End) -> None:
        """It is in the store."""

    def drained(self, link: str) -> None:
        """Links are asked."""

    def alarmed(self, link: str, alarm: Alarm, raised: bool) -> None:
        """Nobody is on duty."""


class _Named(dict[str, DrivenLink]):
    """Links as the exchange wants them: going through them gives links, not names."""

    def __iter__(self):  # type: ignore[no-untyped-def]  # see the class
        return iter(self.values())


class StormNode:
    """A node: its store, which lasts, and the life that it lives now, if it lives."""

    def __init__(
        self, setup: Setup, clock: StormClock, watching: Watching, fate: Callable[[], Fate], jitter: Callable[[], float]
    ) -> None:
        self.setup, self.clock, self.jitter, self._drawn = setup, clock, jitter, fate
        self.memory, self.hsm = StormMemory(), StormHsm()
        self.wires: dict[str, StormWire] = {}
        self.skew_us = 0
        self.era = 0
        self.crashes = 0
        self.troubles = 0
        """How often it was killed, its store went away or came back, or a commit failed."""
        self.life: Life | None = None
        self._watching = watching
        self._stores_away = self._hsms_away = 0

    @property
    def now_us(self) -> int:
        """What its clock shows."""
        return BEGINS_US + int(self.clock.seconds() * 1_000_000) + self.skew_us

    def fate(self) -> Fate:
        """What happens to its next commit."""
        fate = self._drawn()
        self.troubles += fate is not Fate.DONE
        return fate

    def watched(self, what: str, link: str, message: Message) -> None:
        """A message passed by."""
        watching = self._watching
        look = {"said": watching.said, "heard": watching.heard, "unsaid": watching.unsaid}[what]
        look(self, link, message)

    def start(self) -> None:
        """Live, as soon as there is a store."""
        if self.life is not None:
            return
        if self.memory.away:
            self.clock.callLater(RESTART_SECONDS, self.start)
            return
        self.era += 1
        self.life = Life(self)
        self.life.start()

    def crash(self, down_seconds: float = RESTART_SECONDS) -> None:
        """Die now; live again after so long."""
        if self.life is None:
            return
        self.crashes += 1
        self.troubles += 1
        self.life.clock.die()
        self.life = None
        for wire in self.wires.values():
            wire.cut()
        self.clock.callLater(down_seconds, self.start)

    def lose_store(self, seconds: float) -> None:
        """Its store is away for so long."""
        self._stores_away += 1
        self.troubles += 1
        self.memory.away = True
        self.clock.callLater(seconds, self._store_back)

    def _store_back(self) -> None:
        self._stores_away -= 1
        self.troubles += 1
        self.memory.away = self._stores_away > 0

    def lose_hsm(self, seconds: float, asked: bool) -> None:
        """Its HSMs don't answer for so long; *asked*: they may have done what they were asked."""
        self._hsms_away += 1
        self.hsm.away = NoAnswer(Cause.UNKNOWN if asked else Cause.NOT_ASKED)
        self.clock.callLater(seconds, self._hsm_back)

    def _hsm_back(self) -> None:
        self._hsms_away -= 1
        if not self._hsms_away:
            self.hsm.away = None

    def skew(self, seconds: float) -> None:
        """Its clock is wrong by so much."""
        self.skew_us = int(seconds * 1_000_000)

    def plug(self, link: str, wire: StormWire) -> None:
        """*wire* is that of *link*."""
        self.wires[link] = wire
        wire.sides.append(NodeSide(self, link))


class NodeSide:
    """A node's end of a wire."""

    def __init__(self, node: StormNode, link: str) -> None:
        self._node, self._link = node, link

    def _now(self) -> StormLink | None:
        life = self._node.life
        return None if life is None else life.links[self._link]

    @property
    def wants(self) -> bool:
        """See :class:`switch.server.stormwire.Side`."""
        link = self._now()
        return link is not None and link.state.line is Line.SOUGHT

    def connected(self, stream: Stream) -> None:
        """See :class:`switch.server.stormwire.Side`."""
        link = self._now()
        assert link is not None
        link.connected(stream)

    def parting(self) -> Callable[[], None]:
        """See :class:`switch.server.stormwire.Side`."""
        life = self._node.life
        assert life is not None
        link = life.links[self._link]

        def part() -> None:
            if not life.clock.dead:
                link.disconnected()

        return part

    def writable(self) -> None:
        """See :class:`switch.server.stormwire.Side`."""
        link = self._now()
        if link is not None:
            link.writable()

    def bring(self, frame: bytes) -> None:
        """See :class:`switch.server.stormwire.Side`."""
        link = self._now()
        if link is not None:
            link.frame(frame[link.framing.prefix_bytes :])
