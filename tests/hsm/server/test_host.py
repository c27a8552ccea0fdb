"""One host connection, on a fake transport and a fake clock."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.echo_household import EchoHousehold, counter_names, framed
from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.internet.protocol import connectionDone
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport

from hsm.server.counters import Counters
from hsm.server.host import HostConnection
from hsm.server.hostport import HostPort, Owner
from hsm.server.ports import Limits, Listener, TlsFiles

LISTENER = Listener("thales", 0)


class Bench:
    """A port with a fake clock, and connections on fake transports."""

    def __init__(
        self,
        limits: Limits | None = None,
        *,
        owns: bool = True,
        owner: Owner | None = None,
        listener: Listener = LISTENER,
    ) -> None:
        self.clock = Clock()
        self.household = EchoHousehold(Counters(1, counter_names), owns=owns)
        self.port = HostPort(
            listener,
            self.household,
            limits or Limits(),
            cast(IReactorTime, self.clock),
            owner or (lambda _, request, peer: succeed(self.household.execute(LISTENER, request, peer))),
        )

    def connect(self) -> tuple[HostConnection, StringTransport]:
        connection = self.port.buildProtocol(None)
        transport = StringTransport(peerAddress=IPv4Address("TCP", "192.0.2.1", 40000))
        transport.abortConnection = lambda: transport.loseConnection()  # type: ignore[method-assign]  # tells as much
        connection.makeConnection(transport)  # type: ignore[no-untyped-call]  # Twisted has no annotation there
        return connection, transport

    def settle(self) -> None:
        """Let every turn that is due happen."""
        for _ in range(1000):
            if not any(call.getTime() <= self.clock.seconds() for call in self.clock.getDelayedCalls()):
                return
            self.clock.advance(0)


@given(st.lists(st.binary(max_size=40).filter(lambda body: body[:1] not in b"SGHXLAPC"), max_size=8), st.data())
def test_replies_do_not_depend_on_how_requests_are_cut(bodies: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(map(framed, bodies))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    bench = Bench()
    connection, transport = bench.connect()
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        connection.dataReceived(stream[start:end])
    assert transport.value() == stream


def test_the_peer_is_told_to_the_session() -> None:
    bench = Bench()
    bench.connect()
    assert bench.household.sessions[0].peer == "192.0.2.1:40000"


def test_a_turn_is_bounded_and_nothing_is_read_until_the_last_one() -> None:
    bench = Bench(Limits(frames_per_turn_max=64))
    connection, transport = bench.connect()
    connection.dataReceived(framed(b"a") * 200)
    assert len(transport.value()) == 64 * 3
    assert transport.producerState == "paused"
    bench.settle()
    assert len(transport.value()) == 200 * 3
    assert transport.producerState == "producing"


def test_others_get_their_turn_between_those_of_a_pipelining_client() -> None:
    bench = Bench(Limits(frames_per_turn_max=4))
    greedy, greedy_transport = bench.connect()
    modest, modest_transport = bench.connect()
    greedy.dataReceived(framed(b"a") * 100)
    modest.dataReceived(framed(b"b"))
    assert modest_transport.value() == framed(b"b")
    assert len(greedy_transport.value()) < 100 * 3


def test_nothing_is_executed_or_read_while_replies_pile_up() -> None:
    bench = Bench()
    connection, transport = bench.connect()
    connection.pauseProducing()
    connection.dataReceived(framed(b"a"))
    assert transport.producerState == "paused"
    assert bench.household.sessions[0].executed == 0
    connection.resumeProducing()
    assert transport.value() == framed(b"a")
    assert transport.producerState == "producing"


def test_a_client_that_leaves_replies_unread_is_cut_off() -> None:
    bench = Bench(Limits(stall_seconds=60))
    connection, transport = bench.connect()
    connection.pauseProducing()
    bench.clock.pump([1.0] * 59)
    assert not transport.disconnecting
    bench.clock.advance(1)
    assert transport.disconnecting


def test_a_request_that_trickles_in_is_cut_off_however_steadily() -> None:
    bench = Bench(Limits(partial_seconds=10))
    connection, transport = bench.connect()
    for byte in framed(b"x" * 20)[:9]:
        connection.dataReceived(bytes([byte]))
        bench.clock.advance(1)
    assert not transport.disconnecting
    connection.dataReceived(b"x")
    bench.clock.advance(1)
    assert transport.disconnecting


def test_a_stream_that_always_ends_in_half_a_request_goes_on_while_requests_get_done() -> None:
    bench = Bench(Limits(partial_seconds=10))
    connection, transport = bench.connect()
    connection.dataReceived(b"\0")
    for _ in range(30):
        connection.dataReceived(b"\1a\0")
        bench.clock.advance(1)
    assert not transport.disconnecting


def test_an_idle_connection_is_closed_after_its_time_and_no_sooner() -> None:
    bench = Bench(Limits(idle_seconds=100))
    connection, transport = bench.connect()
    bench.clock.pump([1.0] * 99)
    connection.dataReceived(framed(b"a"))
    bench.clock.pump([1.0] * 99)
    assert not transport.disconnecting
    bench.clock.advance(1)
    assert transport.disconnecting


def test_a_tls_handshake_has_a_deadline_which_ends_with_it() -> None:
    bench = Bench(Limits(partial_seconds=10), listener=replace(LISTENER, tls=TlsFiles("c", "k")))
    (shaken, shaken_transport), (_, slow_transport) = bench.connect(), bench.connect()
    shaken.handshakeCompleted()
    bench.clock.pump([1.0] * 9)
    assert not slow_transport.disconnecting
    bench.clock.advance(1)
    assert (slow_transport.disconnecting, shaken_transport.disconnecting) == (True, False)


def test_zero_means_no_deadline() -> None:
    bench = Bench(Limits(idle_seconds=0, partial_seconds=0, stall_seconds=0))
    connection, transport = bench.connect()
    connection.dataReceived(b"\0")
    bench.clock.pump([3600.0] * 48)
    connection.pauseProducing()
    bench.clock.pump([3600.0] * 48)
    assert not transport.disconnecting


def test_the_rate_limit_spreads_requests_out() -> None:
    bench = Bench(Limits(requests_per_second_max=2.0))
    connection, transport = bench.connect()
    connection.dataReceived(framed(b"a") * 5)
    assert len(transport.value()) == 2 * 3
    bench.clock.advance(0.5)
    assert len(transport.value()) == 3 * 3
    bench.clock.pump([0.5] * 2)
    assert len(transport.value()) == 5 * 3


def test_connections_beyond_the_limit_are_closed_and_room_is_given_back() -> None:
    bench = Bench(Limits(connections_max=2))
    first, _ = bench.connect()
    bench.connect()
    _, refused = bench.connect()
    assert refused.disconnecting
    assert (bench.port.connection_count, bench.port.refused_count) == (2, 1)
    first.connectionLost(connectionDone)
    _, admitted = bench.connect()
    assert not admitted.disconnecting


def test_unreadable_framing_closes_after_what_came_before_is_answered() -> None:
    bench = Bench()
    connection, transport = bench.connect()
    connection.dataReceived(framed(b"a") + b"\xff\xff")
    bench.settle()
    assert transport.value() == framed(b"a")
    assert transport.disconnecting


def test_a_failing_session_costs_its_connection_alone() -> None:
    bench = Bench()
    failing, failing_transport = bench.connect()
    other, other_transport = bench.connect()
    failing.dataReceived(framed(b"X"))
    other.dataReceived(framed(b"a"))
    assert failing_transport.disconnecting
    assert other_transport.value() == framed(b"a")


def test_the_audit_is_kept_before_replies_leave_or_they_do_not_leave() -> None:
    bench = Bench()
    connection, transport = bench.connect()
    connection.dataReceived(framed(b"a"))
    assert (bench.household.flushed, transport.value()) == (1, framed(b"a"))

    def full() -> None:
        raise OSError

    bench.household.flush = full  # type: ignore[method-assign]  # the disk is full from now on
    connection.dataReceived(framed(b"b"))
    assert (transport.disconnecting, transport.value()) == (True, framed(b"a"))


def test_replies_wait_until_another_process_has_kept_the_audit() -> None:
    bench = Bench()
    connection, transport = bench.connect()
    told: list[Deferred[None]] = []

    def relayed() -> Deferred[None]:
        told.append(Deferred())
        return told[-1]

    bench.household.flush = relayed  # type: ignore[method-assign]  # the owner is another process from now on
    connection.dataReceived(framed(b"a") + framed(b"b"))
    assert (transport.value(), transport.producerState) == (b"", "paused")
    told[0].callback(None)
    assert (transport.value(), transport.producerState) == (framed(b"a") + framed(b"b"), "producing")
    connection.dataReceived(framed(b"c"))
    told[1].errback(OSError())
    assert (transport.disconnecting, transport.value()) == (True, framed(b"a") + framed(b"b"))


def test_an_owed_request_is_answered_in_its_place() -> None:
    asked: list[tuple[bytes, Deferred[bytes]]] = []

    def owner(_: Listener, request: bytes, peer: str) -> Deferred[bytes]:
        assert peer == "192.0.2.1:40000"
        asked.append((request, Deferred()))
        return asked[-1][1]

    bench = Bench(owns=False, owner=owner)
    connection, transport = bench.connect()
    connection.dataReceived(framed(b"a") + framed(b"S1") + framed(b"b"))
    assert transport.value() == framed(b"a")
    assert transport.producerState == "paused"
    assert asked[0][0] == b"S1"
    asked[0][1].callback(b"done")
    bench.settle()
    assert transport.value() == framed(b"a") + framed(b"done") + framed(b"b")
    assert transport.producerState == "producing"


def test_a_lost_owner_costs_the_connection() -> None:
    bench = Bench(owns=False, owner=lambda *_: fail(ConnectionError()))
    connection, transport = bench.connect()
    connection.dataReceived(framed(b"S1"))
    assert transport.disconnecting


def test_an_owners_answer_to_a_connection_that_is_gone_goes_nowhere() -> None:
    answer: Deferred[bytes] = Deferred()
    bench = Bench(owns=False, owner=lambda *_: answer)
    connection, transport = bench.connect()
    connection.dataReceived(framed(b"S1"))
    connection.connectionLost(connectionDone)
    answer.callback(b"late")
    bench.settle()
    assert transport.value() == b""


def test_time_with_the_owner_is_not_the_clients() -> None:
    answer: Deferred[bytes] = Deferred()
    bench = Bench(Limits(idle_seconds=5), owns=False, owner=lambda *_: answer)
    connection, transport = bench.connect()
    connection.dataReceived(framed(b"S1"))
    bench.clock.pump([1.0] * 20)
    assert not transport.disconnecting


def test_draining_answers_what_arrived_and_then_closes() -> None:
    bench = Bench(Limits(frames_per_turn_max=1))
    connection, transport = bench.connect()
    connection.dataReceived(framed(b"a") * 3 + b"\0")
    drained = bench.port.drain()
    bench.settle()
    assert transport.value() == framed(b"a") * 3
    assert transport.disconnecting
    connection.connectionLost(connectionDone)
    assert drained.called


def test_draining_waits_for_the_owner() -> None:
    answer: Deferred[bytes] = Deferred()
    bench = Bench(owns=False, owner=lambda *_: answer)
    connection, transport = bench.connect()
    connection.dataReceived(framed(b"S1"))
    bench.port.drain()
    assert not transport.disconnecting
    answer.callback(b"done")
    bench.settle()
    assert transport.value() == framed(b"done")
    assert transport.disconnecting


def test_a_client_that_closed_its_side_still_gets_its_replies() -> None:
    bench = Bench(Limits(frames_per_turn_max=1))
    connection, transport = bench.connect()
    connection.dataReceived(framed(b"a") * 3)
    connection.readConnectionLost()
    bench.settle()
    assert transport.value() == framed(b"a") * 3
    assert transport.disconnecting


@pytest.mark.parametrize("name", ["connections_max", "frames_per_turn_max"])
def test_limits_are_frozen(name: str) -> None:
    with pytest.raises(AttributeError):
        setattr(replace(Limits()), name, 1)


# -- over real sockets
