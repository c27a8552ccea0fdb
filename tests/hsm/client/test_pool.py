"""The pool against transports and a clock that tests hold in their hands."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from support.poolside import DIAGNOSED, Outcome, Poolside

from hsm.client.answers import Refused
from hsm.client.codec import Reply, Wire
from hsm.client.eracomcodec import EracomWire
from hsm.client.pool import NotSent, OutcomeUnknown, QueueFull
from hsm.dialects.eracom.status import AskRandom, RandomValue
from hsm.dialects.thales.status import Diagnosed
from hsm.refusal import LmkInvalid
from hsm.wire.message import Empty


def answered(outcome: Outcome) -> bool:
    return len(outcome.got) == 1 and isinstance(outcome.got[0], Reply)


def test_nothing_is_sent_before_the_appliance_was_greeted() -> None:
    side = Poolside()
    outcome = side.call()
    connected = side.accept()
    (request,) = connected.greet()
    connected.hear(request[:4] + DIAGNOSED)
    assert answered(outcome)


def test_requests_are_pipelined_and_matched_by_header() -> None:
    side = Poolside()
    connected = side.admit()
    first, second = side.call(), side.call()
    one, two = connected.requests()
    assert (one, two) == (b"0002NC", b"0003NC")
    connected.hear(two[:4] + DIAGNOSED)
    assert (first.got, answered(second)) == ([], True)
    connected.hear(one[:4] + DIAGNOSED)
    assert answered(first)


def test_no_more_than_outstanding_max_are_under_way_and_the_rest_keeps_its_order() -> None:
    side = Poolside(outstanding_max=2)
    connected = side.admit()
    outcomes = [side.call() for _ in range(4)]
    requests = connected.requests()
    assert len(requests) == 2
    assert side.pool.figures().queued == 2
    connected.hear(requests[0][:4] + DIAGNOSED)
    (third,) = connected.requests()
    connected.hear(third[:4] + DIAGNOSED)
    assert [answered(each) for each in outcomes] == [True, False, True, False]


@pytest.mark.parametrize("make", [lambda: Poolside(waiting_max=1), lambda: Poolside(waiting_bytes_max=7)])
def test_a_full_queue_refuses_at_once(make: Callable[[], Poolside]) -> None:
    side = make()
    waiting, refused = side.call(), side.call()
    assert waiting.got == []
    assert refused.failed(QueueFull)
    assert (side.pool.figures().queued, side.pool.figures().not_sent) == (1, 1)


def test_time_runs_out() -> None:
    side = Poolside(timeout_seconds=5)
    unsent = side.call()
    side.reactor.advance(5)
    assert unsent.failed(NotSent)
    assert side.pool.figures().queued_bytes == 0
    side.admit()
    sent = side.call()
    side.reactor.advance(5)
    assert sent.failed(OutcomeUnknown)


def test_what_has_waited_out_its_time_is_not_sent_any_more() -> None:
    side = Poolside(timeout_seconds=5, outstanding_max=1)
    connected = side.admit()
    sent, waiting = side.call(), side.call()
    side.reactor.advance(5)
    assert sent.failed(OutcomeUnknown)
    assert waiting.failed(NotSent), "room came in the moment that its time ran out"
    assert len(connected.requests()) == 1


def test_a_late_reply_is_nobodys_and_its_header_is_not_used_again_before() -> None:
    side = Poolside(wire=Wire(1), timeout_seconds=5, outstanding_max=4, strikes_max=99, check_seconds=1000)
    connected = side.accept()
    probe = connected.requests()[0]
    connected.hear(probe[:1] + DIAGNOSED)
    given_up = side.call()
    (late,) = connected.requests()
    side.reactor.advance(5)
    assert given_up.failed(OutcomeUnknown)
    tags = set()
    for _ in range(30):
        patient = side.call()
        (request,) = connected.requests()
        tags.add(request[:1])
        connected.hear(request[:1] + DIAGNOSED)
        assert answered(patient)
    assert late[:1] not in tags
    connected.hear(late[:1] + DIAGNOSED)
    assert side.pool.figures().late == 1
    assert not connected.lost


def test_a_never_answering_appliance_is_left_after_three_requests_and_greeted_again() -> None:
    side = Poolside(timeout_seconds=5, check_seconds=1000)
    connected = side.admit()
    outcomes = [side.call() for _ in range(3)]
    side.reactor.advance(5)
    assert all(outcome.failed(OutcomeUnknown) for outcome in outcomes)
    side.reactor.advance(0)
    assert connected.lost
    side.reactor.advance(0.2)
    again = side.accept()
    waiting = side.call()
    side.reactor.advance(2)
    side.reactor.advance(0)
    assert again.lost, "its greeting was not answered"
    assert waiting.got == []
    assert side.pool.figures().sites[0].complaint == "NC was not answered in 2 s"


def test_pauses_between_connections_grow_and_a_good_one_makes_them_short_again() -> None:
    side = Poolside(pause_seconds_first=1.0, pause_seconds_max=4.0)
    for pause in (1.0, 2.0, 4.0, 4.0):
        connected = side.accept()
        connected.cut()
        side.reactor.advance(pause - 0.01)
        assert side.reactor.tcpClients == []
        side.reactor.advance(0.01)
    side.admit().cut()
    side.reactor.advance(1.0)
    assert len(side.reactor.tcpClients) == 1


def test_a_lost_connection_fails_what_may_not_be_repeated_and_keeps_what_waits() -> None:
    side = Poolside(outstanding_max=1)
    connected = side.admit()
    sent, waiting = side.call(), side.call()
    connected.cut()
    assert sent.failed(OutcomeUnknown)
    assert waiting.got == []
    side.reactor.advance(0.1)
    assert len(side.accept().greet()) == 1


def test_what_may_be_repeated_goes_to_another_appliance_in_its_order() -> None:
    side = Poolside(priorities=(0, 1))
    primary, standby = side.admit(0), side.admit(1)
    outcomes = [side.call(repeat=True), side.call(repeat=False), side.call("J8", repeat=True)]
    assert (len(primary.requests()), standby.requests()) == (3, [])
    primary.cut()
    assert outcomes[1].failed(OutcomeUnknown)
    repeated = standby.requests()
    assert [each[4:] for each in repeated] == [b"NC", b"J8"]
    for each in repeated:
        standby.hear(each[:4] + (DIAGNOSED if each[4:] == b"NC" else b"J941"))
    assert answered(outcomes[0])
    assert answered(outcomes[2])
    assert side.pool.figures().repeated == 2


def test_an_attempt_has_its_own_time_when_it_may_be_repeated() -> None:
    side = Poolside(priorities=(0, 0), attempt_seconds=1, timeout_seconds=5, check_seconds=1000)
    both = side.admit(0), side.admit(1)
    outcome = side.call(repeat=True)
    (hung, late), (other, _) = sorted(((each, each.requests()) for each in both), key=lambda pair: not pair[1])
    side.reactor.advance(1)
    (request,) = other.requests()
    hung.hear(late[0][:4] + DIAGNOSED)
    assert outcome.got == [], "a reply that comes too late is not taken"
    other.hear(request[:4] + DIAGNOSED)
    assert answered(outcome)


def test_attempts_and_time_are_bounded() -> None:
    side = Poolside(attempt_seconds=1, attempts_max=3, timeout_seconds=50, strikes_max=99, check_seconds=1000)
    connected = side.admit()
    outcome = side.call(repeat=True)
    for _ in range(3):
        side.reactor.advance(1)
    assert outcome.failed(OutcomeUnknown)
    assert len(connected.requests()) == 3


def test_equal_appliances_share_the_load_and_a_standby_helps_only_when_no_primary_serves() -> None:
    side = Poolside(priorities=(0, 0, 1), outstanding_max=2)
    first, second, standby = (side.admit(number) for number in range(3))
    for _ in range(6):
        side.call()
    assert [len(each.requests()) for each in (first, second, standby)] == [2, 2, 0]
    assert side.pool.figures().queued == 2
    first.cut()
    assert standby.requests() == []
    second.cut()
    assert len(standby.requests()) == 2


@pytest.mark.parametrize("body", [b"", b"N", b"CB00", b"ND00", b"ND00" + b"0" * 60, b"ND00268604000000000x0001-0900"])
def test_a_reply_that_cannot_be_read_is_that_requests_alone(body: bytes) -> None:
    side = Poolside()
    connected = side.admit()
    wronged, other = side.call(), side.call()
    one, two = connected.requests()
    connected.hear(one[:4] + body)
    assert wronged.failed(OutcomeUnknown)
    connected.hear(two[:4] + DIAGNOSED)
    assert answered(other)
    assert side.pool.figures().garbled == 1


@pytest.mark.parametrize("frame", [b"", b"00", b"9999" + DIAGNOSED, b"\xff" * 40])
def test_a_reply_to_nothing_ends_the_connection(frame: bytes) -> None:
    side = Poolside()
    connected = side.admit()
    outcome = side.call()
    connected.hear(frame)
    after = side.call()
    side.reactor.advance(0)
    assert connected.lost
    assert outcome.failed(OutcomeUnknown)
    assert after.got == [], "nothing is sent on a connection that is being ended"


def test_a_second_reply_ends_the_connection() -> None:
    side = Poolside()
    connected = side.admit()
    side.call()
    (request,) = connected.requests()
    connected.hear(request[:4] + DIAGNOSED)
    connected.hear(request[:4] + DIAGNOSED)
    side.reactor.advance(0)
    assert connected.lost


def test_draining() -> None:
    side = Poolside(priorities=(0, 0))
    first, second = side.admit(0), side.admit(1)
    outcomes = [side.call(), side.call()]
    drained: list[object] = []
    side.pool.drain("hsm-0").addCallback(drained.append)
    for _ in range(3):
        side.call()
    (request,) = first.requests()
    assert len(second.requests()) == 4
    first.hear(request[:4] + DIAGNOSED)
    side.reactor.advance(0)
    assert answered(outcomes[0])
    assert (first.lost, drained, side.pool.figures().sites[0].draining) == (True, [None], True)
    side.reactor.advance(60)
    assert side.reactor.tcpClients == []
    side.pool.restore("hsm-0")
    side.admit(0)
    assert side.pool.figures().sites[0].connections == 1
    with pytest.raises(LookupError):
        side.pool.drain("hsm-9")


def test_stopping_gives_up_what_is_under_way() -> None:
    side = Poolside(outstanding_max=1)
    side.admit()
    sent, waiting = side.call(repeat=True), side.call()
    stopped: list[object] = []
    side.pool.stop().addCallback(stopped.append)
    side.reactor.advance(0)
    assert sent.failed(OutcomeUnknown)
    assert waiting.failed(NotSent)
    assert stopped == [None]
    assert side.call().failed(NotSent)
    assert [each for each in side.reactor.getDelayedCalls() if each.active()] == []


def test_typed_asking() -> None:
    side = Poolside()
    connected = side.admit()
    got: list[object] = []
    side.pool.ask(Empty(), Diagnosed).addBoth(got.append)
    side.pool.ask(Empty(), Diagnosed).addErrback(lambda failure: got.append(failure.value))
    one, two = connected.requests()
    connected.hear(one[:4] + DIAGNOSED)
    connected.hear(two[:4] + b"ND13")
    assert isinstance(got[0], Diagnosed)
    refused = got[1]
    assert isinstance(refused, Refused)
    assert (refused.code, refused.reason, str(refused)) == ("13", LmkInvalid, "NC was answered 13 (LmkInvalid)")


def test_the_other_dialect_is_pipelined_by_sequence_number() -> None:
    side = Poolside(wire=EracomWire())
    transport = side.accept()
    assert transport.sent().hex() == "01010001000101"
    transport.raw(bytes.fromhex("01010001001d01" + "00" * 19) + b"\x08ZONEKEY0")
    got: list[object] = []
    for length in (1, 2):
        side.pool.ask(AskRandom(modifier="00", length=length), RandomValue).addBoth(got.append)
    assert transport.sent().hex() == "010100020005ee00020001" + "010100030005ee00020002"
    transport.raw(bytes.fromhex("010100030007ee00020002abcd" + "010100020006ee00020001"))
    assert got == [RandomValue(value=b"\xab\xcd")]
    transport.raw(b"\xef")
    assert got[1:] == [RandomValue(value=b"\xef")]
    transport.raw(b"\x07")
    side.reactor.advance(0)
    assert transport.lost


def test_without_a_header_one_request_is_under_way_at_a_time() -> None:
    side = Poolside(wire=Wire(0), timeout_seconds=5, check_seconds=1000)
    connected = side.accept()
    connected.hear(DIAGNOSED)
    assert connected.sent() == b"\0\x02NC"
    first, second = side.call(), side.call()
    assert connected.sent() == b"\0\x02NC"
    connected.hear(DIAGNOSED)
    assert (answered(first), connected.sent()) == (True, b"\0\x02NC")
    side.reactor.advance(5)
    side.reactor.advance(0)
    assert second.failed(OutcomeUnknown)
    assert connected.lost, "a late reply could not be told from the next one's"


def test_mistakes_of_ours() -> None:
    with pytest.raises(ValueError, match="tell"):
        Poolside(wire=Wire(1))
    side = Poolside()
    with pytest.raises(ValueError, match="takes"):
        side.pool.call("CA", Empty())
    with pytest.raises(LookupError, match="name its code"):
        side.pool.ask(Empty(), Empty)
