from __future__ import annotations

import socket

from support.echo_household import EchoHousehold, counter_names, framed
from support.served import SECONDS_MAX, Serve
from twisted.internet.defer import Deferred

from hsm.server.counters import Counters
from hsm.server.ports import Listener
from hsm.server.udp import OWED_MAX, PEERS_KEPT_MAX, HostDatagrams

LISTENER = Listener("thales", 0)


class Sent:
    """A datagram transport that remembers."""

    def __init__(self) -> None:
        self.written: list[tuple[bytes, tuple[str, int]]] = []

    def write(self, packet: bytes, addr: tuple[str, int]) -> None:
        self.written.append((packet, addr))


def port(*, owns: bool = True) -> tuple[HostDatagrams, Sent, EchoHousehold, list[Deferred[bytes]]]:
    household = EchoHousehold(Counters(1, counter_names), owns=owns)
    asked: list[Deferred[bytes]] = []

    def owner(_: Listener, request: bytes, peer: str) -> Deferred[bytes]:
        asked.append(Deferred())
        return asked[-1]

    datagrams = HostDatagrams(LISTENER, household, owner)
    sent = Sent()
    datagrams.transport = sent  # type: ignore[assignment]  # the one method that is used
    return datagrams, sent, household, asked


def test_a_datagram_is_answered_where_it_came_from() -> None:
    datagrams, sent, household, _ = port()
    datagrams.datagramReceived(framed(b"a"), ("192.0.2.1", 5))
    datagrams.datagramReceived(framed(b"b"), ("192.0.2.2", 6))
    assert sent.written == [(framed(b"a"), ("192.0.2.1", 5)), (framed(b"b"), ("192.0.2.2", 6))]
    assert [each.peer for each in household.sessions] == ["192.0.2.1:5", "192.0.2.2:6"]


def test_malformed_datagrams_get_nothing_and_spoil_nothing() -> None:
    datagrams, sent, _, _ = port()
    for malformed in (b"", b"\0", b"\0\5abc", framed(b"a") + b"b", b"\xff\xff", framed(b"X")):
        datagrams.datagramReceived(malformed, ("192.0.2.1", 5))
    assert sent.written == []
    datagrams.datagramReceived(framed(b"a"), ("192.0.2.1", 5))
    assert sent.written == [(framed(b"a"), ("192.0.2.1", 5))]


def test_sessions_kept_are_bounded() -> None:
    datagrams, _, household, _ = port()
    for number in range(PEERS_KEPT_MAX + 1):
        datagrams.datagramReceived(framed(b"a"), ("192.0.2.1", number))
    datagrams.datagramReceived(framed(b"a"), ("192.0.2.1", PEERS_KEPT_MAX))
    assert len(household.sessions) == PEERS_KEPT_MAX + 1
    datagrams.datagramReceived(framed(b"a"), ("192.0.2.1", 0))
    assert len(household.sessions) == PEERS_KEPT_MAX + 2


def test_an_owed_datagram_is_answered_when_the_owner_has_and_others_meanwhile() -> None:
    datagrams, sent, _, asked = port(owns=False)
    datagrams.datagramReceived(framed(b"S1"), ("192.0.2.1", 5))
    datagrams.datagramReceived(framed(b"a"), ("192.0.2.1", 5))
    drained = datagrams.drain()
    assert not drained.called
    asked[0].callback(b"done")
    assert sent.written == [(framed(b"a"), ("192.0.2.1", 5)), (framed(b"done"), ("192.0.2.1", 5))]
    assert drained.called


def test_owed_datagrams_are_bounded_and_a_lost_owner_gives_room_back() -> None:
    datagrams, sent, _, asked = port(owns=False)
    for number in range(OWED_MAX + 5):
        datagrams.datagramReceived(framed(b"S1"), ("192.0.2.1", number))
    assert len(asked) == OWED_MAX
    for each in asked:
        each.errback(ConnectionError())
    assert (sent.written, datagrams.drain().called) == ([], True)


def test_the_same_port_number_answers_tcp_and_udp(serve: Serve) -> None:
    served = serve()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(SECONDS_MAX)
        client.connect(("127.0.0.1", served.ports["thales"]))
        client.send(framed(b"hello"))
        assert client.recv(100) == framed(b"hello")
    assert served.ask(b"hello") == b"hello"
