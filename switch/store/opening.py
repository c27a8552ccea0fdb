"""A database by its URL, its tables brought up to date."""

from __future__ import annotations

import time
from importlib.resources import files

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from switch.store.database import Conflict, Connection, Database, StoreError
from switch.store.sqlite import Sqlite

TRIES = 5


def database(url: str) -> Database:
    """The database that *url* names: ``sqlite:///PATH`` or ``postgresql+psycopg://…``.  Raises StoreError."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise StoreError("a database's URL is sqlite:///PATH or postgresql+psycopg://USER@HOST/NAME") from None
    if parsed.drivername == "sqlite" and parsed.database and parsed.database != ":memory:" and not parsed.query:
        return Sqlite(parsed.database)
    if parsed.drivername in ("postgresql", "postgresql+psycopg"):
        try:
            from switch.store.postgres import Postgres
        except ImportError:
            raise StoreError("PostgreSQL needs psycopg: install zonekey[postgresql]") from None
        return Postgres(parsed.set(drivername="postgresql+psycopg").render_as_string(hide_password=False))
    raise StoreError("a database's URL is sqlite:///PATH (a file) or postgresql+psycopg://USER@HOST/NAME")


def migrations() -> dict[int, str]:
    """The numbered SQL files: a file is never changed once it was released; what changes comes in another."""
    found = [each for each in files("switch.store.migrations").iterdir() if each.name.endswith(".sql")]
    return {int(each.name[:4]): each.read_text() for each in sorted(found, key=lambda each: each.name)}


def migrate(opened: Database) -> int:
    """Bring the tables up to date, each step in a transaction of its own; the version they have now.

    Several processes may do it at once.  Raises StoreError when a later version of the switch has made the tables.
    """
    connection = opened.connect()
    try:
        for left in reversed(range(TRIES)):
            try:
                return _migrate(connection)
            except Conflict:
                # Two that make the same table at once conflict in the server's catalogue.
                connection.rollback()
                if not left:
                    raise
                time.sleep(0.1)
        raise AssertionError("the last try returns or raises")
    finally:
        connection.close()


def _migrate(connection: Connection) -> int:
    steps = migrations()
    while True:
        connection.begin()
        connection.run("CREATE TABLE IF NOT EXISTS schema_version (number BIGINT NOT NULL)")
        if connection.lock_statement:
            connection.run(connection.lock_statement)
        ((version,),) = connection.run("SELECT COALESCE(MAX(number), 0) FROM schema_version")
        assert isinstance(version, int)
        if version > max(steps):
            connection.rollback()
            raise StoreError(f"the tables are of version {version}, this program knows {max(steps)}")
        if version == max(steps):
            connection.write(())
            return version
        for statement in steps[version + 1].replace("BYTES", connection.blob_type).split(";\n"):
            if statement.strip():
                connection.run(statement)
        # The number is our own file's; the connection's ``run`` takes no values.
        connection.run(f"INSERT INTO schema_version (number) VALUES ({version + 1})")  # noqa: S608
        connection.write(())
