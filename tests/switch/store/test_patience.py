"""A server process that stands still, or whose machine does, holds nobody up for good."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg
import pytest
from support.databases import MISSING, Server, has_postgres, serving

from switch.store.database import Database, Unavailable, Uncertain
from switch.store.opening import database as database_at
from switch.store.opening import migrate
from switch.store.patience import Silent, patient, plain
from switch.store.reading import Reading
from switch.store.rows import Era, Owed
from switch.store.schema import TABLES
from switch.store.view import View, Work
from switch.store.writer import Writer

pytestmark = pytest.mark.skipif(not has_postgres(), reason=MISSING)
SILENCE_SECONDS, SLACK_SECONDS = 0.5, 20.0


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("switch.store.patience.SILENCE_SECONDS_MAX", SILENCE_SECONDS)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving() as made:
        yield made


@pytest.fixture
def opened(server: Server) -> Database:
    made = database_at(server.new_url())
    migrate(made)
    return made


@contextmanager
def standing_still(server: Server, opened: Database) -> Iterator[None]:
    """The server's processes for *opened* that there are now do nothing more; it takes calls as before."""
    name = opened.url.partition("?")[0].rpartition("/")[2]
    pids = server.backends(name)
    assert pids
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def beginning(view: View) -> int:
    last = view.get(Era, "n")
    view.put(Era("n", 1 if last is None else last.number + 1))
    return 1 if last is None else last.number + 1


def test_a_writer_gives_up_a_connection_that_says_nothing_and_calls_anew(server: Server, opened: Database) -> None:
    writer = Writer(opened)
    assert writer.do(Work(beginning, [(Era, "n")])) == 1
    began = time.monotonic()
    with standing_still(server, opened):
        with pytest.raises(Unavailable):
            writer.do(Work(beginning, [(Era, "n")]))
        assert SILENCE_SECONDS <= time.monotonic() - began < SLACK_SECONDS
        # While its server process still stands there.
        assert writer.do(Work(beginning, [(Era, "n")])) == 2
    writer.close()


def test_a_commit_to_which_nothing_is_said_is_one_of_which_nobody_knows(server: Server, opened: Database) -> None:
    connection = opened.connect()
    connection.begin()
    assert connection.fetch({Era: ["n"]}) == {}
    with standing_still(server, opened), pytest.raises(Uncertain):
        connection.write([(Era, "insert", [Era("n", 1)])])
    connection.close()


def test_who_reads_tries_a_connection_before_and_calls_anew_when_it_says_nothing(
    server: Server, opened: Database
) -> None:
    reading = Reading(opened)
    assert reading.owed("bank") == []
    began = time.monotonic()
    with standing_still(server, opened):
        assert reading.owed("bank") == []
        assert SILENCE_SECONDS <= time.monotonic() - began < SLACK_SECONDS
    reading.close()


def test_who_reads_waits_no_longer_for_an_answer(opened: Database) -> None:
    with closing(Reading(opened)) as reading, closing(patient(plain(opened.url), autocommit=True)) as holder:
        holder.execute("BEGIN")
        holder.execute(f"LOCK TABLE {TABLES[Owed].name}".encode())
        with pytest.raises(Unavailable):
            reading.owed("bank")
        holder.execute("ROLLBACK")
        assert reading.owed("bank") == []


def test_who_works_long_says_nothing_either_but_who_is_heard_is_waited_for(opened: Database) -> None:
    connection = patient(plain(opened.url))
    spoken = connection.execute("SELECT pg_sleep(0.02), repeat('x', 9000) FROM generate_series(1, 75)")
    assert spoken.rowcount == 75
    with pytest.raises(Silent):
        connection.execute("SELECT pg_sleep(5)")
    assert connection.closed
    with pytest.raises(psycopg.OperationalError):
        connection.execute("SELECT 1")
