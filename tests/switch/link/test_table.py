"""The tables under random events: what holds whatever happens in whatever order."""

from __future__ import annotations

from types import MappingProxyType

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from support.walking import Walk, answer, elapsed, received, sent

from switch.codec.message import Message
from switch.link import events as ev
from switch.link.events import Order
from switch.link.profile import CONTROLS, Automatic, Control, Profile, SignOn
from switch.link.table import ECHO, LINE, OURS, THEIRS
from switch.link.terms import Act, Echo, Line, Ours, Signal, Theirs, Timer


def test_every_state_signal_and_act_is_in_a_table_and_every_connection_can_end() -> None:
    rows = [*LINE.items(), *OURS.items(), *THEIRS.items(), *ECHO.items()]
    assert {state for (state, _), _ in rows} == {*Line, *Ours, *Theirs, *Echo}
    assert {signal for (_, signal), _ in rows} == set(Signal)
    assert {act for _, (_, acts) in rows for act in acts} == set(Act)
    for line in (Line.SOUGHT, Line.CONNECTED, Line.LEAVING, Line.DROPPING, Line.CLOSING):
        assert all((line, cut) in LINE for cut in (Signal.CUT_CALLS, Signal.CUT_AWAITS, Signal.CUT_STAYS))


MANAGEMENT = ("001", "002", "301", "101", "161", "999")
MTIS = ("0200", "0210", "0220", "0400", "0420", "0421", "0430", "0620", "0630", "0800", "0801", "0810", "0244", "9999")


class RandomLink(RuleBasedStateMachine):
    """Whatever happens in whatever order, within what a driver guarantees: no frames without a connection."""

    @initialize(
        calls=st.booleans(),
        sign_on=st.sampled_from(SignOn),
        said=st.dictionaries(st.sampled_from(Automatic), st.sampled_from(Control), max_size=3),
    )
    def begin(self, calls: bool, sign_on: SignOn, said: dict[Automatic, Control]) -> None:
        self.walk = Walk(Profile(calls=calls, sign_on=sign_on, controls=MappingProxyType({**CONTROLS, **said})))
        self.timers: set[Timer] = set()
        self.signs: list[str] = []
        self.sought = self.up = False
        self.asked: list[Message] = []

    def happen(self, event: ev.Event) -> None:
        before = self.walk.state
        effects = self.walk(event)
        mine = [m for m in sent(effects) if m.mti == "0800"]
        assert len(mine) <= 1, "one STAN, one question"
        for effect in effects:
            match effect:
                case ev.StartTimer(timer, seconds):
                    self.timers.add(timer)
                    assert seconds > 0
                case ev.StopTimer(timer):
                    self.timers.discard(timer)
                case ev.Seek():
                    assert not self.up, "no second connection"
                    self.sought = True
                case ev.Cease():
                    self.sought = False
                case ev.HangUp():
                    assert self.up
                case ev.Deliver(message):
                    request = message.mti[2] in "024" and message.mti[1] not in "68"
                    assert not request or before.may_receive(self.walk.profile)
                case ev.Send(message):
                    assert before.listens or isinstance(event, ev.Connected)
                    assert not set(message.fields) & {35, 45, 48, 52, 55, 64, 128}
        for message in mine:
            if message.fields[70] == "301":
                ordered = event == ev.Ordered(Order.ECHO)
                assert ordered or isinstance(event, ev.Elapsed), "an echo only when it is quiet, or by order"
                assert ordered or (isinstance(event, ev.Elapsed) and event.quiet_seconds >= 10)
            if message.fields[70] == "001":
                out_by_clock = isinstance(event, ev.Elapsed) and event.timer is Timer.SIGN
                assert before.signing is None or out_by_clock, "never two sign-ons outstanding"
        self.asked += mine

    @rule(order=st.sampled_from(Order))
    def order(self, order: Order) -> None:
        self.happen(ev.Ordered(order))

    @precondition(lambda self: self.sought and not self.up and self.walk.state.line is Line.SOUGHT)
    @rule()
    def connect(self) -> None:
        self.up, self.sought = True, False
        self.happen(ev.Connected())

    @precondition(lambda self: self.up or (self.sought and self.walk.profile.calls))
    @rule()
    def disconnect(self) -> None:
        self.up = self.sought = False
        self.happen(ev.Disconnected())

    @precondition(lambda self: self.up)
    @rule(mti=st.sampled_from(MTIS), code=st.sampled_from(MANAGEMENT), stan=st.integers(0, 99))
    def hear(self, mti: str, code: str, stan: int) -> None:
        self.happen(received(mti, {7: "1122334455", 11: f"{stan:06d}", 48: "k", 52: "p", 70: code}))

    @precondition(lambda self: self.up and self.asked)
    @rule(which=st.integers(0, 3), response=st.sampled_from(("00", "05")))
    def reply(self, which: int, response: str) -> None:
        self.happen(answer(self.asked[-1 - which % len(self.asked)], response))

    @precondition(lambda self: self.up)
    @rule(mti=st.sampled_from((None, *MTIS)), readable=st.booleans())
    def garble(self, mti: str | None, readable: bool) -> None:
        self.happen(ev.Garbled(mti, ((11, "1"),) if readable else (), "DE 4 at byte 33"))

    @precondition(lambda self: self.timers)
    @rule(pick=st.integers(0, 9), quiet=st.sampled_from((0.0, 9.0, 10.0, 61.0)))
    def elapse(self, pick: int, quiet: float) -> None:
        timer = sorted(self.timers, key=lambda each: each.name)[pick % len(self.timers)]
        self.timers.discard(timer)
        self.happen(elapsed(timer, quiet))

    @invariant()
    def holds(self) -> None:
        if not hasattr(self, "walk"):
            return
        state = self.walk.state
        assert (state.signing is not None) == (state.ours in (Ours.ASKING_ON, Ours.ASKING_OFF))
        assert (state.echoing is not None) == (state.echo is not Echo.HEARD)
        assert state.listens or (state.ours, state.theirs, state.echo) == (Ours.OFF, Theirs.OFF, Echo.HEARD)
        assert state.listens == self.up or state.line in (Line.DROPPING, Line.CLOSING)
        assert (Timer.PAUSE in self.timers) == (state.line is Line.PAUSED)
        assert state.listens or not self.timers - {Timer.PAUSE}
        if state.signing is not None:
            assert Timer.SIGN in self.timers, "no question waits for ever"
        if state.echoing is not None:
            assert Timer.ECHO in self.timers
        elif state.listens and self.walk.profile.automatic(Automatic.ECHO):
            assert Timer.IDLE in self.timers, "a silent peer is always found out"


TestRandomLink = RandomLink.TestCase
TestRandomLink.settings = settings(stateful_step_count=40, deadline=None)
