"""A network without sockets, disks and hours: hops on one clock that tests and scenarios hold in their hands.

What is simulated is what lies outside the exchange: the wire between two links, the store's disk, the HSM.  Everything
between is the program itself.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorTime

from switch.asking import MacValue, MakeMac, NoAnswer, PinBlock, Question, TranslatePin, Verified
from switch.codec.framing import Framer
from switch.link.config import LinkConfig
from switch.link.events import Order
from switch.link.terms import Line
from switch.scenarios.faults import UNHARMED, Fate
from switch.server.drive import Above, DrivenLink
from switch.store.database import Unavailable
from switch.store.group import Failed, Result, apply
from switch.store.reading import UNSETTLED, Queue
from switch.store.rows import FINISHED, Owed, Row, Transaction
from switch.store.view import Place, Work
from switch.store.writer import value_of

T = TypeVar("T")
COMMIT_SECONDS, WIRE_SECONDS = 0.0005, 0.001


class Memory:
    """A database and its only connection: what is committed stays, whatever happens to the process."""

    url = "memory://"
    blob_type, lock_statement = "BLOB", ""

    def __init__(self) -> None:
        self.rows: dict[Place, Row] = {}
        self.away = False

    def connect(self) -> Memory:
        """Itself."""
        self.begin()
        return self

    def begin(self) -> None:
        """Raises Unavailable while the database is away."""
        if self.away:
            raise Unavailable("the database is away")

    def run(self, statement: str) -> list[tuple[object, ...]]:
        """Nothing: there are no tables to make."""
        return []

    def fetch(self, wanted: Mapping[type[Row], Collection[str]]) -> dict[Place, Row]:
        """As the protocol has it."""
        places = ((kind, id) for kind, ids in wanted.items() for id in ids)
        return {place: self.rows[place] for place in places if place in self.rows}

    def write(self, steps: Sequence[tuple[type[Row], str, Sequence[Row | str]]]) -> None:
        """As the protocol has it."""
        self.begin()
        for kind, step, rows in steps:
            for row in rows:
                if step == "delete":
                    self.rows.pop((kind, str(row)))
                elif isinstance(row, Row):
                    self.rows[kind, row.id] = row

    def rollback(self) -> None:
        """Nothing was written."""

    def close(self) -> None:
        """Nothing to close."""

    def every(self, kind: type[T]) -> list[T]:
        """All rows of *kind* by id."""
        return [row for (_, _), row in sorted(self.rows.items(), key=lambda item: item[0][1]) if isinstance(row, kind)]


class SimulatedWriter:
    """Commits what was submitted a moment later, together; a killed one commits and tells nothing any more."""

    def __init__(self, clock: IReactorTime, memory: Memory) -> None:
        self._clock, self._memory = clock, memory
        self._waiting: list[tuple[Work[Any], Callable[[Result[Any]], None]]] = []
        self.killed = False

    def submit(self, work: Work[T], told: Callable[[Result[T]], None]) -> None:
        """As the store's writer."""
        if not self._waiting:
            self._clock.callLater(COMMIT_SECONDS, self._commit)
        self._waiting.append((work, told))

    def _commit(self) -> None:
        group, self._waiting = self._waiting, []
        if self.killed:
            return
        try:
            results = apply(self._memory.connect(), [work for work, _ in group])
        except Unavailable as error:
            results = [Failed(error) for _ in group]
        for (_, told), result in zip(group, results, strict=True):
            if not self.killed:
                told(result)

    def do(self, work: Work[T]) -> T:
        """As the store's writer, at once: for a host's start."""
        result = cast("Result[T]", apply(self._memory.connect(), [work])[0])
        return value_of(result)


class MemoryReading:
    """What is read of a store in memory beside the writer."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def in_flight(
        self, after: str = "", owner: str | None = None, *, links: Collection[str] | None = None
    ) -> list[Transaction]:
        """As :meth:`switch.store.reading.Reading.in_flight`."""
        found = [row for row in self._all(Transaction) if row.stage not in FINISHED and row.position > after]
        found = [row for row in found if owner in (None, row.owner) and (links is None or row.link in links)]
        return sorted(found, key=lambda row: row.position)

    def owed(self, link: str, after: str = "", rows_max: int = 100) -> list[Owed]:
        """As :meth:`switch.store.reading.Reading.owed`."""
        found = [row for row in self._all(Owed) if row.link == link and row.state in UNSETTLED]
        return sorted((row for row in found if row.position > after), key=lambda row: row.position)[:rows_max]

    def queues(self) -> list[Queue]:
        """As :meth:`switch.store.reading.Reading.queues`."""
        rows = {link: self.owed(link) for link in sorted({row.link for row in self._all(Owed)})}
        return [
            Queue(link, len(each), min(row.queued_us for row in each), max(row.attempts for row in each))
            for link, each in rows.items()
            if each
        ]

    def _all(self, kind: type[T]) -> list[T]:
        self._memory.begin()
        return self._memory.every(kind)


Judge = Callable[[int, bytes], Fate]
"""What becomes of a frame of so many bytes, its length included, that the side 0 or 1 of a wire has written."""


class _End:
    """One link's end of a wire."""

    def __init__(self, wire: Wire, side: int) -> None:
        self._wire, self._side = wire, side
        self.full = False

    def write(self, frame: bytes) -> None:
        self._wire.carry(self._side, frame)

    def hang_up(self) -> None:
        self._wire.cut()


class Wire:
    """What joins two links, either of which may not be there.  Frames of one side don't overtake each other by themselves.

    *barred*: no connection is made.
    """

    def __init__(
        self, clock: IReactorTime, judge: Judge = lambda side, frame: UNHARMED,
        latency: Callable[[], float] = lambda: WIRE_SECONDS,
    ) -> None:  # fmt: skip
        """*latency*: how many seconds the next frame takes."""
        self._clock, self._judge, self._latency = clock, judge, latency
        self.links: list[DrivenLink | None] = [None, None]
        self.up = self.barred = False
        self._era = 0
        self._arrives = [0.0, 0.0]

    def join(self) -> None:
        """Connect the two, if both want it and nothing bars it."""
        if self.up or self.barred or not all(link and link.state.line is Line.SOUGHT for link in self.links):
            return
        self.up, self._era, self._arrives = True, self._era + 1, [0.0, 0.0]
        for side, link in enumerate(self.links):
            if link is not None:
                link.connected(_End(self, side))

    def cut(self) -> None:
        """The connection ends for both; what is under way is lost."""
        if self.up:
            self.up = False
            self._era += 1
            for link in self.links:
                if link is not None:
                    self._clock.callLater(0, self._ended, link)
            self._clock.callLater(0, self.join)

    def _ended(self, link: DrivenLink) -> None:
        if link in self.links:
            link.disconnected()

    def carry(self, side: int, frame: bytes) -> None:
        """Bring *frame* to the other side, unless it comes to harm."""
        if not self.up:
            return
        era = self._era
        fate = self._judge(side, frame)
        for seconds in fate.arrives:
            arrives = self._clock.seconds() + self._latency() + seconds
            if not seconds:
                arrives = self._arrives[side] = max(arrives, self._arrives[side])
            brought = self._garbled(side, frame) if fate.garbled else frame
            self._clock.callLater(arrives - self._clock.seconds(), self._bring, era, 1 - side, brought)
        if fate.cuts:
            ends = self._arrives[side] - self._clock.seconds() + WIRE_SECONDS if fate.arrives else 0.0
            self._clock.callLater(ends, self._cut_of, era)

    def _garbled(self, side: int, frame: bytes) -> bytes:
        """A frame as long that is no message."""
        link = self.links[side]
        prefix_bytes = link.framing.prefix_bytes if link else 0
        return frame[:prefix_bytes] + bytes(len(frame) - prefix_bytes)

    def _cut_of(self, era: int) -> None:
        if era == self._era:
            self.cut()

    def _bring(self, era: int, side: int, frame: bytes) -> None:
        link = self.links[side]
        if era != self._era or not self.up or link is None:
            return
        framer = Framer(link.framing)
        framer.feed(frame)
        for whole in iter(framer.next, None):
            link.frame(whole)


@dataclass
class SimulatedLinks:
    """The links of one hop by name, which come to connections by wires."""

    clock: IReactorTime
    above: Above
    by_name: dict[str, DrivenLink] = field(default_factory=dict)
    wires: dict[str, Wire] = field(default_factory=dict)

    def add(self, config: LinkConfig, transmitted: Callable[[], str]) -> DrivenLink:
        """A link as *config* has it."""
        link = DrivenLink(config, self.above, self, self.clock, lambda: 0.0, transmitted)
        self.by_name[config.name] = link
        return link

    def __getitem__(self, name: str) -> DrivenLink:
        return self.by_name[name]

    def __iter__(self) -> Iterator[DrivenLink]:
        return iter(self.by_name.values())

    def start(self) -> None:
        """Open every link."""
        for link in self:
            link.order(Order.OPEN)

    @property
    def closed(self) -> bool:
        """Have all links come to their end?"""
        return all(link.state.line is Line.CLOSED for link in self)

    def stop(self) -> None:
        """Order every link closed."""
        for link in self:
            link.order(Order.CLOSE)

    def seek(self, link: DrivenLink) -> None:
        """Join it, if the other side is there."""
        wire = self.wires.get(link.config.name)
        if wire is None:
            return
        self.clock.callLater(0, self._sought, wire, link)

    def _sought(self, wire: Wire, link: DrivenLink) -> None:
        wire.join()
        if not wire.up and link.state.line is Line.SOUGHT and link.config.profile.calls:
            link.disconnected()

    def cease(self, link: DrivenLink) -> None:
        """Nothing is under way that could be given up."""


class SimulatedHsm:
    """Answers as an HSM would that holds every key alike: a PIN block passes unchanged, and each PIN and MAC is right.

    *away*: it does not answer.
    """

    def __init__(self) -> None:
        self.away: NoAnswer | None = None
        self.asked: int = 0

    def perform(self, question: Question[T]) -> Deferred[T | NoAnswer]:
        """The answer at once."""
        self.asked += 1
        if self.away is not None:
            return succeed(self.away)
        answer: object = Verified(True)
        if isinstance(question, TranslatePin):
            answer = PinBlock(question.block)
        elif isinstance(question, MakeMac):
            answer = MacValue(bytes(question.bytes_count))
        # The question's type says what answers it, which the checker can't follow through the cases.
        return succeed(answer)  # type: ignore[arg-type]
