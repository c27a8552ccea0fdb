"""What SQLite's connection does by itself: many rows in a statement, and rows that it remembers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.store.database import Conflict, Database
from switch.store.opening import database, migrate
from switch.store.rows import BusinessDay, Irregular, Row
from switch.store.sqlite import AT_ONCE, REMEMBERED_ROWS_MAX, SqliteConnection, _portions


@pytest.fixture
def file(tmp_path: Path) -> Database:
    made = database(f"sqlite:///{tmp_path / 'switch.db'}")
    migrate(made)
    return made


def connected(file: Database) -> SqliteConnection:
    made = file.connect()
    assert isinstance(made, SqliteConnection)
    return made


def day(number: int, state: str = "open") -> BusinessDay:
    return BusinessDay(f"{number:08d}", state, number, 0)


def write(connection: SqliteConnection, step: str, *rows: Row | str) -> None:
    connection.begin()
    connection.write([(BusinessDay, step, rows)])


def read(connection: SqliteConnection, *numbers: int) -> list[Row]:
    connection.begin()
    found = connection.fetch({BusinessDay: [f"{number:08d}" for number in numbers]})
    connection.rollback()
    return [found[place] for place in sorted(found, key=lambda place: place[1])]


@given(st.integers(0, 700))
def test_portions_are_all_of_it_in_order_and_of_few_lengths(count: int) -> None:
    pieces = list(_portions(range(count)))
    assert [each for piece in pieces for each in piece] == list(range(count))
    assert {len(piece) for piece in pieces} <= set(AT_ONCE)
    assert len(pieces) <= count // AT_ONCE[0] + len(AT_ONCE)


@pytest.mark.parametrize("count", [1, 2, 3, 63, 64, 65, 200])
def test_many_rows_are_inserted_and_updated_each_by_itself(file: Database, count: int) -> None:
    ours = connected(file)
    write(ours, "insert", *map(day, range(count)))
    write(ours, "update", *(day(number, "closed") for number in range(0, count, 2)))
    other = connected(file)
    expected = [day(number, "open" if number % 2 else "closed") for number in range(count)]
    assert read(other, *range(count)) == expected == read(ours, *range(count))


def test_an_id_that_is_there_is_a_conflict_and_nothing_of_the_group_stays(file: Database) -> None:
    ours = connected(file)
    write(ours, "insert", day(7))
    with pytest.raises(Conflict):
        write(ours, "insert", *map(day, range(20)))
    ours.rollback()
    assert read(connected(file), *range(20)) == [day(7)] == read(ours, *range(20))


def test_what_another_has_changed_is_not_remembered(file: Database) -> None:
    ours, other = connected(file), connected(file)
    write(ours, "insert", day(1), day(2), day(3))
    assert read(ours, 1, 2, 3) == [day(1), day(2), day(3)]
    write(other, "update", day(1, "closed"))
    write(other, "delete", "00000002")
    assert read(ours, 1, 2, 3) == [day(1, "closed"), day(3)]


def test_what_we_have_deleted_is_gone(file: Database) -> None:
    ours = connected(file)
    write(ours, "insert", day(1), day(2))
    write(ours, "delete", "00000001")
    assert read(ours, 1, 2) == [day(2)]


def test_what_was_rolled_back_is_not_remembered(file: Database) -> None:
    ours = connected(file)
    write(ours, "insert", day(1))
    ours.begin()
    with pytest.raises(Conflict):
        ours.write([(BusinessDay, "update", [day(1, "closed")]), (BusinessDay, "insert", [day(1)])])
    ours.rollback()
    assert read(ours, 1) == [day(1)]


def test_rows_that_are_remembered_are_the_last_ones_and_bounded(file: Database) -> None:
    ours = connected(file)
    rows = [Irregular(f"{number:08d}", number, "", "", "", "", "open") for number in range(REMEMBERED_ROWS_MAX + 100)]
    ours.begin()
    ours.write([(Irregular, "insert", rows)])
    assert len(ours._remembered) == REMEMBERED_ROWS_MAX
    ours.begin()
    # Those that were forgotten are asked for.
    found = ours.fetch({Irregular: [rows[0].id, rows[-1].id]})
    ours.rollback()
    assert set(found.values()) == {rows[0], rows[-1]}
    changed = replace(rows[0], state="closed")
    ours.begin()
    ours.write([(Irregular, "update", [changed])])
    ours.begin()
    assert ours.fetch({Irregular: [rows[0].id]}) == {(Irregular, rows[0].id): changed}
    ours.rollback()
