"""Whatever appliances and connections do: each request has one outcome, the right one, and none is sent too often."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from support.poolside import DIAGNOSED, FIRST_PORT, Connected, Outcome, Poolside
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from hsm.client.codec import Reply
from hsm.client.pool import NotSent, OutcomeUnknown
from hsm.dialects.thales.status import AskEcho, Echo

TIMEOUT, ATTEMPTS, OUTSTANDING, WAITING = 5.0, 3, 3, 4
SITES = (0, 0, 1)


@dataclass
class Told:
    """A request: how often it came on any wire, and what became of it."""

    text: bytes
    repeat: bool
    seen: int = 0
    outcome: Outcome = field(default_factory=Outcome)


class Pooling(RuleBasedStateMachine):
    """Three appliances that echo, or not."""

    def __init__(self) -> None:
        super().__init__()
        self.side = Poolside(
            priorities=SITES,
            timeout_seconds=TIMEOUT,
            attempt_seconds=2.0,
            attempts_max=ATTEMPTS,
            outstanding_max=OUTSTANDING,
            waiting_max=WAITING,
        )
        self.asked: dict[bytes, Told] = {}
        self.lines: list[Connected] = []
        self.unanswered: list[tuple[Connected, bytes]] = []
        self.drained: set[int] = set()

    def hear(self) -> None:
        """Take what the pool has sent, and count it."""
        for line in self.lines:
            for frame in line.requests():
                self.unanswered.append((line, frame))
                if frame[4:6] == b"B2":
                    self.asked[frame[10:]].seen += 1
        self.lines = [line for line in self.lines if not line.lost]
        self.unanswered = [each for each in self.unanswered if not each[0].lost]

    @rule(repeat=st.booleans())
    def ask(self, repeat: bool) -> None:
        told = Told(b"%06d" % len(self.asked), repeat)
        self.asked[told.text] = told
        replied: Deferred[Reply] = self.side.pool.call("B2", AskEcho(data=told.text), repeat=repeat)
        replied.addBoth(told.outcome.got.append)
        self.hear()

    @precondition(lambda self: self.unanswered)
    @rule(draw=st.data())
    def answer(self, draw: st.DataObject) -> None:
        line, frame = self.unanswered.pop(draw.draw(st.integers(0, len(self.unanswered) - 1)))
        if frame[4:6] == b"NC":
            line.hear(frame[:4] + DIAGNOSED)
        else:
            line.hear(frame[:4] + b"B300" + frame[10:])
        self.hear()

    @precondition(lambda self: self.unanswered)
    @rule(draw=st.data(), reply=st.sampled_from([b"", b"B3", b"ND00", b"B313", b"B341"]))
    def answer_oddly(self, draw: st.DataObject, reply: bytes) -> None:
        line, frame = self.unanswered.pop(draw.draw(st.integers(0, len(self.unanswered) - 1)))
        line.hear(frame[:4] + reply)
        self.hear()

    @precondition(lambda self: self.lines)
    @rule(draw=st.data())
    def cut(self, draw: st.DataObject) -> None:
        draw.draw(st.sampled_from(self.lines)).cut()
        self.hear()

    @precondition(lambda self: self.lines)
    @rule(draw=st.data(), garbage=st.binary(min_size=1, max_size=20))
    def babble(self, draw: st.DataObject, garbage: bytes) -> None:
        draw.draw(st.sampled_from(self.lines)).hear(b"zz" + garbage)
        self.hear()

    @precondition(lambda self: self.side.reactor.tcpClients)
    @rule(draw=st.data())
    def accept(self, draw: st.DataObject) -> None:
        attempt = draw.draw(st.sampled_from(self.side.reactor.tcpClients))
        self.lines.append(self.side.accept(attempt[1] - FIRST_PORT))
        self.hear()

    @rule(seconds=st.sampled_from([0.0, 0.1, 1.0, 2.0, 5.0]))
    def wait(self, seconds: float) -> None:
        self.side.reactor.advance(seconds)
        self.hear()

    @rule(number=st.sampled_from(range(len(SITES))))
    def drain_or_restore(self, number: int) -> None:
        if number in self.drained:
            self.drained.remove(number)
            self.side.pool.restore(f"hsm-{number}")
        else:
            self.drained.add(number)
            self.side.pool.drain(f"hsm-{number}")
            clients = self.side.reactor.tcpClients
            clients[:] = [each for each in clients if each[1] != FIRST_PORT + number]  # given up
        self.hear()

    @invariant()
    def what_was_promised_holds(self) -> None:
        figures = self.side.pool.figures()
        assert figures.in_flight <= len(SITES) * OUTSTANDING
        assert figures.queued <= WAITING + len(SITES) * OUTSTANDING
        for told in self.asked.values():
            assert told.seen <= (ATTEMPTS if told.repeat else 1), "sent too often"
            assert len(told.outcome.got) <= 1
            for got in told.outcome.got:
                if isinstance(got, Failure):
                    assert got.check(NotSent, OutcomeUnknown)
                    assert (told.seen == 0) is (got.check(NotSent) is not None)
                else:
                    assert isinstance(got, Reply)
                    assert got.answer in (None, Echo(data=told.text)), "another one's reply"

    def teardown(self) -> None:
        """In the end everything has its outcome and nothing is left."""
        for _ in range(3):
            self.side.reactor.advance(TIMEOUT)
        assert all(len(told.outcome.got) == 1 for told in self.asked.values())
        figures = self.side.pool.figures()
        assert (figures.queued, figures.queued_bytes) == (0, 0)
        assert figures.answered + figures.unknown + figures.not_sent == len(self.asked)
        self.side.pool.stop()
        self.side.reactor.advance(0)
        assert [each for each in self.side.reactor.getDelayedCalls() if each.active()] == []


TestPooling = Pooling.TestCase
TestPooling.settings = settings(max_examples=60, stateful_step_count=60, deadline=None)
