"""A database of each kind, empty but for its tables."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.databases import KINDS, MISSING, Server, has_postgres, serving

from switch.store.database import Database
from switch.store.opening import database as database_at
from switch.store.opening import migrate
from switch.store.writer import Writer


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A PostgreSQL server for all tests that want one."""
    if not has_postgres():
        pytest.skip(MISSING)
    with serving() as started:
        yield started


@pytest.fixture(params=KINDS)
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    """A database without tables."""
    if request.param == "sqlite":
        return database_at(f"sqlite:///{tmp_path / 'switch.db'}")
    server: Server = request.getfixturevalue("server")
    return database_at(server.new_url())


@pytest.fixture
def database(empty: Database) -> Database:
    """A database with its tables."""
    migrate(empty)
    return empty


@pytest.fixture
def writer(database: Database) -> Iterator[Writer]:
    """A writer upon a new database."""
    made = Writer(database)
    yield made
    made.close()
