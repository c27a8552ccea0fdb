"""What the console stored for the host ports; it comes in force when the appliance is started again.

How a port speaks can be stored here.  Where it listens, and how many it serves, is its host's concern and stays with the
command line and the configuration file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

from hsm.policy.values import Span, Text, Unreadable
from hsm.storage.database import Database

FIELDS: Mapping[str, Span | Text] = MappingProxyType(
    {
        "header-length": Span(0, 255, "characters"),
        "charset": Text("ascii|ebcdic", "ascii or ebcdic"),
        "lmk": Text("[0-9]{2}", "the two digits of the LMK that the port is tied to"),
    }
)
"""What can be stored for a port, with what it may be."""


@dataclass(frozen=True, slots=True)
class HostPort:
    """A host port as it runs: *address* with its number; *values* by the names of FIELDS, an absent one not set."""

    name: str
    address: str
    transport: str
    limits: str
    values: Mapping[str, str]


class PortSettings(Protocol):
    """The host ports, as the console sees them."""

    def running(self) -> tuple[HostPort, ...]:
        """Those of this run."""

    def stored(self) -> Mapping[tuple[str, str], str]:
        """Values by port and field, for the next start.  Raises StorageError."""

    def store(self, changes: Mapping[tuple[str, str], str | None], /) -> None:
        """Keep *changes*; None takes a value away.  Raises StorageError, and then keeps none."""


class MemoryPortSettings:
    """For an appliance that ends with its process: *running* tells its ports, and nothing outlives it."""

    def __init__(self, running: Callable[[], tuple[HostPort, ...]] = tuple) -> None:
        self.running = running
        self._stored: dict[tuple[str, str], str] = {}

    def stored(self) -> Mapping[tuple[str, str], str]:
        return MappingProxyType(self._stored)

    def store(self, changes: Mapping[tuple[str, str], str | None], /) -> None:
        kept = {**self._stored, **changes}
        self._stored = {which: value for which, value in kept.items() if value is not None}


class DatabasePortSettings:
    """Values in a state directory."""

    def __init__(self, database: Database, running: Callable[[], tuple[HostPort, ...]] = tuple) -> None:
        self.running = running
        self._database = database

    def stored(self) -> Mapping[tuple[str, str], str]:
        rows = self._database.read("SELECT name, field, value FROM hostport")
        return MappingProxyType({(str(name), str(field)): str(value) for name, field, value in rows})

    def store(self, changes: Mapping[tuple[str, str], str | None], /) -> None:
        with self._database.transaction() as change:
            for (name, field), value in changes.items():
                change.execute("DELETE FROM hostport WHERE name = ? AND field = ?", (name, field))
                if value is not None:
                    change.execute("INSERT INTO hostport (name, field, value) VALUES (?, ?, ?)", (name, field, value))


def readable(field: str, text: str) -> str:
    """*text* as it is stored for *field*.  Raises ValueError when there is no such field or it can't have that value."""
    kind = FIELDS.get(field)
    if kind is None:
        raise ValueError(f"one of {', '.join(FIELDS)}")
    try:
        return kind.format(kind.parse(text, 0)) if isinstance(kind, Span) else kind.parse(text, "")
    except Unreadable:
        raise ValueError(kind.expected) from None
