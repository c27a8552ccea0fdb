"""Key desks on both ends of a wire, with a clock in the test's hands, HSMs that make up keys, and stores in memory."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeVar, cast

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from switch import asking as q
from switch.codec.codec import codec
from switch.codec.framing import Framer
from switch.codec.message import Message
from switch.flow.ports import Use, WorkingKey
from switch.keys.config import KeysConfig
from switch.keys.effects import Note
from switch.link.config import LinkConfig
from switch.link.events import AskOperator, Order, PeerRefused, Refused
from switch.link.matching import Finding
from switch.link.state import State
from switch.link.terms import Line, Purpose
from switch.server.drive import DrivenLink
from switch.server.keydesk import KeyDesk
from switch.store.database import Unavailable
from switch.store.group import Done, Failed, Result
from switch.store.rows import Row
from switch.store.view import Place, View, Work

A = TypeVar("A")
T = TypeVar("T")


class MadeUpHsm:
    """Keys are numbers: under the LMK ``U`` and 32 digits, under a partner's key ``X`` and those or a block.

    The check value is the last six.
    """

    numbers = 0

    def __init__(self, clock: Clock, seconds: Callable[[], float] = lambda: 0.01) -> None:
        self._clock, self.seconds = clock, seconds
        self.fails = False
        self.asked: list[object] = []

    def perform(self, question: q.Question[A]) -> Deferred[A | q.NoAnswer]:
        self.asked.append(question)
        answered: Deferred[A | q.NoAnswer] = Deferred()
        # Which answer belongs to which question is what Question[A] says; a table of both can't be typed.
        answer = q.NoAnswer(q.Cause.NOT_ASKED) if self.fails else cast("A", self._answer(question))
        self._clock.callLater(self.seconds(), answered.callback, answer)
        return answered

    @classmethod
    def _answer(cls, question: object) -> object:
        if isinstance(question, q.ImportZoneKey):
            assert question.sent[0] in "XR", "as a Thales command has it"
            number = question.sent[-32:]
            return q.ReceivedKey(number[-6:], f"U{number}")
        cls.numbers += 1
        number = f"{cls.numbers:032X}"
        in_block = isinstance(question, q.NewZoneKey | q.NewTerminalKey) and question.form is q.KeyForm.TR_31
        return q.MadeKey(number[-6:], f"U{number}", f"RB0080P0TE00N0000{number:0>64}" if in_block else f"X{number}")


class Crashed(Exception):
    """The process ends here."""


class MemoryStore:
    """Rows that outlive a process; commits take a while.  ``before_commit`` and ``after_commit`` may crash it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.rows: dict[Place, Row] = {}
        self.commits = 0
        self.away = False
        self.crash_at: tuple[int, bool] | None = None
        """Which commit the process doesn't survive, and whether it is done."""
        self.crashed: Callable[[], None] = lambda: None

    def look(self, place: Place) -> Row | None:
        return self.rows.get(place)

    def submit(self, work: Work[T], told: Callable[[Result[T]], None]) -> None:
        if self.away:
            self._clock.callLater(0.005, told, Failed(Unavailable("away")))
            return
        self._clock.callLater(0.005, self._commit, work, told)

    def _commit(self, work: Work[T], told: Callable[[Result[T]], None]) -> None:
        self.commits += 1
        crash = self.crash_at is not None and self.crash_at[0] == self.commits
        if crash and self.crash_at is not None and not self.crash_at[1]:
            self.crashed()
            return
        view = View(self)
        value = work.decide(view)
        for place, row in view.changes.items():
            assert row is not None
            self.rows[place] = row
        if crash:
            self.crashed()
            return
        told(Done(value))


class End:
    """One end of a wire: a process with a link and a desk."""

    def __init__(self, clock: Clock, link: LinkConfig, keys: KeysConfig, wire: Wire | None = None) -> None:
        self.clock, self.config, self.keys_config = clock, link, keys
        self.hsm, self.store, self.wire = MadeUpHsm(clock), MemoryStore(clock), wire
        self.store.crashed = self.crash
        self.notes: list[Note] = []
        self.heard: list[Message] = []
        self.unclaimed: list[Message] = []
        self.full = False
        self._framer = Framer(codec(link.spec).spec.framing)
        self.crashes = 0
        self.begin()

    def begin(self) -> None:
        """A process starts on what the store has."""
        self.alive = True
        life = self.crashes
        mortal = _Mortal(self.store, lambda: self.crashes == life)
        hsm = _Mortal(self.hsm, lambda: self.crashes == life)
        self.desk = KeyDesk(self.keys_config, hsm, mortal, self.clock, self.clock.seconds, self.notes.append)
        self.desk.start(self.store.rows.values())
        self.link = DrivenLink(self.config, self, self, self.clock, lambda: 0.0, lambda: "1122334455")
        self.link.order(Order.OPEN)

    def crash(self) -> None:
        """The process ends at once; another begins in two seconds."""
        self.crashes += 1
        self.alive = False
        self.desk.stop()
        if self.link.stream is not None:
            self.link.disconnected()
        self.clock.callLater(2.0, self.begin)

    # -- the stream and the ways of the link

    def write(self, frame: bytes) -> None:
        self._framer.feed(frame)
        for content in iter(self._framer.next, None):
            if self.wire is not None and self.alive:
                self.wire.carry(self, content)

    def hang_up(self) -> None:
        if self.wire is not None:
            self.clock.callLater(0, self.wire.cut)

    def seek(self, link: DrivenLink) -> None:
        """The wire connects by itself."""

    def cease(self, link: DrivenLink) -> None:
        """As above."""

    # -- the layer above

    def asked(self, link: DrivenLink, message: Message, purpose: Purpose | None) -> None:
        self.heard.append(message)
        if not self.desk.asked(link, message, purpose):
            self.unclaimed.append(message)

    def replied(self, link: DrivenLink, message: Message, finding: Finding[object]) -> None:
        self.heard.append(message)
        self.desk.replied(link, message, finding.about)

    def expired(self, link: DrivenLink, about: object) -> None:
        self.desk.expired(link, about)

    def cut(self, link: DrivenLink, about: object, written: bool) -> None:
        self.desk.cut(link, about, written)

    def changed(self, link: DrivenLink, before: State) -> None:
        if self.alive:
            self.desk.changed(link)

    def noted(self, link: DrivenLink, effect: AskOperator | Refused | PeerRefused) -> None:
        """Nothing is asked of operators here."""

    @property
    def alarms(self) -> list[str]:
        return [note.text for note in self.notes if note.alarm]


class _Mortal:
    """A service whose answers reach only the process that asked."""

    def __init__(self, served: MadeUpHsm | MemoryStore, alive: Callable[[], bool]) -> None:
        self._served, self._alive = served, alive

    def perform(self, question: q.Question[A]) -> Deferred[A | q.NoAnswer]:
        assert isinstance(self._served, MadeUpHsm)
        asked: Deferred[A | q.NoAnswer] = Deferred()
        self._served.perform(question).addCallback(lambda answer: asked.callback(answer) if self._alive() else None)
        return asked

    def submit(self, work: Work[T], told: Callable[[Result[T]], None]) -> None:
        assert isinstance(self._served, MemoryStore)
        self._served.submit(work, lambda result: told(result) if self._alive() else None)


@dataclass
class Wire:
    """Between two ends: late, and as often as *loss* says not at all; *order* is kept unless *loss* is more than 0."""

    clock: Clock
    chance: random.Random = field(default_factory=lambda: random.Random(8583))
    loss: float = 0.0
    ends: list[End] = field(default_factory=list)

    def carry(self, end: End, content: bytes) -> None:
        other = self.ends[1 - self.ends.index(end)]
        copies = 0 if self.chance.random() < self.loss else 2 if self.chance.random() < self.loss / 2 else 1
        for _ in range(copies):
            late = self.chance.uniform(0.1, 30.0) if self.chance.random() < self.loss else 0.02
            self.clock.callLater(late, self._arrive, other, content)

    @staticmethod
    def _arrive(end: End, content: bytes) -> None:
        if end.alive and end.link.stream is not None:
            end.link.frame(content)

    def connect(self) -> None:
        if all(end.link.state.line is Line.SOUGHT for end in self.ends):
            for end in self.ends:
                end.link.connected(end)

    def cut(self) -> None:
        for end in self.ends:
            if end.alive and end.link.stream is not None:
                end.link.disconnected()

    def watch(self) -> None:
        """A connection ends when an end crashes, and is made again when both live."""
        if not all(end.alive for end in self.ends) or len({end.link.stream is None for end in self.ends}) > 1:
            self.cut()
        if all(end.alive for end in self.ends):
            self.connect()


class Traffic:
    """Messages under PIN keys in both directions; each must be opened, whatever is lost, crashes or changes."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.opened = 0
        self.unreadable: list[str] = []

    def send(self) -> None:
        for number, end in enumerate(self.wire.ends):
            if end.alive and end.link.stream is not None:
                key = end.desk.outgoing(end.config.name, Use.PIN)
                if key is not None:
                    late = self.wire.chance.choice((0.02, 0.02, 20.0)) if self.wire.loss else 0.02
                    self.wire.clock.callLater(late, self._open, self.wire.ends[1 - number], key)

    def _open(self, end: End, key: WorkingKey) -> None:
        if not end.alive or end.link.stream is None:
            return
        keys = [each for each in end.desk.incoming(end.config.name, Use.PIN) if each.cryptogram == key.cryptogram]
        if len(keys) != 1:
            self.unreadable.append(key.cryptogram)
            end.desk.failed(end.config.name, Use.PIN)
            return
        self.opened += 1
        end.desk.proved(keys[0])


def run(wire: Wire, seconds: int, each_second: Iterable[Callable[[], None]] = ()) -> None:
    """Time passes."""
    steps = list(each_second)
    for _ in range(seconds):
        wire.watch()
        for step in steps:
            step()
        for _ in range(10):
            wire.clock.advance(0.1)
