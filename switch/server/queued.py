"""One link's queue at work: performs what its machine wants done."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from switch.codec.message import Message, MessageError
from switch.saf import events as ev
from switch.saf.machine import step
from switch.saf.queue import Queue
from switch.saf.rules import US
from switch.saf.watch import Alarm
from switch.saf.works import Also, attempt, conclude
from switch.server.drive import DrivenLink, Sending
from switch.services.catalogue import answering
from switch.store.database import StoreError
from switch.store.group import Done, Result
from switch.store.leases import Submits
from switch.store.reading import Queue as Figures
from switch.store.rows import Owed
from switch.store.view import Work

RESPONSE = 39
log = Logger()
TICK_SECONDS_LEAST = 0.001
"""Added to each wait, so that a clock that rounds doesn't wake us just before the time."""


@dataclass(frozen=True)
class Forwarded:
    """What a forwarded message is about: the row *id* of the link *link*, its *attempt*, and its type when first sent."""

    link: str
    id: str
    attempt: int
    mti: str


class Reads(Protocol):
    """What is asked of the store beside the writer; as :class:`switch.store.reading.Reading`, whose errors are these."""

    def owed(self, link: str, after: str = "", rows_max: int = 0) -> list[Owed]: ...
    def queues(self) -> list[Figures]: ...


class Told(Protocol):
    """Whom store-and-forward tells; all calls come on the reactor's thread."""

    def ended(self, row: Owed, end: ev.End) -> None:
        """*row*, as it is committed, is not owed any more; whoever is to look at it finds an exception."""

    def drained(self, link: str) -> None:
        """Transactions may pass: everything that *link* was owed when it opened has been answered once."""

    def alarmed(self, link: str, alarm: Alarm, raised: bool) -> None:
        """A threshold was passed, or not any more."""


@dataclass(frozen=True)
class Surroundings:
    """What store-and-forward needs of the program around it.

    *link* gives a link by its name.  *now_us*: microseconds since 1970.  *apart* calls something that waits, a question to
    the store, on another thread.  *sealed* gives a message its MAC for the link; None: not now.  *opened* tells what is
    wrong with the MAC of one that came; empty: nothing.  *own_code*: link and its DE 39 → own code.  *also*: what else
    changes in the commit by which a message is not owed any more.
    """

    link: Callable[[str], DrivenLink]
    clock: IReactorTime
    now_us: Callable[[], int]
    apart: Callable[[Callable[[], object]], Deferred[object]]
    sealed: Callable[[DrivenLink, Message], Deferred[Message | None]]
    opened: Callable[[DrivenLink, Message], Deferred[str]]
    own_code: Callable[[str, str], str]
    told: Told
    also: Also | None = None


class Line:
    """One link's queue at work."""

    def __init__(
        self, link: str, queue: Queue, writer: Submits, reading: Reads, around: Surroundings,
        counts: Counter[tuple[str, str]],
    ) -> None:  # fmt: skip
        self.queue = queue
        self._link, self._writer, self._reading, self._around, self._counts = link, writer, reading, around, counts
        self._events: deque[ev.Event] = deque()
        self._stepping = False
        self._stopped = False
        self._timer: IDelayedCall | None = None

    def stop(self) -> None:
        self._stopped = True
        self._time()

    def happen(self, event: ev.Event) -> None:
        """Take *event*; one that comes out of another's effects is taken after it."""
        self._events.append(event)
        if self._stepping:
            return
        self._stepping = True
        passed = self.queue.may_pass_traffic
        try:
            while self._events and not self._stopped:
                self.queue, effects = step(self.queue, self._events.popleft(), self._around.now_us())
                for effect in effects:
                    self._perform(effect)
        finally:
            self._stepping = False
        self._time()
        if self.queue.may_pass_traffic and not passed and not self._stopped:
            self._around.told.drained(self._link)

    def _time(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due_us = None if self._stopped else self.queue.due_us
        if due_us is not None:
            seconds = max(0, due_us - self._around.now_us()) / US + TICK_SECONDS_LEAST
            self._timer = self._around.clock.callLater(seconds, self._tick)

    def _tick(self) -> None:
        self._timer = None
        self.happen(ev.Tick())

    def _perform(self, effect: ev.Effect) -> None:
        match effect:
            case ev.Load(rows_max):
                self._load(rows_max)
            case ev.Attempt(id):
                self._keep(id, attempt(effect))
            case ev.Conclude(id):
                self._keep(id, conclude(effect, self._around.now_us(), self._around.also))
            case ev.Send(row, repeat):
                self._send(row, repeat)
            case ev.Ended(row, end):
                self._counts[self._link, end.value] += 1
                self._around.told.ended(row, end)

    def _load(self, rows_max: int) -> None:
        asked = self._around.apart(lambda: self._reading.owed(self._link, "", rows_max))

        def loaded(rows: object) -> None:
            assert isinstance(rows, list)
            self.happen(ev.Loaded(tuple(rows), len(rows) < rows_max))

        def failed(failure: Failure) -> None:
            if not failure.check(StoreError):
                log.failure("what a link is owed was not read", failure)
            self._counts[self._link, "store not read"] += 1
            # Whatever it was: a queue that waits for a reading which never ends would let nothing pass.
            self.happen(ev.LoadFailed())

        asked.addCallbacks(loaded, failed)

    def _keep(self, id: str, work: Work[Owed | None]) -> None:
        def told(result: Result[Owed | None]) -> None:
            if isinstance(result, Done):
                self.happen(ev.Kept(id, result.value))
            else:
                self._counts[self._link, "store not written"] += 1
                self.happen(ev.NotKept(id))

        try:
            self._writer.submit(work, told)
        except StoreError:
            self._counts[self._link, "store not written"] += 1
            self.happen(ev.NotKept(id))

    def hear(self, link: DrivenLink, message: Message, about: Forwarded) -> None:
        """*message* came in answer to what is *about*.

        An advice may share its key with the request before it, whose late answer is then taken for the advice's.  Neither
        that nor an answer with a wrong MAC settles anything: the message is sent again.
        """
        response = message.fields.get(RESPONSE)
        if message.mti != answering(about.mti) or not isinstance(response, str):
            self._unsettled(about, "answers to something else")
            return
        own = self._around.own_code(about.link, response)

        def judged(wrong: str) -> None:
            if wrong:
                self._unsettled(about, "answers with a wrong MAC")
            else:
                self.happen(ev.Answered(about.id, own))

        def broke(failure: Failure) -> None:
            self._unsettled(about, f"not verified: {type(failure.value).__name__}")

        self._around.opened(link, message).addCallbacks(judged, broke)

    def _unsettled(self, about: Forwarded, why: str) -> None:
        self._counts[self._link, why] += 1
        self.happen(ev.Unanswered(about.id, about.attempt))

    def _send(self, row: Owed, repeat: bool) -> None:
        link = self._around.link(self._link)
        try:
            message = link.codec.decode(row.body)
        except MessageError:
            self.happen(ev.Unsayable(row.id))
            return
        about = Forwarded(self._link, row.id, row.attempts, message.mti)
        if repeat:
            message = message.changed(mti=f"{message.mti[:3]}1")
        prepared = self._around.sealed(link, message)
        prepared.addCallbacks(partial(self._ask, link, about, repeat), partial(self._unprepared, about))

    def _ask(self, link: DrivenLink, about: Forwarded, repeat: bool, message: Message | None) -> None:
        sending = Sending.NOT_OPEN if message is None or self._stopped else link.ask(message, about)
        if sending.accepted:
            self._counts[self._link, "repeated" if repeat else "sent"] += 1
        elif sending is Sending.UNSAYABLE:
            self.happen(ev.Unsayable(about.id))
        else:
            self._counts[self._link, "not sent"] += 1
            self.happen(ev.NotSent(about.id, about.attempt))

    def _unprepared(self, about: Forwarded, failure: Failure) -> None:
        """What prepares a message failed at it, which is a fault of ours: counted, and tried again."""
        self._counts[self._link, f"not prepared: {type(failure.value).__name__}"] += 1
        self.happen(ev.NotSent(about.id, about.attempt))
