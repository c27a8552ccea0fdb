"""A network without sockets, disks and hours: hops on one clock that tests and scenarios hold in their hands.

What is simulated is what lies outside the exchange: the wire between two links, the store's disk, the HSM.  Everything
between is the program itself.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock

from switch.asking import MacValue, MakeMac, NoAnswer, PinBlock, Question, TranslatePin, Verified
from switch.codec.framing import Framer
from switch.link.config import LinkConfig
from switch.link.events import Order
from switch.link.terms import Line
from switch.server.drive import Above, DrivenLink
from switch.store.database import Unavailable
from switch.store.group import Failed, Result, apply
from switch.store.rows import Row
from switch.store.view import Place, Work

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

    def __init__(self, clock: Clock, memory: Memory) -> None:
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


Fault = Callable[[bytes], Sequence[float]]
"""When a frame arrives: after so many seconds each time; never, when there is none."""


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
    """What joins two links; *faults* by side (0: what the first says).  Frames of one side never overtake each other."""

    def __init__(self, clock: Clock, links: tuple[DrivenLink, DrivenLink]) -> None:
        self._clock, self.links = clock, links
        self.faults: dict[int, Fault] = {}
        self.up = False
        self.barred = False
        self._era = 0
        self._arrives = [0.0, 0.0]

    def join(self) -> None:
        """Connect the two, if both want it and nothing bars it."""
        if self.up or self.barred or any(link.state.line is not Line.SOUGHT for link in self.links):
            return
        self.up, self._era, self._arrives = True, self._era + 1, [0.0, 0.0]
        for side, link in enumerate(self.links):
            link.connected(_End(self, side))

    def cut(self) -> None:
        """The connection ends for both; what is under way is lost."""
        if self.up:
            self.up = False
            self._era += 1
            for link in self.links:
                self._clock.callLater(0, link.disconnected)
            self._clock.callLater(0, self.join)

    def carry(self, side: int, frame: bytes) -> None:
        """Bring *frame* to the other side."""
        fault = self.faults.get(side)
        for seconds in (0.0,) if fault is None else fault(frame):
            arrives = max(self._clock.seconds() + WIRE_SECONDS + seconds, self._arrives[side] if fault is None else 0.0)
            self._arrives[side] = max(arrives, self._arrives[side])
            self._clock.callLater(arrives - self._clock.seconds(), self._bring, self._era, 1 - side, frame)

    def _bring(self, era: int, side: int, frame: bytes) -> None:
        if era != self._era or not self.up:
            return
        link = self.links[side]
        framer = Framer(link.framing)
        framer.feed(frame)
        for whole in iter(framer.next, None):
            link.frame(whole)


@dataclass
class SimulatedLinks:
    """The links of one hop by name, which come to connections by wires."""

    clock: Clock
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
