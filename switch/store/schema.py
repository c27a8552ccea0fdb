"""The tables, derived from the kinds of rows, and the statements that a writer prepares."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Any

from sqlalchemy import BigInteger, Column, Index, LargeBinary, MetaData, Table, Text

from switch.store.kinds import KINDS
from switch.store.rows import Row

Cell = int | str | bytes
_TYPES = {"int": BigInteger, "str": Text, "bytes": LargeBinary}

METADATA = MetaData()
"""For the operators' questions, and to compare with what the migrations have made."""


def columns(kind: type[Row]) -> tuple[str, ...]:
    """The columns of a kind's table, ``id`` first."""
    return tuple(each.name for each in fields(kind))


def _reader(kind: type[Row]) -> Callable[[Row], tuple[Cell, ...]]:
    return attrgetter(*columns(kind))


_READERS = {kind: _reader(kind) for kind in KINDS}


def cells(row: Row) -> tuple[Cell, ...]:
    """A row's values in the order of its columns."""
    return _READERS[type(row)](row)


def _table(kind: type[Row]) -> Table:
    made: list[Column[Any]] = [
        Column(each.name, _TYPES[str(each.type)], primary_key=each.name == "id", nullable=False)
        for each in fields(kind)
    ]
    table = Table(kind.TABLE, METADATA, *made)
    for index in kind.INDEXES:
        Index(f"{kind.TABLE}_{index[0]}", *(table.c[name] for name in index))
    return table


TABLES = {kind: _table(kind) for kind in KINDS}


@dataclass(frozen=True)
class Statements:
    """A kind's statements; ``update`` takes the id last."""

    insert: str
    update: str
    delete: str
    select_one: str
    select_any: str


def _statements(kind: type[Row], mark: str) -> Statements:
    names = columns(kind)
    table, listed = kind.TABLE, ", ".join(names)
    changes = ", ".join(f"{name} = {mark}" for name in names[1:])
    # Only names of our own classes and fields stand in these texts; every value is a parameter.
    return Statements(
        insert=f"INSERT INTO {table} ({listed}) VALUES ({', '.join([mark] * len(names))})",  # noqa: S608
        update=f"UPDATE {table} SET {changes} WHERE id = {mark}",  # noqa: S608
        delete=f"DELETE FROM {table} WHERE id = {mark}",  # noqa: S608
        select_one=f"SELECT {listed} FROM {table} WHERE id = {mark}",  # noqa: S608
        select_any=f"SELECT {listed} FROM {table} WHERE id = ANY({mark}) ORDER BY id FOR UPDATE",  # noqa: S608
    )


QMARK = {kind: _statements(kind, "?") for kind in KINDS}
FORMAT = {kind: _statements(kind, "%s") for kind in KINDS}
"""Each kind's statements as the drivers write a parameter: SQLite's ``?``, psycopg's ``%s``."""
