from __future__ import annotations

import threading
from pathlib import Path

import pytest
from sqlalchemy import BigInteger, LargeBinary, Text, create_engine, inspect

from switch.store.database import Database, StoreError, Unavailable
from switch.store.kinds import KINDS
from switch.store.opening import database as database_at
from switch.store.opening import migrate, migrations
from switch.store.reading import Reading
from switch.store.schema import TABLES


def test_the_migrations_make_the_tables_of_the_kinds(database: Database) -> None:
    engine = create_engine(database.url)
    found = inspect(engine)
    assert set(found.get_table_names()) == {kind.TABLE for kind in KINDS} | {"schema_version"}
    for kind in KINDS:
        table = TABLES[kind]
        there = found.get_columns(kind.TABLE)
        assert [each["name"] for each in there] == [column.name for column in table.columns]
        for each, column in zip(there, table.columns, strict=True):
            family = next(f for f in (BigInteger, LargeBinary, Text) if isinstance(column.type, f))
            assert isinstance(each["type"], family)
            assert not each["nullable"]
        assert found.get_pk_constraint(kind.TABLE)["constrained_columns"] == ["id"]
        indexes = {(each["name"], tuple(each["column_names"])) for each in found.get_indexes(kind.TABLE)}
        assert indexes == {(str(index.name), tuple(c.name for c in index.columns)) for index in table.indexes}
    engine.dispose()


def test_migrating_again_changes_nothing(database: Database) -> None:
    assert migrate(database) == migrate(database) == max(migrations())


def test_several_processes_may_migrate_at_once(empty: Database) -> None:
    made: list[int] = []
    threads = [threading.Thread(target=lambda: made.append(migrate(empty))) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert made == [max(migrations())] * 4


def test_tables_of_a_later_version_are_left_alone(database: Database) -> None:
    connection = database.connect()
    connection.begin()
    connection.run("INSERT INTO schema_version (number) VALUES (999)")
    connection.write(())
    connection.close()
    with pytest.raises(StoreError, match="999"):
        migrate(database)


def test_the_migrations_are_numbered_without_a_gap() -> None:
    assert list(migrations()) == list(range(1, len(migrations()) + 1))


@pytest.mark.parametrize("url", ["", "sqlite://", "sqlite:///:memory:", "mysql://x/y", "postgresql+asyncpg://x/y"])
def test_a_url_that_is_none_of_ours_is_refused(url: str) -> None:
    with pytest.raises(StoreError, match="sqlite:///"):
        database_at(url)


def test_a_password_is_not_shown() -> None:
    assert "hunter2" not in repr(database_at("postgresql+psycopg://switch:hunter2@db/switch"))
    assert "hunter2" in database_at("postgresql+psycopg://switch:hunter2@db/switch").url


def test_a_database_that_cannot_be_reached_says_so(tmp_path: Path) -> None:
    for url in (f"sqlite:///{tmp_path}/none/x.db", f"postgresql://switch:hunter2@/switch?host={tmp_path}"):
        with pytest.raises(Unavailable) as caught:
            migrate(database_at(url))
        assert "hunter2" not in str(caught.value)
    with pytest.raises(Unavailable):
        Reading(database_at(f"postgresql://switch@/switch?host={tmp_path}")).in_flight()
