from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from support.databases import MISSING, has_postgres, serving

from switch.store.database import Connection, Database, Unavailable, Uncertain
from switch.store.group import Done, Failed, Result
from switch.store.numbers import Numbers, begin_era
from switch.store.opening import database as database_at
from switch.store.opening import migrate
from switch.store.rows import Era
from switch.store.view import View, Work
from switch.store.writer import Full, Writer

WAIT_SECONDS = 60.0


def counting(view: View) -> int:
    last = view.get(Era, "n")
    number = 1 if last is None else last.number + 1
    view.put(Era("n", number))
    return number


class Gate(Work[None]):
    """A work that holds the writer up until it is opened."""

    def __init__(self) -> None:
        self.reached, self.opened = threading.Event(), threading.Event()
        super().__init__(self._wait)

    def _wait(self, view: View) -> None:
        self.reached.set()
        assert self.opened.wait(WAIT_SECONDS)


def test_results_come_in_the_order_of_the_works(writer: Writer) -> None:
    told: list[Result[int]] = []
    for _ in range(1000):
        writer.submit(Work(counting), told.append)
    assert writer.do(Work(counting)) == 1001
    assert told == [Done(number) for number in range(1, 1001)]


def test_a_result_is_told_only_after_the_commit(database: Database) -> None:
    writer, seen = Writer(database), []

    def look(result: Result[int]) -> None:
        other = database.connect()
        seen.append((result, other.fetch({Era: ["n"]})[Era, "n"]))
        other.rollback()
        other.close()

    writer.submit(Work(counting), look)
    writer.close()
    assert seen == [(Done(1), Era("n", 1))]
    assert writer.callbacks_failed == 0


def test_a_full_queue_refuses_and_tells_when_there_is_room(database: Database) -> None:
    room: list[int] = []
    writer = Writer(database, on_room=lambda: room.append(writer.waiting), works_max=4, group_works_max=1)
    gate = Gate()
    told: list[Result[Any]] = []
    writer.submit(gate, told.append)
    assert gate.reached.wait(WAIT_SECONDS)
    for _ in range(4):
        writer.submit(Work(counting), told.append)
    with pytest.raises(Full):
        writer.submit(Work(counting), told.append)
    with pytest.raises(Full):
        writer.submit(Work(counting), told.append)
    assert room == []
    gate.opened.set()
    writer.close()
    assert room == [2]
    assert told == [Done(None), *(Done(number) for number in range(1, 5))]


def test_what_waits_is_done_before_it_closes_and_then_nothing_is_taken(database: Database) -> None:
    writer = Writer(database)
    told: list[Result[int]] = []
    for _ in range(50):
        writer.submit(Work(counting), told.append)
    writer.close()
    writer.close()
    assert told[-1] == Done(50)
    with pytest.raises(Unavailable):
        writer.submit(Work(counting), told.append)


def test_one_who_raises_when_told_stops_nobody(writer: Writer) -> None:
    def told(result: Result[int]) -> None:
        raise ZeroDivisionError

    writer.submit(Work(counting), told)
    assert writer.do(Work(counting)) == 2
    assert writer.callbacks_failed == 1


def test_results_are_delivered_where_the_caller_wants_them(database: Database) -> None:
    calls: list[Callable[[], None]] = []
    told: list[Result[int]] = []
    writer = Writer(database, deliver=calls.append)
    writer.submit(Work(counting), told.append)
    writer.close()
    assert told == []
    for call in calls:
        call()
    assert told == [Done(1)]


def test_what_a_work_raises_reaches_who_waits_for_it(writer: Writer) -> None:
    def decide(view: View) -> None:
        raise KeyError("no such link")

    with pytest.raises(KeyError):
        writer.do(Work(decide))


class Faulty:
    """A database whose connections fail when they are told to, in one place."""

    def __init__(self, below: Database) -> None:
        self._below = below
        self.url = below.url
        self.failing: dict[str, Exception] = {}
        self.written_all_the_same = False

    def connect(self) -> Connection:
        self.fail("connect")
        return FaultyConnection(self._below.connect(), self)

    def fail(self, where: str) -> None:
        if where in self.failing:
            raise self.failing[where]


class FaultyConnection:
    """Passes everything on, but fails where its database says."""

    def __init__(self, below: Connection, faulty: Faulty) -> None:
        self._below, self._faulty = below, faulty
        self.blob_type, self.lock_statement = below.blob_type, below.lock_statement
        self.run, self.rollback, self.close = below.run, below.rollback, below.close

    def begin(self) -> None:
        self._faulty.fail("begin")
        self._below.begin()

    def fetch(self, wanted: Any) -> Any:
        self._faulty.fail("fetch")
        return self._below.fetch(wanted)

    def write(self, steps: Any) -> None:
        if self._faulty.written_all_the_same:
            self._below.write(steps)
        self._faulty.fail("write")
        if not self._faulty.written_all_the_same:
            self._below.write(steps)


@pytest.mark.parametrize("where", ["connect", "begin", "fetch", "write"])
def test_a_database_that_fails_fails_the_works_and_nothing_is_written(database: Database, where: str) -> None:
    faulty = Faulty(database)
    writer = Writer(faulty)
    if where != "connect":
        assert writer.do(Work(lambda view: None)) is None
    faulty.failing[where] = Unavailable("gone")
    for _ in range(3):
        with pytest.raises(Unavailable):
            writer.do(Work(counting))
    faulty.failing.clear()
    assert writer.do(Work(counting)) == 1
    writer.close()


@pytest.mark.parametrize("where", ["connect", "begin", "write"])
def test_what_breaks_on_the_way_to_the_database_stops_no_later_work(database: Database, where: str) -> None:
    faulty = Faulty(database)
    writer = Writer(faulty)
    if where != "connect":
        assert writer.do(Work(lambda view: None)) is None
    faulty.failing[where] = IndexError("pop from an empty deque")
    told: list[Result[int]] = []
    ended = threading.Event()

    def tell(result: Result[int]) -> None:
        told.append(result)
        ended.set()

    writer.submit(Work(counting), tell)
    assert ended.wait(WAIT_SECONDS)
    (result,) = told
    assert isinstance(result, Failed)
    assert isinstance(result.error, Unavailable if where == "connect" else Uncertain)
    faulty.failing.clear()
    assert writer.do(Work(counting)) == 1
    writer.close()


def test_all_that_wait_learn_of_one_failed_try_to_connect(database: Database) -> None:
    trying, submitted = threading.Event(), threading.Event()
    tries: list[int] = []

    class Slow(Faulty):
        def connect(self) -> Connection:
            tries.append(1)
            trying.set()
            assert submitted.wait(WAIT_SECONDS)
            raise Unavailable("no route")

    told: list[Result[int]] = []
    writer = Writer(Slow(database), group_works_max=1)
    writer.submit(Work(counting), told.append)
    assert trying.wait(WAIT_SECONDS)
    for _ in range(9):
        writer.submit(Work(counting), told.append)
    submitted.set()
    writer.close()
    assert [str(each.error) for each in told if isinstance(each, Failed)] == ["no route"] * 10
    assert len(tries) == 1


def test_a_commit_of_which_nobody_knows_is_told_as_such(database: Database) -> None:
    faulty = Faulty(database)
    writer = Writer(faulty)
    faulty.failing["write"], faulty.written_all_the_same = Uncertain("lost"), True
    with pytest.raises(Uncertain):
        writer.do(Work(counting))
    faulty.failing.clear()
    faulty.written_all_the_same = False
    assert writer.do(Work(counting)) == 2
    writer.close()


def test_a_file_that_another_program_holds_fails_and_recovers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("switch.store.sqlite.BUSY_SECONDS", 0.05)
    database = database_at(f"sqlite:///{tmp_path / 'held.db'}")
    migrate(database)
    writer, holder = Writer(database), database.connect()
    holder.begin()
    with pytest.raises(Unavailable):
        writer.do(Work(counting))
    holder.rollback()
    holder.close()
    assert writer.do(Work(counting)) == 1
    writer.close()


@pytest.mark.skipif(not has_postgres(), reason=MISSING)
def test_a_server_that_stops_fails_works_and_what_it_said_yes_to_is_there_when_it_is_back() -> None:
    with serving() as server:
        database = database_at(server.new_url())
        migrate(database)
        writer = Writer(database, group_works_max=5)
        told: list[Result[int]] = []
        enough = threading.Event()

        def tell(result: Result[int]) -> None:
            told.append(result)
            if len(told) == 200:
                enough.set()

        for _ in range(5000):
            writer.submit(Work(counting), tell)
        assert enough.wait(WAIT_SECONDS)
        server.stop()
        with pytest.raises((Unavailable, Uncertain)):
            writer.do(Work(counting))
        server.start()
        again = writer.do(Work(counting))
        done = [each.value for each in told if isinstance(each, Done)]
        uncertain = [each for each in told if isinstance(each, Failed) and isinstance(each.error, Uncertain)]
        assert done == list(range(1, len(done) + 1))
        assert len(done) < again <= len(done) + len(uncertain) + 1
        writer.close()


def test_ids_rise_over_restarts(database: Database) -> None:
    made: list[str] = []
    for _ in range(3):
        writer = Writer(database)
        numbers = Numbers(writer.do(begin_era()))
        made += [numbers.next() for _ in range(20)]
        writer.close()
    assert made == sorted(set(made))
    assert {len(each) for each in made} == {20}


def test_works_that_come_soon_after_a_group_wait_for_each_other(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    groups: list[None] = []
    all_came = threading.Event()

    def sleeps(seconds: float) -> None:
        """Wake up when all works have come, if it is to be waited at all."""
        assert not seconds or all_came.wait(WAIT_SECONDS)

    monkeypatch.setattr("switch.store.writer.time", SimpleNamespace(monotonic=time.monotonic, sleep=sleeps))

    def deliver(call: Callable[[], None]) -> None:
        groups.append(None)
        call()

    writer = Writer(database, deliver)
    writer.apart_seconds = 3600.0
    assert writer.do(Work(counting)) == 1
    told: list[Result[int]] = []
    for _ in range(20):
        writer.submit(Work(counting), told.append)
    all_came.set()
    writer.close()
    assert told == [Done(number) for number in range(2, 22)]
    assert len(groups) == 2
