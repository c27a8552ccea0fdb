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
AMPLE_SECONDS = 60.0
AMPLE = Bounds(timeout_seconds=AMPLE_SECONDS, attempt_seconds=AMPLE_SECONDS)
"""For a pool whose appliance answers, however busy the machine is."""


class Asking:
    """A switch's port to one appliance."""

    def __init__(self, turned: Turning, port: int, wire: HostWire | None = None) -> None:
        self._turned = turned
        site = Site("a", tcp_endpoint(turned.reactor, "127.0.0.1", port))
        self.pool = HsmPool(turned.reactor, [site], wire or Wire(), AMPLE)
        self.pool.start()
        self._port = HsmPort(self.pool)

    def __call__(self, question: q.Question[A], passing_seconds: float = 0.0) -> A | q.NoAnswer:
        """What comes of *question*, behind which *passing_seconds* pass at once."""
        asked = self._port.perform(question)
        self._turned.time.passes(passing_seconds)
        return self._turned.result(asked)

    def close(self) -> None:
        self._turned.result(self.pool.stop())
