"""A host port: its connections, their number and their deadlines."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IAddress, IReactorTime
from twisted.internet.protocol import ServerFactory
from twisted.internet.task import LoopingCall

from hsm.ports import Connection
from hsm.server.ports import Household, Limits, Listener

if TYPE_CHECKING:
    from hsm.server.host import HostConnection

SWEEP_SECONDS = 1.0

Owner = Callable[[Listener, bytes, str], "Deferred[bytes]"]
"""Has an owed request, with the peer it came from, executed by the process that owns the state."""


class HostPort(ServerFactory):
    """Makes the connections of one listener and sweeps out those that overstay.

    One sweep a second for all connections stands in for a timer per request, which would cost more than many commands.
    """

    noisy = False

    def __init__(
        self, listener: Listener, household: Household, limits: Limits, clock: IReactorTime, owner: Owner
    ) -> None:
        self.listener = listener
        self.household = household
        self.limits = limits
        self.clock = clock
        self.owner = owner
        self.traffic = household.traffic
        self.traffic.watch(self)
        self.refused_count = 0
        self._connections: set[HostConnection] = set()
        self._emptied: list[Deferred[None]] = []
        self._sweep = LoopingCall(self._sweep_overdue)
        self._sweep.clock = clock

    def buildProtocol(self, addr: IAddress | None) -> HostConnection:
        """A connection; whether there is room is decided once it stands, the same for TCP and TLS."""
        from hsm.server.host import HostConnection

        return HostConnection(self)

    def admit(self, connection: HostConnection) -> bool:
        """Count *connection* in, unless the port is full."""
        if len(self._connections) >= self.limits.connections_max:
            self.refused_count += 1
            self.traffic.turned_away()
            return False
        self._connections.add(connection)
        if not self._sweep.running:
            self._sweep.start(SWEEP_SECONDS, now=False)
        return True

    def dismiss(self, connection: HostConnection) -> None:
        """Count *connection* out."""
        self._connections.discard(connection)
        if self._connections:
            return
        if self._sweep.running:
            self._sweep.stop()
        waiting, self._emptied = self._emptied, []
        for each in waiting:
            each.callback(None)

    @property
    def connection_count(self) -> int:
        """Connections now open."""
        return len(self._connections)

    @property
    def connections_max(self) -> int:
        """Connections that may be open at once."""
        return self.limits.connections_max

    def conversations(self) -> tuple[Connection, ...]:
        """Connections now open, as status commands tell of them."""
        now = self.clock.seconds()
        return tuple(connection.told(now) for connection in self._connections)

    def drain(self) -> Deferred[None]:
        """Have every connection answer what it has and close; fires when the last is gone."""
        for connection in tuple(self._connections):
            connection.finish()
        if not self._connections:
            return succeed(None)
        emptied: Deferred[None] = Deferred()
        self._emptied.append(emptied)
        return emptied

    def abort(self) -> None:
        """Close every connection at once."""
        for connection in tuple(self._connections):
            connection.abort()

    def _sweep_overdue(self) -> None:
        now = self.clock.seconds()
        for connection in tuple(self._connections):
            if connection.overdue(now):
                connection.abort()
