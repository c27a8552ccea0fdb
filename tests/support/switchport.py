"""The switch's port to one appliance that is a process."""

from __future__ import annotations

from typing import TypeVar

from support.turning import Turning

from hsm.client.codec import HostWire, Wire
from hsm.client.connection import tcp_endpoint
from hsm.client.pool import HsmPool
from hsm.client.station import Bounds, Site
from switch import asking as q
from switch.server.hsmport import HsmPort

A = TypeVar("A")


class Asking:
    """A switch's port to one appliance."""

    def __init__(self, turned: Turning, port: int, wire: HostWire | None = None) -> None:
        self._turned = turned
        site = Site("a", tcp_endpoint(turned.reactor, "127.0.0.1", port))
        self.pool = HsmPool(turned.reactor, [site], wire or Wire(), Bounds(timeout_seconds=2))
        self.pool.start()
        self._port = HsmPort(self.pool)

    def __call__(self, question: q.Question[A]) -> A | q.NoAnswer:
        return self._turned.result(self._port.perform(question))

    def close(self) -> None:
        self._turned.result(self.pool.stop())
