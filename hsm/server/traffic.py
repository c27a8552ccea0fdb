"""What passes through the host ports, counted for NI and its like: bytes, packets, connections.

Counts are those of all processes; connections are those of the process that is asked.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Protocol

from hsm.ports import Connection, Traffic
from hsm.server.counters import Counters

TRAFFIC_NAMES = tuple(f"traffic {each.name}" for each in fields(Traffic))
"""Names of the shared counters."""


class Watched(Protocol):
    """A host port whose connections are told."""

    @property
    def connections_max(self) -> int: ...

    def conversations(self) -> tuple[Connection, ...]: ...


class HostTraffic:
    """``hsm.ports.Network`` of a server: host ports report here.  *counters* None counts for this process alone."""

    def __init__(self, counters: Counters | None = None) -> None:
        self._counters = counters or Counters(1, TRAFFIC_NAMES)
        self._cells = self._counters.cells
        self._ports: list[Watched] = []
        cell = self._counters.cell
        self._bytes_sent, self._packets_sent = cell("traffic bytes_sent"), cell("traffic packets_sent")
        self._bytes_received = cell("traffic bytes_received")
        self._packets_received = cell("traffic packets_received")

    def watch(self, port: Watched) -> None:
        """Tell of the connections of *port* from now on."""
        self._ports.append(port)

    def received(self, count: int) -> None:
        """*count* bytes came in at once."""
        cells = self._cells
        cells[self._bytes_received] += count
        cells[self._packets_received] += 1

    def sent(self, count: int) -> None:
        """*count* bytes went out at once."""
        cells = self._cells
        cells[self._bytes_sent] += count
        cells[self._packets_sent] += 1

    def unsent(self) -> None:
        """The network did not take a reply."""
        self._counters.add("traffic errors_sent")

    def broken(self) -> None:
        """A connection broke off in the middle of a request."""
        self._counters.add("traffic errors_received")

    def unanswered(self) -> None:
        """A reply was ready and nobody was there to take it."""
        self._counters.add("traffic discarded_sent")

    def turned_away(self) -> None:
        """A connection or a request came when there was no room."""
        self._counters.add("traffic discarded_received")

    def unreadable(self) -> None:
        """What came could not be read as a request."""
        self._counters.add("traffic unknown_received")

    # -- hsm.ports.Network

    @property
    def connections_max(self) -> int:
        return max((port.connections_max for port in self._ports), default=0)

    def connections(self) -> tuple[Connection, ...]:
        found = [each for port in self._ports for each in port.conversations()]
        return tuple(sorted(found, key=lambda each: -each.seconds))

    def traffic(self) -> Traffic:
        return Traffic(**{each.name: self._counters.total(f"traffic {each.name}") for each in fields(Traffic)})
