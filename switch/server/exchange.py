"""The exchange: what links tell becomes courses of transactions, and what courses want is done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import Protocol as Shape
from typing import TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from switch.asking import Cause, NoAnswer, Question
from switch.codec.message import Message
from switch.flow import books
from switch.flow import effects as fx
from switch.flow.course import recognised
from switch.flow.entering import IN
from switch.flow.hop import OWN
from switch.flow.request import Request
from switch.flow.world import World
from switch.link import events as ev
from switch.link.answers import FUNCTIONS_ANSWERED, reply
from switch.link.matching import Finding, Verdict
from switch.link.profile import Because
from switch.link.state import State
from switch.link.terms import Line, Purpose
from switch.server.drive import DrivenLink
from switch.store.database import StoreError
from switch.store.group import Done, Result
from switch.store.leases import Submits
from switch.store.view import Work

T = TypeVar("T")
COURSES_MAX = 20_000
ADMINISTRATIVE = "6"
ADVICE, REPEAT = "2", "1"
"""The third and the fourth digit of an MTI."""
log = Logger()


class Aside(Shape):
    """What works beside the transactions on the same links: keys, and what is owed.  *about* is always its own."""

    def takes(self, about: object) -> bool:
        """Is *about* one of its questions?"""

    def asked(self, link: DrivenLink, message: Message, purpose: Purpose | None) -> bool:
        """Does it answer *message*, or is that none of its business?"""

    def replied(self, link: DrivenLink, message: Message, about: object) -> object: ...
    def expired(self, link: DrivenLink, about: object) -> object: ...
    def cut(self, link: DrivenLink, about: object, written: bool) -> object: ...
    def changed(self, link: DrivenLink) -> None: ...


class LinksByName(Shape):
    """The links of the process."""

    def __getitem__(self, name: str) -> DrivenLink: ...
    def __iter__(self) -> Iterator[DrivenLink]: ...


WriterOf = Callable[[str], Submits]
"""The writer for what is done for a link: one that does nothing any more when another process has the link."""


class AsksHsm(Shape):
    """The HSMs."""

    def perform(self, question: Question[T]) -> Deferred[T | NoAnswer]:
        """As :meth:`switch.server.hsmport.HsmPort.perform`."""


class Forwarder(Aside, Shape):
    """Delivers what is owed."""

    def wake(self, link: str) -> None:
        """Something is owed to *link* since now."""

    def may_pass(self, link: str) -> bool:
        """May transactions go by *link*, or must it have first what it is owed?"""


@dataclass(eq=False, slots=True)
class _Run:
    """A course under way of what came by *link*; *asked* is None for what was not recognised."""

    course: fx.Course[str]
    asked: Request | None
    begun: float
    link: str
    writer: Submits


class OpenLinks(Collection[str]):
    """The names of the links that take transactions now; nobody counts them for each transaction."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def __contains__(self, name: object) -> bool:
        return name == OWN or self._exchange.is_open(str(name))

    def __iter__(self) -> Iterator[str]:
        return iter([OWN, *(link.config.name for link in self._exchange.links if link.config.name in self)])

    def __len__(self) -> int:
        return len(list(self))


@dataclass
class Figures:
    """What is counted of transactions: *answered* by service and response code, *seconds* of the last ones."""

    answered: Counter[tuple[str, str]] = field(default_factory=Counter)
    courses: int = 0
    replies: Counter[str] = field(default_factory=Counter)
    observe: Callable[[str, str, float], None] = lambda service, response, seconds: None


class Exchange:
    """Implements ``drive.Above``; everything happens on the reactor's thread."""

    def __init__(
        self, clock: IReactorTime, world: World, writer: Submits, hsm: AsksHsm | None, tell: Callable[[str, str], None],
        writer_of: WriterOf | None = None,
    ) -> None:  # fmt: skip
        """*tell* takes a link's name and a text for the log; *writer_of* gives a link's writer, where each has its own."""
        self._clock, self._hsm, self._tell = clock, hsm, tell
        self._writer = writer_of or (lambda link: writer)
        self.world = world
        self.figures = Figures()
        self.asides: tuple[Aside, ...] = ()
        self.forwarder: Forwarder | None = None
        self.leaving = False
        """Is nothing begun any more, because the process ends?"""
        self._runs: set[_Run] = set()
        self._told: set[tuple[str, str]] = set()
        """Of advices and reversals under way the edition and class (MTI), and the id."""
        self._outlasting: dict[_Run, IDelayedCall] = {}
        self._links: LinksByName | None = None

    def join(self, links: LinksByName, forwarder: Forwarder | None = None, *asides: Aside) -> None:
        """Work upon *links*; before they are started."""
        self._links, self.forwarder = links, forwarder
        self.asides = (*asides, forwarder) if forwarder else asides

    @property
    def links(self) -> LinksByName:
        """The links."""
        assert self._links is not None
        return self._links

    @property
    def under_way(self) -> int:
        """Courses that have not ended."""
        return len(self._runs)

    def works_for(self, links: Collection[str]) -> bool:
        """Is something under way that came by one of *links*?"""
        return any(run.link in links for run in self._runs)

    def live(self) -> frozenset[str]:
        """Ids of the transactions that are under way here."""
        return frozenset(run.asked.id for run in self._runs if run.asked)

    def is_open(self, name: str) -> bool:
        """Does the link *name* take transactions now?"""
        link = self.links[name]
        return link.state.may_send(link.config.profile) and (self.forwarder is None or self.forwarder.may_pass(name))

    def is_connected(self, name: str) -> bool:
        """Is there a connection, whether or not the partner has signed on?"""
        return self.links[name].state.line is Line.CONNECTED

    # -- what links tell

    def asked(self, link: DrivenLink, message: Message, purpose: Purpose | None) -> None:
        """A request, advice or notification came."""
        if any(aside.asked(link, message, purpose) for aside in self.asides):
            return
        if purpose is not None:
            link.answer(reply(message, Because.UNKNOWN_CODE, link.config.profile))
        elif message.mti[2] not in FUNCTIONS_ANSWERED or message.mti[1] == ADMINISTRATIVE:
            self._note(link, message)
        elif self.leaving:
            link.answer(reply(message, Because.NOT_SIGNED_ON, link.config.profile))
        elif len(self._runs) >= COURSES_MAX:
            link.answer(reply(message, Because.BUSY, link.config.profile))
        else:
            self.start(link.config.name, message)

    def start(self, link: str, message: Message) -> None:
        """Begin the course of *message*."""
        course, asked = recognised(self.world, link, message)
        if asked is not None and message.mti[2] == ADVICE:
            told = (message.mti[:2], asked.id)
            if told in self._told and message.mti[3] == REPEAT:
                # What answers the one before it answers this.  A partner that is impatient with a slow machine makes it no
                # slower by that.
                self.links[link].counts["repeats of what is under way"] += 1
                return
            self._told.add(told)
        run = _Run(course, asked, self._clock.seconds(), link, self._writer(link))
        self._runs.add(run)
        self._go_on(run, None)

    def replied(self, link: DrivenLink, message: Message, finding: Finding[object]) -> None:
        """A reply came."""
        about = finding.about
        if finding.verdict is Verdict.ANSWERS:
            if isinstance(about, _Run):
                self._go_on(about, fx.Replied(message))
            else:
                self._aside(about, lambda aside: aside.replied(link, message, about))
            return
        # What nobody waits for any more moves nothing; that it came is kept.
        self.figures.replies[finding.verdict.name.lower()] += 1
        if finding.trace:
            self._tell(link.config.name, f"a reply to nothing that is known: {finding.trace}")
        self._note(link, message, about.asked if isinstance(about, _Run) else None)

    def expired(self, link: DrivenLink, about: object) -> None:
        """T2 has run out."""
        if isinstance(about, _Run):
            self._go_on(about, fx.Silent(timed_out=True))
        else:
            self._aside(about, lambda aside: aside.expired(link, about))

    def cut(self, link: DrivenLink, about: object, written: bool) -> None:
        """The connection ended over what was asked."""
        if isinstance(about, _Run):
            self._go_on(about, fx.Silent(timed_out=False) if written else fx.NotSent())
        else:
            self._aside(about, lambda aside: aside.cut(link, about, written))

    def changed(self, link: DrivenLink, before: State) -> None:
        """The link stands elsewhere than *before*."""
        state = link.state
        self._tell(link.config.name, f"line {state.line.name}, ours {state.ours.name}, theirs {state.theirs.name}")
        for aside in self.asides:
            aside.changed(link)
        if state.line is not Line.CONNECTED:
            for run in [run for run in self._outlasting if run.link == link.config.name]:
                self._lasted(run, False)

    def noted(self, link: DrivenLink, effect: ev.AskOperator | ev.Refused | ev.PeerRefused) -> None:
        """Something that an operator should see."""
        self._tell(link.config.name, str(effect))

    # -- courses

    def _go_on(self, run: _Run, told: object) -> None:
        """Send *told* into the course, and do what it wants, until it has to wait."""
        try:
            while True:
                effect = run.course.send(told)
                if self._waits(run, effect):
                    return
                told = self._done(effect)
        except StopIteration as ended:
            self._end(run, str(ended.value))
        except Exception:
            # A fault of ours costs one transaction its answer, and nobody else anything.
            log.failure("a course broke")
            self._end(run, "")

    def _waits(self, run: _Run, effect: fx.Effect) -> bool:
        """Begin what takes time; False when it is over already, or takes none."""
        match effect:
            case fx.Keep(work):
                return self._keeps(run, work)
            case fx.AskHsm(question) if self._hsm is not None:
                self._hsm.perform(question).addCallback(lambda said: self._go_on(run, said))
                return True
            case fx.Ask(link, message):
                return self.links[link].ask(message, run).accepted
            case fx.Outlast() if self.is_connected(run.link):
                seconds = self.links[run.link].config.timers.t1_seconds
                self._outlasting[run] = self._clock.callLater(seconds, self._lasted, run, True)
                return True
            case _:
                return False

    def _lasted(self, run: _Run, lasted: bool) -> None:
        timer = self._outlasting.pop(run)
        if timer.active():
            timer.cancel()
        self._go_on(run, lasted)

    def _keeps(self, run: _Run, work: Work[object]) -> bool:
        try:
            run.writer.submit(work, lambda result: self._kept(run, result))
        except StoreError:
            return False
        return True

    def _kept(self, run: _Run, result: Result[object]) -> None:
        if isinstance(result, Done):
            self._go_on(run, result.value)
            return
        if not isinstance(result.error, StoreError):
            log.error("a work of the store broke: {error}", error=type(result.error).__name__)
        self._go_on(run, fx.not_kept(result.error))

    def _done(self, effect: fx.Effect) -> object:
        """What became of an effect that takes no time, or could not be begun."""
        match effect:
            case fx.Answer(link, message):
                return self.links[link].answer(message).accepted
            case fx.Wake(link):
                if self.forwarder is not None:
                    self.forwarder.wake(link)
            case fx.Alarm(text):
                self._tell("", text)
            case fx.Outlast():
                return False
            case fx.Ask():
                return fx.NotSent()
            case fx.AskHsm():
                return NoAnswer(Cause.NOT_ASKED)
            case fx.Keep():
                return fx.NotKept()
        return None

    def _end(self, run: _Run, response: str) -> None:
        self._runs.discard(run)
        if run.asked is not None:
            self._told.discard((run.asked.message.mti[:2], run.asked.id))
        service = run.asked.service.name if run.asked else ""
        self.figures.answered[service, response] += 1
        self.figures.observe(service, response, self._clock.seconds() - run.begun)

    def _aside(self, about: object, call: Callable[[Aside], object]) -> None:
        for aside in self.asides:
            if aside.takes(about):
                call(aside)

    def _note(self, link: DrivenLink, message: Message, asked: Request | None = None) -> None:
        """Keep in the journal what came and moves nothing."""
        note = self.world.note(message, link.config.name, IN, asked)
        try:
            self._writer(link.config.name).submit(Work(lambda view: books.note(view, [note])), lambda result: None)
        except StoreError:
            self.figures.replies["not kept"] += 1
