from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TypeVar, cast

import pytest
from support.hopside import ACQUIRER, ISSUER, HopBench, withdrawal
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.error import CannotListenError
from twisted.internet.task import Clock

from switch.cluster.config import ClusterConfig
from switch.link.terms import Line, Ours
from switch.server.cluster import Cluster
from switch.server.recovery import at_start, earlier
from switch.server.simulated import Memory, SimulatedWriter
from switch.server.takeover import Parts, Shares, Takeover
from switch.store.database import Unavailable
from switch.store.group import Done, Failed, Result
from switch.store.leases import Replaced
from switch.store.reading import Reading
from switch.store.rows import Era, Lease, Owed, Row, Stage, Transaction
from switch.store.view import Work
from switch.store.writer import Writer

T = TypeVar("T")
LEASE = 6.0
SHARES = {"a": (ACQUIRER, ISSUER), "b": ("other",)}


@dataclass
class MemoryReading:
    memory: Memory

    def every(self, kind: type[T], rows_max: int = 0) -> list[T]:
        if self.memory.away:
            raise Unavailable("away")
        return self.memory.every(kind)

    def in_flight(
        self, after: str = "", owner: str | None = None, rows_max: int = 0, links: Collection[str] | None = None
    ) -> list[Transaction]:
        rows = sorted(self.memory.every(Transaction), key=lambda row: row.position)
        return [row for row in rows if row.position > after and (links is None or row.link in links)]


@dataclass
class Links:
    """Links that open and close at once; *barred*: somebody else listens where they would."""

    log: list[str]
    barred: bool = False
    standing: dict[str, Line] = field(default_factory=dict)
    works: bool = False

    def __getitem__(self, name: str) -> SimpleNamespace:
        line = self.standing.get(name, Line.CLOSED)
        return SimpleNamespace(state=SimpleNamespace(line=line, ours=Ours.OFF))

    def open(self, names: Collection[str]) -> None:
        if self.barred:
            raise CannotListenError(None, 1, OSError())
        self.log.append(f"open {' '.join(names)}")
        self.standing |= dict.fromkeys(names, Line.CONNECTED)

    def shut(self, names: Collection[str], at_once: bool) -> None:
        self.log.append(f"shut {' '.join(names)}")
        self.standing |= dict.fromkeys(names, Line.CLOSED)


@dataclass
class Others:
    """Forwarding and desk."""

    log: list[str]
    name: str

    def take(self, rows: Iterable[Row], links: Sequence[str] = ()) -> None:
        self.log.append(f"{self.name} takes {' '.join(links) or ' '.join(map(str, rows))}")

    def leave(self, links: Collection[str]) -> None:
        self.log.append(f"{self.name} leaves {' '.join(links)}")

    def wake(self, link: str) -> None:
        """Not written down."""


def aside(call: Callable[[], T]) -> Deferred[T]:
    return maybeDeferred(call)


class Member:
    def __init__(self, name: str, clock: Clock, memory: Memory, hop: HopBench) -> None:
        self.log: list[str] = []
        self.told: list[dict[str, object]] = []
        self.clock = clock
        self.writer = SimulatedWriter(clock, memory)
        config = ClusterConfig(name, LEASE, SHARES)
        self.shares = Shares(config, self.writer)
        self.links = Links(self.log)
        world = SimpleNamespace(
            hop=SimpleNamespace(owner=f"switch/{name}-1", codecs=hop.world.hop.codecs),
            moment=hop.world.moment, position=lambda: f"9{len(self.told)}",
        )  # fmt: skip
        exchange = SimpleNamespace(world=world, works_for=lambda links: self.links.works, leaving=False)
        parts = SimpleNamespace(
            exchange=exchange,
            links=self.links,
            forwarding=Others(self.log, "forwarding"),
            desk=Others(self.log, "desk"),
        )
        takeover = Takeover(clock, cast(Parts, parts), self.shares, cast(Reading, MemoryReading(memory)), aside)
        self.cluster = Cluster(config, takeover, self.writer, self.tell, clock.seconds, lambda: 0)
        self.cluster.start()

    def tell(self, event: str, /, **more: str | int | float | bool) -> None:
        self.told.append({"event": event, **more})

    @property
    def has(self) -> str:
        return "".join(sorted(self.shares.held))

    def kill(self) -> None:
        self.writer.killed = True
        assert self.cluster._beating is not None
        self.cluster._beating.cancel()


class Bench:
    def __init__(self) -> None:
        self.hop = HopBench()
        self.clock, self.memory = Clock(), Memory()
        self.a, self.b = self.member("a"), self.member("b")

    def member(self, name: str) -> Member:
        return Member(name, self.clock, self.memory, self.hop)

    def passes(self, seconds: float) -> None:
        self.clock.pump([0.05] * round(seconds / 0.05))

    def until(self, true: Callable[[], bool]) -> float:
        began = self.clock.seconds()
        while not true():
            self.clock.advance(0.05)
            assert self.clock.seconds() - began < 100
        return self.clock.seconds() - began


@pytest.fixture
def bench() -> Bench:
    made = Bench()
    made.passes(0.1)
    return made


def test_each_member_begins_with_its_own_share(bench: Bench) -> None:
    assert (bench.a.has, bench.b.has) == ("a", "b")
    assert bench.a.log[-3:] == [
        f"desk takes {ACQUIRER} {ISSUER}", f"forwarding takes {ACQUIRER} {ISSUER}", f"open {ACQUIRER} {ISSUER}",
    ]  # fmt: skip
    bench.passes(60)
    assert (bench.a.has, bench.b.has) == ("a", "b")
    assert {lease.term for lease in bench.memory.every(Lease)} == {1}


def test_a_share_without_its_own_member_is_somebody_s() -> None:
    clock, memory = Clock(), Memory()
    alone = Member("c", clock, memory, HopBench())
    clock.pump([0.05] * 70)
    assert alone.has == ""
    clock.pump([0.05] * 50)
    assert alone.has == "ab"


@pytest.mark.parametrize("after", [0.0, 0.4, 0.9, 1.3])
def test_the_links_of_a_dead_one_are_taken_within_its_lease(bench: Bench, after: float) -> None:
    bench.passes(10 + after)
    bench.a.kill()
    assert bench.until(lambda: bench.b.has == "ab") <= LEASE + 0.2
    assert bench.b.log[-1] == f"open {ACQUIRER} {ISSUER}"
    assert bench.b.cluster.standing()[0].term == 2


def begun(hop: HopBench) -> Transaction:
    """What a hop has in its books of a withdrawal that the issuer has not answered."""
    hop.far[ACQUIRER].say(withdrawal(1))
    hop.clock.advance(0.1)
    [row] = hop.rows()
    assert row.stage == Stage.AWAITING_ISSUER
    return row


def with_(row: Transaction, **other: str) -> Transaction:
    return Transaction(**(row.__dict__ | other))


def test_what_the_dead_one_left_is_given_up_before_its_links_are_opened(bench: Bench) -> None:
    row = begun(bench.hop)
    rows = [
        with_(row, id="dead", owner="switch/a-1"), with_(row, id="long dead", owner="switch/b-0", position="2"),
        with_(row, id="alive", owner="switch/b-1", position="3", link="other"),
    ]  # fmt: skip
    bench.memory.rows |= {(Transaction, each.id): each for each in rows}
    bench.a.kill()
    stages: dict[str, str] = {}
    opened = bench.b.links.open

    def look(names: Collection[str]) -> None:
        stages.update({each.id: each.stage for each in bench.memory.every(Transaction)})
        opened(names)

    bench.b.links.open = look  # type: ignore[method-assign]  # as they stand when the links are opened
    bench.until(lambda: bench.b.has == "ab" and bool(stages))
    assert stages == {"dead": "reversal-owed", "long dead": "reversal-owed", "alive": "awaiting-issuer"}
    assert [(each.original_id, each.link) for each in bench.memory.every(Owed)] == [
        ("dead", ISSUER),
        ("long dead", ISSUER),
    ]
    assert [each for each in bench.b.told if each["event"] == "recovery"] == [
        {"event": "recovery", "count": 2, "share": "a"}
    ]


def test_without_its_store_a_member_lets_go_before_another_may_take(bench: Bench) -> None:
    bench.passes(10)
    bench.memory.away = True
    assert bench.until(lambda: bench.a.has == "") <= LEASE
    assert f"shut {ACQUIRER} {ISSUER}" in bench.a.log
    assert bench.a.cluster.unsaid > 0
    bench.memory.away = False
    bench.until(lambda: bench.a.has + bench.b.has in ("ab", "ba"))
    bench.passes(20)
    assert sorted(bench.a.has + bench.b.has) == ["a", "b"]


def test_who_was_replaced_learns_it_and_writes_nothing(bench: Bench) -> None:
    bench.passes(1)
    writer = bench.a.shares.writer(ISSUER)
    [lease] = [each for each in bench.memory.every(Lease) if each.id == "share a"]
    bench.memory.rows[Lease, lease.id] = Lease(lease.id, "switch/b-1", lease.term + 1, 0)
    results: list[Result[None]] = []
    writer.submit(Work(lambda view: view.put(Era("x", 1))), results.append)
    bench.passes(0.1)
    assert [type(each.error) for each in results if isinstance(each, Failed)] == [Replaced]
    assert bench.memory.every(Era) == []
    bench.passes(1.0)
    assert bench.a.has == ""
    assert bench.a.log[-3:] == [
        f"shut {ACQUIRER} {ISSUER}",
        f"forwarding leaves {ACQUIRER} {ISSUER}",
        f"desk leaves {ACQUIRER} {ISSUER}",
    ]
    with pytest.raises(Replaced):
        bench.a.shares.writer(ISSUER).submit(Work(lambda view: None), lambda result: None)


def test_a_share_is_handed_over_when_what_is_under_way_has_ended(bench: Bench) -> None:
    bench.a.links.works = True
    assert bench.a.cluster.hand_over("a")
    assert not bench.a.cluster.hand_over("a")
    assert not bench.a.cluster.hand_over("b")
    bench.passes(2)
    assert (bench.a.has, bench.a.links.standing[ISSUER]) == ("a", Line.CONNECTED)
    bench.a.links.works = False
    bench.until(lambda: bench.b.has == "ab")
    assert bench.a.links.standing[ISSUER] is Line.CLOSED
    assert bench.a.has == ""
    bench.passes(60)
    assert (bench.a.has, bench.b.has) == ("", "ab")
    assert bench.b.cluster.hand_over("a")
    assert bench.until(lambda: bench.a.has == "a") < 2
    with pytest.raises(KeyError):
        bench.a.cluster.hand_over("c")


def test_what_was_handed_over_and_nobody_takes_comes_back(bench: Bench) -> None:
    bench.b.kill()
    assert bench.a.cluster.hand_over("a")
    bench.until(lambda: bench.a.has == "")
    assert 4 * LEASE < bench.until(lambda: "a" in bench.a.has) < 7 * LEASE


def test_an_end_lets_others_have_everything(bench: Bench) -> None:
    bench.a.links.shut(SHARES["a"], at_once=False)
    ended = Deferred.fromCoroutine(bench.a.cluster.end())
    bench.passes(0.1)
    assert ended.called
    [lease] = [each for each in bench.memory.every(Lease) if each.id == "share a"]
    assert lease.owner == ""
    bench.passes(LEASE)
    assert (bench.a.has, bench.b.has) == ("", "ab")


def test_links_that_cannot_be_opened_are_tried_again() -> None:
    bench = Bench()
    bench.a.links.barred = True
    bench.passes(3)
    assert bench.a.has == "a"
    assert not bench.a.cluster.standing()[0].opened
    assert "CannotListenError" in str(bench.a.told[-1])
    bench.a.links.barred = False
    bench.passes(1.1)
    assert bench.a.cluster.standing()[0].opened
    assert bench.a.log.count(f"open {ACQUIRER} {ISSUER}") == 1


def test_a_link_that_still_closes_is_waited_for(bench: Bench) -> None:
    bench.b.links.standing[ISSUER] = Line.LEAVING
    bench.a.kill()
    bench.until(lambda: bench.b.has == "ab")
    bench.passes(2)
    assert not bench.b.cluster.standing()[0].opened
    bench.b.links.standing[ISSUER] = Line.CLOSED
    bench.passes(1.1)
    assert bench.b.cluster.standing()[0].opened


class AtOnce:
    """A writer upon memory."""

    def __init__(self, memory: Memory) -> None:
        self._clock = Clock()
        self._writer = SimulatedWriter(self._clock, memory)

    def do(self, work: Work[T]) -> T:
        results: list[Result[T]] = []
        self._writer.submit(work, results.append)
        self._clock.advance(1)
        assert isinstance(results[0], Done)
        return results[0].value


def test_a_process_that_is_alone_gives_up_what_its_own_earlier_runs_left() -> None:
    hop = HopBench()
    row, memory = begun(hop), Memory()
    for id, owner in (("ours", "run-0"), ("now", "run-1"), ("other", "run-x-0"), ("member", "run/a-0")):
        memory.rows[Transaction, id] = with_(row, id=id, owner=owner, position=id)
    reading = cast(Reading, MemoryReading(memory))
    assert [each.id for each in earlier(reading, "run-1")] == ["ours"]
    assert [each.id for each in earlier(reading, "run-1", [row.link])] == ["member", "other", "ours"]
    assert at_start(hop.world, reading, cast(Writer, AtOnce(memory))) == 1
    assert [each.id for each in memory.every(Transaction) if each.stage == Stage.REVERSAL_OWED] == ["ours"]
