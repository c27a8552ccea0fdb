"""One link at work, with a clock and a connection that tests hold in their hands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from support.linked import Seen
from support.paper import Paper
from twisted.internet.task import Clock

from switch.codec.codec import codec
from switch.codec.message import Message, Value
from switch.link.config import LinkConfig
from switch.link.events import Order
from switch.link.matching import Verdict
from switch.link.profile import Profile, SignOn
from switch.link.terms import Line
from switch.server.drive import DrivenLink, Sending

CONFIG = LinkConfig("alpha", "banknet", "127.0.0.1", 5001, Profile(sign_on=SignOn.NONE))


class Bench:
    def __init__(self, config: LinkConfig = CONFIG, answers: bool = True) -> None:
        self.clock, self.paper, self.above = Clock(), Paper(), Seen(answers)
        self.link = DrivenLink(config, self.above, self.paper, self.clock, lambda: 0.0, lambda: "1122334455")
        self.link.order(Order.OPEN)
        self.link.connected(self.paper)

    def hear(self, message: Message) -> None:
        self.link.frame(codec("banknet").encode(message))


def withdrawal(stan: int) -> Message:
    fields: dict[int, Value] = {2: "9704360000000001", 4: 500_000, 7: "1122334455", 11: f"{stan:06d}", 41: "ATM00001"}
    return Message("0200", fields)


def approval(stan: int) -> Message:
    return withdrawal(stan).changed(mti="0210", fields={39: "00"})


def test_t2_runs_out_once_and_the_late_answer_is_told_as_late() -> None:
    bench = Bench()
    for stan in (1, 2):
        assert bench.link.ask(withdrawal(stan), stan) is Sending.WRITTEN
        bench.clock.advance(5.0)
    bench.hear(approval(2))
    bench.clock.advance(9.9)
    assert bench.above.gone == []
    bench.clock.advance(0.1)
    assert bench.above.gone == [("expired", 1)]
    bench.hear(approval(1))
    bench.hear(approval(1))
    bench.hear(approval(3))
    verdicts = [finding.verdict for _, _, finding in bench.above.replies]
    assert verdicts == [Verdict.ANSWERS, Verdict.LATE, Verdict.DUPLICATE, Verdict.UNMATCHED]
    assert "DE 11 000003" in bench.above.replies[-1][2].trace
    assert bench.link.counts["replies late"] == bench.link.counts["requests expired"] == 1


def test_an_answer_that_stands_at_the_door_when_t2_runs_out_is_late() -> None:
    bench = Bench()
    bench.link.ask(withdrawal(1), "w1")
    bench.clock.rightNow += 20.0  # the reactor was busy: the timer has not fired yet
    bench.hear(approval(1))
    assert bench.above.gone == [("expired", "w1")]
    assert bench.above.replies[0][2].verdict is Verdict.LATE


def test_after_t1_nothing_is_owed_any_more() -> None:
    bench = Bench(answers=False)
    bench.hear(withdrawal(1))
    bench.hear(withdrawal(2))
    assert bench.link.owed == 2
    assert bench.link.answer(approval(1)) is Sending.WRITTEN
    assert bench.link.answer(approval(1)) is Sending.NOT_OWED, "each request is answered once"
    bench.clock.advance(30.0)
    assert bench.link.answer(approval(2)) is Sending.NOT_OWED
    assert [message.fields[11] for message in bench.paper.said()] == ["000001"]


def test_more_requests_than_may_wait_are_refused_at_once() -> None:
    bench = Bench(replace(CONFIG, owed_max=2), answers=False)
    for stan in (1, 2, 3):
        bench.hear(withdrawal(stan))
    [refusal] = bench.paper.said()
    assert (refusal.mti, refusal.fields[11], refusal.fields[39]) == ("0210", "000003", "96")
    assert len(bench.above.asked_) == 2
    assert bench.link.counts["requests refused by the link itself: busy"] == 1


def test_a_message_that_the_dialect_cannot_say_is_not_outstanding() -> None:
    bench = Bench()
    assert bench.link.ask(withdrawal(1).changed(fields={41: "too long for it"}), "w1") is Sending.UNSAYABLE
    assert bench.link.outstanding == 0


def test_outstanding_requests_are_bounded() -> None:
    bench = Bench(replace(CONFIG, outstanding_max=1))
    assert bench.link.ask(withdrawal(1), 1) is Sending.WRITTEN
    assert bench.link.ask(withdrawal(2), 2) is Sending.FULL


def test_a_silent_peer_is_asked_twice_and_dropped_and_called_again() -> None:
    bench = Bench()
    bench.clock.advance(59.0)
    bench.link.frame(b"")
    bench.clock.advance(59.0)
    assert bench.paper.said() == [], "a keepalive is something heard"
    bench.clock.advance(1.0)
    assert [message.fields[70] for message in bench.paper.said()] == ["301"]
    bench.clock.advance(10.0)
    assert [message.fields[70] for message in bench.paper.said()] == ["301"]
    assert not bench.paper.hung_up
    bench.clock.advance(10.0)
    assert bench.paper.hung_up
    bench.link.disconnected()
    bench.clock.advance(0.9)
    assert bench.paper.sought == 1
    bench.clock.advance(0.1)
    assert bench.paper.sought == 2
    assert not bench.clock.getDelayedCalls()


def test_an_order_given_while_a_change_is_told_is_taken_after_it() -> None:
    bench = Bench()

    def close(link: DrivenLink, before: object) -> None:
        if link.state.line is Line.CONNECTED:
            link.order(Order.CLOSE)

    again = Bench()
    again.link.disconnected()
    again.above.changed = close  # type: ignore[method-assign]  # this layer above acts on what it is told
    again.clock.advance(1.0)
    again.link.connected(again.paper)
    assert again.link.state.line is Line.CLOSING
    assert bench.link.state.line is Line.CONNECTED


def mutated(draw: Callable[[st.SearchStrategy[int]], int]) -> bytes:
    wire = bytearray(codec("banknet").encode(withdrawal(draw(st.integers(0, 9)))))
    for _ in range(draw(st.integers(0, 4))):
        wire[draw(st.integers(0, len(wire) - 1))] = draw(st.integers(0, 255))
    return bytes(wire[: draw(st.integers(0, len(wire)))])


@settings(max_examples=300, deadline=None)
@given(frames=st.lists(st.one_of(st.binary(max_size=60), st.composite(mutated)()), max_size=12))
def test_any_bytes_get_an_answer_or_a_count(frames: list[bytes]) -> None:
    bench = Bench()
    for frame in frames:
        before = dict(bench.link.counts)
        bench.link.frame(frame)
        answers = bench.paper.said()
        assert len(answers) <= 1
        silent = frame and not answers
        assert not silent or bench.link.counts != before
        for answer in answers:
            assert answer.mti[2] in "13" or answer.mti == "0620"
    assert bench.link.state.line is Line.CONNECTED
    assert bench.link.owed == 0
