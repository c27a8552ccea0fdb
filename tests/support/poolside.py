"""A pool, the reactor it runs in and the appliances' side of its connections, all held in a test's hands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint
from twisted.internet.interfaces import IProtocol
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure

from hsm.client.agreement import Probe
from hsm.client.codec import HostWire, Wire
from hsm.client.pool import HsmPool
from hsm.client.station import Bounds, Site
from hsm.wire.message import Empty

CHECK_VALUE = b"2686040000000000"
DIAGNOSED = b"ND00" + CHECK_VALUE + b"0001-0900"
FIRST_PORT = 1500


@dataclass
class Outcome:
    """What became of a request."""

    got: list[object] = field(default_factory=list)

    def failed(self, kind: type[Exception]) -> bool:
        return len(self.got) == 1 and isinstance(self.got[0], Failure) and self.got[0].check(kind) is not None

    @property
    def text(self) -> str:
        return str(self.got[0])


class Connected(StringTransport):
    """The appliance's side of one connection."""

    def __init__(self, reactor: MemoryReactorClock, protocol: IProtocol, port: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Twisted's
        self.port = port
        self.lost = False
        self._clock = reactor
        self._protocol = protocol

    def sent(self) -> bytes:
        """All bytes that came since the last call."""
        taken = bytes(self.io.getvalue())
        self.io.seek(0)
        self.io.truncate()
        return taken

    def requests(self) -> list[bytes]:
        """The frames that came since the last call, headers first (Thales)."""
        taken, at = self.sent(), 0
        found = []
        while at < len(taken):
            end = at + 2 + int.from_bytes(taken[at : at + 2], "big")
            found.append(taken[at + 2 : end])
            at = end
        return found

    def hear(self, frame: bytes) -> None:
        """Send *frame*, which its length leads."""
        self.raw(len(frame).to_bytes(2, "big") + frame)

    def raw(self, content: bytes) -> None:
        if not self.lost:
            self._protocol.dataReceived(content)

    def cut(self) -> None:
        """The connection ends."""
        if not self.lost:
            self.lost = True
            self._protocol.connectionLost(Failure(ConnectionError()))

    def abortConnection(self) -> None:
        self._clock.callLater(0, self.cut)

    def loseConnection(self) -> None:
        self._clock.callLater(0, self.cut)

    def greet(self, reply: bytes = DIAGNOSED) -> list[bytes]:
        """Answer the pool's probe with *reply*; what came with it or after it."""
        probe, *others = self.requests()
        assert probe[4:] == b"NC"
        self.hear(probe[:4] + reply)
        return others + self.requests()


class Poolside:
    """A pool of as many sites as *priorities*, with one connection each unless *bounds* say otherwise."""

    def __init__(
        self,
        *,
        priorities: Sequence[int] = (0,),
        wire: HostWire | None = None,
        probes: Sequence[Probe] | None = None,
        **bounds: float,
    ) -> None:
        self.reactor = MemoryReactorClock()
        sites = [
            Site(f"hsm-{number}", TCP4ClientEndpoint(self.reactor, "hsm.test", FIRST_PORT + number), priority)
            for number, priority in enumerate(priorities)
        ]
        limits = Bounds(**{"connections": 1, **bounds})  # type: ignore[arg-type]  # bounds are numbers
        self.pool = HsmPool(self.reactor, sites, wire or Wire(), limits, probes=probes, jitter=lambda: 0.5)
        self.pool.start()

    def accept(self, number: int = 0) -> Connected:
        """Let the oldest attempt to connect to site *number* succeed."""
        port = FIRST_PORT + number
        attempt = next(each for each in self.reactor.tcpClients if each[1] == port)
        self.reactor.tcpClients.remove(attempt)
        protocol = attempt[2].buildProtocol(None)
        assert protocol is not None
        connected = Connected(self.reactor, protocol, port)
        protocol.makeConnection(connected)
        return connected

    def admit(self, number: int = 0) -> Connected:
        """As ``accept``, and the appliance is greeted and found good."""
        connected = self.accept(number)
        probe = connected.requests()[0]
        connected.hear(probe[:4] + DIAGNOSED)
        return connected

    def call(self, code: str = "NC", *, repeat: bool | None = False) -> Outcome:
        """Ask for NC, which here may not be repeated unless *repeat* says so."""
        outcome = Outcome()
        replied: Deferred[object] = self.pool.call(code, Empty(), repeat=repeat)  # type: ignore[assignment]  # any outcome
        replied.addBoth(outcome.got.append)
        return outcome
