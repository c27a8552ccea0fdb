"""The Twisted client against a transport and a clock that tests hold in their hands."""

from __future__ import annotations

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint
from twisted.internet.interfaces import IProtocol
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure

from hsm.client.codec import Reply, ReplyError, Wire
from hsm.client.connection import HsmClient, NotSent, OutcomeUnknown
from hsm.wire.message import Empty

REPLY = b"ND00" + b"2686040000000000" + b"0001-0900"

LONGEST_FIRST_PAUSE = 2.0
"""Seconds until the second attempt at the latest: half again the first pause, and up to one of jitter."""


class Bench:
    """A client, the reactor it runs in and the server's side of its connections."""

    def __init__(self, **bounds: float) -> None:
        self.reactor = MemoryReactorClock()
        endpoint = TCP4ClientEndpoint(self.reactor, "hsm.test", 1500)
        self.client = HsmClient(self.reactor, endpoint, **bounds)  # type: ignore[arg-type]  # bounds are numbers
        self.client.start()
        self.protocol: IProtocol

    def accept(self) -> StringTransport:
        factory = self.reactor.tcpClients.pop()[2]
        protocol = factory.buildProtocol(None)
        assert protocol is not None
        transport = StringTransport()
        transport.abortConnection = lambda: protocol.connectionLost(Failure(ConnectionError()))  # type: ignore[method-assign]
        protocol.makeConnection(transport)
        self.protocol = protocol
        return transport

    def call(self) -> list[object]:
        outcome: list[object] = []
        deferred: Deferred[Reply] = self.client.call("NC", Empty())
        deferred.addBoth(outcome.append)
        return outcome

    def reply(self, header: bytes, body: bytes = REPLY) -> None:
        self.protocol.dataReceived((len(header + body)).to_bytes(2, "big") + header + body)


def failed(outcome: list[object], kind: type[Exception]) -> bool:
    return len(outcome) == 1 and isinstance(outcome[0], Failure) and outcome[0].check(kind) is not None


def test_requests_are_pipelined_and_matched_by_header() -> None:
    bench = Bench()
    transport = bench.accept()
    first, second = bench.call(), bench.call()
    assert transport.value() == b"\0\x060001NC\0\x060002NC"
    bench.reply(b"0002")
    assert (first, len(second)) == ([], 1)
    bench.reply(b"0001")
    assert isinstance(first[0], Reply)
    assert first[0].code == "00"
    assert repr(first[0].answer) == "Diagnosed(lmk_check_value=2686040000000000, firmware=0001-0900)"


def test_what_is_asked_before_the_connection_stands_is_sent_then() -> None:
    bench = Bench()
    outcome = bench.call()
    transport = bench.accept()
    assert transport.value() == b"\0\x060001NC"
    bench.reply(b"0001")
    assert isinstance(outcome[0], Reply)


def test_no_more_than_outstanding_max_are_under_way() -> None:
    bench = Bench(outstanding_max=2)
    transport = bench.accept()
    for _ in range(3):
        bench.call()
    assert transport.value().count(b"NC") == 2
    bench.reply(b"0001")
    assert transport.value().count(b"NC") == 3


def test_a_full_queue_refuses_at_once() -> None:
    bench = Bench(waiting_max=1)
    waiting, refused = bench.call(), bench.call()
    assert waiting == []
    assert failed(refused, NotSent)


def test_time_runs_out() -> None:
    bench = Bench(timeout_seconds=5)
    unsent = bench.call()
    bench.reactor.advance(5)
    assert failed(unsent, NotSent)
    bench.accept()
    sent = bench.call()
    bench.reactor.advance(5)
    assert failed(sent, OutcomeUnknown)


def test_a_late_reply_is_nobodys() -> None:
    bench = Bench(timeout_seconds=5)
    bench.accept()
    given_up = bench.call()
    bench.reactor.advance(5)
    patient = bench.call()
    bench.reply(b"0001")
    assert failed(given_up, OutcomeUnknown)
    assert patient == []
    bench.reply(b"0002")
    assert isinstance(patient[0], Reply)


def test_a_silent_connection_is_made_again() -> None:
    bench = Bench(timeout_seconds=5)
    bench.accept()
    outcomes = [bench.call() for _ in range(3)]
    bench.reactor.advance(5)
    assert all(failed(outcome, OutcomeUnknown) for outcome in outcomes)
    bench.reactor.advance(10)
    assert bench.reactor.tcpClients, "it must connect again"
    bench.accept()


def test_a_lost_connection_fails_what_was_sent_and_keeps_what_waits() -> None:
    bench = Bench(outstanding_max=1)
    bench.accept()
    sent, waiting = bench.call(), bench.call()
    bench.protocol.connectionLost(Failure(ConnectionError()))
    assert failed(sent, OutcomeUnknown)
    assert waiting == []
    bench.reactor.advance(LONGEST_FIRST_PAUSE)
    transport = bench.accept()
    assert transport.value().endswith(b"0002NC")


@pytest.mark.parametrize("body", [b"", b"N", b"CB00", b"ND00", b"ND00" + b"0" * 60, b"ND00268604000000000x0001-0900"])
def test_a_wrong_reply_is_an_error_of_that_request_alone(body: bytes) -> None:
    bench = Bench()
    bench.accept()
    wronged, other = bench.call(), bench.call()
    bench.reply(b"0001", body)
    assert failed(wronged, ReplyError)
    bench.reply(b"0002")
    assert isinstance(other[0], Reply)


def test_a_refusal_is_a_reply() -> None:
    bench = Bench()
    bench.accept()
    outcome = bench.call()
    bench.reply(b"0001", b"ND13")
    assert isinstance(outcome[0], Reply)
    assert (outcome[0].code, outcome[0].answer, outcome[0].succeeded) == ("13", None, False)


def test_stopping_gives_up_what_is_under_way() -> None:
    bench = Bench()
    bench.accept()
    sent = bench.call()
    bench.client.stop()
    assert failed(sent, OutcomeUnknown)
    assert failed(bench.call(), NotSent)
    assert [each for each in bench.reactor.getDelayedCalls() if each.active()] == []


def test_without_a_header_one_request_is_under_way_at_a_time() -> None:
    reactor = MemoryReactorClock()
    client = HsmClient(reactor, TCP4ClientEndpoint(reactor, "hsm.test", 1500), Wire(header_chars=0))
    client.start()
    protocol = reactor.tcpClients.pop()[2].buildProtocol(None)
    assert protocol is not None
    transport = StringTransport()
    protocol.makeConnection(transport)
    outcomes: list[object] = []
    for _ in range(2):
        client.call("NC", Empty()).addCallback(outcomes.append)
    assert transport.value() == b"\0\x02NC"
    protocol.dataReceived(len(REPLY).to_bytes(2, "big") + REPLY)
    assert len(outcomes) == 1
    assert transport.value() == b"\0\x02NC\0\x02NC"


def test_a_header_too_short_to_tell_requests_apart_is_our_mistake() -> None:
    reactor = MemoryReactorClock()
    with pytest.raises(ValueError, match="number"):
        HsmClient(reactor, TCP4ClientEndpoint(reactor, "hsm.test", 1500), Wire(header_chars=1))
