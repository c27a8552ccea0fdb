"""What host ports report is what NI tells."""

from __future__ import annotations

import pytest

from hsm.ports import Connection, Traffic
from hsm.server.counters import Counters, shared_file
from hsm.server.traffic import TRAFFIC_NAMES, HostTraffic


class Port:
    def __init__(self, *seconds: int, connections_max: int = 8) -> None:
        self.connections_max = connections_max
        self._told = tuple(Connection(1500, "192.0.2.1", 40_000 + each, each) for each in seconds)

    def conversations(self) -> tuple[Connection, ...]:
        return self._told


def test_bytes_and_packets_are_counted() -> None:
    traffic = HostTraffic()
    traffic.received(10)
    traffic.received(20)
    traffic.sent(7)
    assert traffic.traffic() == Traffic(bytes_sent=7, bytes_received=30, packets_sent=1, packets_received=2)


@pytest.mark.parametrize(
    ("event", "field"),
    [
        (HostTraffic.unsent, "errors_sent"),
        (HostTraffic.broken, "errors_received"),
        (HostTraffic.unanswered, "discarded_sent"),
        (HostTraffic.turned_away, "discarded_received"),
        (HostTraffic.unreadable, "unknown_received"),
    ],
)
def test_what_went_wrong_is_counted_apart(event: object, field: str) -> None:
    traffic = HostTraffic()
    event(traffic)  # type: ignore[operator]  # a method of HostTraffic
    assert traffic.traffic() == Traffic(**{field: 1})


def test_the_oldest_connection_of_all_ports_comes_first() -> None:
    traffic = HostTraffic()
    assert traffic.connections() == ()
    assert traffic.connections_max == 0
    traffic.watch(Port(5, 1))
    traffic.watch(Port(3, connections_max=64))
    assert [each.seconds for each in traffic.connections()] == [5, 3, 1]
    assert traffic.connections_max == 64


def test_processes_are_summed() -> None:
    shared = shared_file(2, TRAFFIC_NAMES)
    both = [HostTraffic(Counters(2, TRAFFIC_NAMES, row=row, descriptor=shared)) for row in range(2)]
    both[0].sent(100)
    both[1].sent(11)
    assert [each.traffic().bytes_sent for each in both] == [111, 111]
