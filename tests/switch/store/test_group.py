from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import psycopg
import pytest
from support.bookkeeping import account
from support.databases import Server

from switch.store.database import Conflict, Connection, Database, Rejected
from switch.store.group import Done, Failed, Result, apply
from switch.store.opening import database as database_at
from switch.store.opening import migrate
from switch.store.rows import Account, Era, Irregular
from switch.store.view import View, Work


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    made = database.connect()
    yield made
    made.close()


def counting(name: str = "n") -> Work[object]:
    def decide(view: View) -> int:
        last = view.get(Era, name)
        number = 1 if last is None else last.number + 1
        view.put(Era(name, number))
        return number

    return Work(decide)


def adding(id: str, number: int = 1) -> Work[object]:
    return Work(lambda view: view.add(Era(id, number)))


def erasing(id: str) -> Work[object]:
    return Work(lambda view: view.erase(Era, id))


def getting(id: str) -> Work[object]:
    return Work(lambda view: view.get(Era, id))


def values(results: list[Result[object]]) -> list[object]:
    return [each.value if isinstance(each, Done) else type(each.error) for each in results]


def test_each_work_sees_what_those_before_it_have_done(connection: Connection) -> None:
    assert values(apply(connection, [counting(), counting(), counting("m"), counting()])) == [1, 2, 1, 3]
    assert values(apply(connection, [counting(), getting("m")])) == [4, Era("m", 1)]


def test_what_was_committed_is_there_for_another_connection(connection: Connection, database: Database) -> None:
    apply(connection, [counting()])
    other = database.connect()
    assert values(apply(other, [getting("n")])) == [Era("n", 1)]
    other.close()


def test_a_work_that_raises_leaves_nothing_behind_and_harms_nobody(connection: Connection) -> None:
    def decide(view: View) -> None:
        view.put(Era("n", 99))
        raise ZeroDivisionError

    assert values(apply(connection, [counting(), Work(decide), counting()])) == [1, ZeroDivisionError, 2]


def test_what_is_erased_is_gone_and_may_come_again(connection: Connection) -> None:
    assert values(apply(connection, [counting(), erasing("n"), getting("n"), counting()])) == [1, None, None, 1]
    apply(connection, [erasing("n"), erasing("never")])
    assert values(apply(connection, [getting("n")])) == [None]
    apply(connection, [adding("n"), erasing("n")])
    assert values(apply(connection, [getting("n")])) == [None]


def test_an_id_that_is_added_twice_in_one_group_fails_the_second(connection: Connection) -> None:
    assert values(apply(connection, [adding("a"), adding("a", 2), adding("b")])) == [None, Conflict, None]
    assert values(apply(connection, [getting("a"), getting("b")])) == [Era("a", 1), Era("b", 1)]


@pytest.mark.parametrize("at", range(5))
def test_an_id_that_was_there_before_fails_alone_wherever_it_stands(connection: Connection, at: int) -> None:
    apply(connection, [adding("x")])
    works = [counting() for _ in range(4)]
    works.insert(at, adding("x"))
    expected: list[object] = [1, 2, 3, 4]
    expected.insert(at, Conflict)
    assert values(apply(connection, works)) == expected


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1])
def test_an_integer_beyond_64_bits_fails_alone(connection: Connection, number: int) -> None:
    assert values(apply(connection, [counting(), adding("x", number), counting()])) == [1, Rejected, 2]


@pytest.mark.parametrize("number", [2**63 - 1, -(2**63), 0, 2**31, 2**15])
def test_an_integer_of_64_bits_is_kept(connection: Connection, number: int) -> None:
    apply(connection, [adding("x", number)])
    assert values(apply(connection, [getting("x")])) == [Era("x", number)]


def test_a_text_of_any_characters_is_kept_but_for_half_a_surrogate_pair(connection: Connection) -> None:
    def keep(id: str) -> Work[object]:
        return Work(lambda view: view.put(Irregular(id, 1, "", "", "", "'; DROP TABLE x; --\n\\ đ 🏧 %s ?", "open")))

    assert values(apply(connection, [keep("a"), keep("\ud800"), keep("b")])) == [None, Rejected, None]
    rows = values(apply(connection, [Work(lambda view: view.get(Irregular, "b"))]))
    assert rows == [Irregular("b", 1, "", "", "", "'; DROP TABLE x; --\n\\ đ 🏧 %s ?", "open")]


def test_what_two_connections_decide_at_once_is_decided_again(server: Server) -> None:
    """The other adds the row after we looked, and before we write: PostgreSQL lets it, SQLite has one writer at a time."""
    database = database_at(server.new_url())
    migrate(database)
    connection, other = database.connect(), database.connect()
    times: list[int] = []

    def decide(view: View) -> int:
        last = view.get(Era, "shared")
        if not times:
            times.append(1)
            apply(other, [counting("shared")])
        number = 1 if last is None else last.number + 1
        view.put(Era("shared", number))
        return number

    assert values(apply(connection, [counting(), Work(decide)])) == [1, 2]
    assert values(apply(other, [getting("shared"), getting("n")])) == [Era("shared", 2), Era("n", 1)]
    connection.close()
    other.close()


def test_all_or_nothing_within_a_work(connection: Connection) -> None:
    def decide(view: View) -> tuple[bool, bool]:
        tried = View(view)
        tried.put(account("a"))
        seen = tried.get(Account, "a") is not None, view.get(Account, "a") is None
        view.keep(tried)
        dropped = View(view)
        dropped.put(replace(account("a"), credits_posted=5))
        return seen

    assert values(apply(connection, [Work(decide)])) == [(True, True)]
    assert values(apply(connection, [Work(lambda view: view.get(Account, "a"))])) == [account("a")]


def test_a_connection_that_is_closed_fails_every_work(connection: Connection) -> None:
    connection.close()
    results = apply(connection, [counting(), counting()])
    assert all(isinstance(each, Failed) for each in results)
    assert len(results) == 2


def test_a_row_that_was_read_is_locked_until_the_end(server: Server) -> None:
    database = database_at(server.new_url())
    migrate(database)
    connection, other = database.connect(), psycopg.connect(database.url.replace("+psycopg", ""))
    apply(connection, [counting()])
    connection.begin()
    connection.fetch({Era: ["n"]})
    with pytest.raises(psycopg.errors.LockNotAvailable):
        other.execute("SELECT number FROM eras FOR UPDATE NOWAIT")
    other.rollback()
    connection.rollback()
    assert other.execute("SELECT number FROM eras FOR UPDATE NOWAIT").fetchall() == [(1,)]
    other.close()
    connection.close()
