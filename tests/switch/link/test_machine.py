"""The link's machine, by stories from the networks' rules and by random events."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from switch.codec.message import Message
from switch.link import events as ev
from switch.link.events import Counted, Order
from switch.link.machine import Moment, step
from switch.link.profile import CONTROLS, Automatic, Because, Control, Profile, SignOn
from switch.link.state import State
from switch.link.terms import Echo, Line, Ours, Purpose, Theirs, Timer


class Walk:
    """A link led through events; ``stan`` counts upwards."""

    def __init__(self, profile: Profile | None = None) -> None:
        self.profile = profile or Profile()
        self.state = State()
        self.stan = 0

    def __call__(self, *events: ev.Event) -> tuple[ev.Effect, ...]:
        effects: tuple[ev.Effect, ...] = ()
        for event in events:
            self.stan += 1
            self.state, effects = step(
                self.state, event, self.profile, Moment(f"{self.stan:06d}", "1122334455", 0.0)
            )  # fmt: skip
        return effects

    def connected(self) -> tuple[ev.Effect, ...]:
        return self(ev.Ordered(Order.OPEN), ev.Connected())

    def signed_on(self) -> Walk:
        asked = sent(self.connected())[0]
        self(answer(asked), received("0800", {7: "1122334455", 11: "777777", 70: "001"}))
        return self


def sent(effects: tuple[ev.Effect, ...]) -> list[Message]:
    return [each.message for each in effects if isinstance(each, ev.Send)]


def received(mti: str, fields: dict[int, str]) -> ev.Received:
    return ev.Received(Message(mti, fields))


def answer(asked: Message, response: str = "00") -> ev.Received:
    return ev.Received(asked.changed(mti="0810", fields={39: response}))


def elapsed(timer: Timer, quiet_seconds: float = 1e6) -> ev.Elapsed:
    return ev.Elapsed(timer, quiet_seconds)


def controls(**said: Control) -> MappingProxyType[Automatic, Control]:
    return MappingProxyType({**CONTROLS, **{Automatic[name]: control for name, control in said.items()}})


def test_a_call_then_sign_on_by_the_networks_codes() -> None:
    walk = Walk(Profile(elements=MappingProxyType({32: "970400"})))
    assert walk(ev.Ordered(Order.OPEN)) == (ev.Seek(),)
    effects = walk(ev.Connected())
    asked = Message("0800", {32: "970400", 7: "1122334455", 11: "000002", 70: "001"})
    assert effects == (
        ev.Send(asked),
        ev.StartTimer(Timer.SIGN, 15.0),
        ev.StopTimer(Timer.ECHO),
        ev.StartTimer(Timer.IDLE, 60.0),
    )
    assert not walk.state.may_send(walk.profile)
    assert walk(answer(asked)) == (ev.StopTimer(Timer.SIGN),)
    assert walk.state.may_send(walk.profile)
    assert not walk.state.may_receive(walk.profile)


def test_both_sign_on_at_once_and_both_are_answered() -> None:
    walk = Walk()
    asked = sent(walk.connected())[0]
    [reply] = sent(walk(received("0800", {7: "0102030405", 11: "000002", 32: "970436", 70: "001"})))
    assert reply == Message("0810", {7: "0102030405", 11: "000002", 32: "970436", 39: "00", 70: "001"})
    assert (walk.state.ours, walk.state.theirs) == (Ours.ASKING_ON, Theirs.ON)
    walk(answer(asked))
    assert (walk.state.ours, walk.state.theirs) == (Ours.ON, Theirs.ON)


def test_a_request_before_the_peer_signed_on_is_refused_with_91_and_without_its_secrets() -> None:
    walk = Walk()
    asked = sent(walk.connected())[0]
    walk(answer(asked))
    fields = {2: "9704360000000001", 3: "010000", 4: "5", 7: "1122334455", 11: "000009", 35: "97=", 52: "00", 48: "k"}
    [count, refusal] = walk(received("0200", fields))
    assert count == ev.Count(Counted.REFUSED, Because.NOT_SIGNED_ON)
    assert isinstance(refusal, ev.Send)
    assert refusal.message == Message(
        "0210", {2: fields[2], 3: "010000", 4: "5", 7: "1122334455", 11: "000009", 39: "91"}
    )  # fmt: skip
    assert walk(received("0210", {11: "1"})) == (ev.Deliver(Message("0210", {11: "1"})),), "late answers matter"


def test_two_missed_echoes_drop_the_link_and_what_is_heard_meanwhile_counts_as_an_answer() -> None:
    walk = Walk().signed_on()
    assert walk(elapsed(Timer.IDLE, 59.0)) == (ev.StartTimer(Timer.IDLE, 1.0),)
    [echo] = sent(walk(elapsed(Timer.IDLE, 60.0)))
    assert echo.fields[70] == "301"
    assert ev.StartTimer(Timer.IDLE, 60.0) in walk(elapsed(Timer.ECHO, 9.0))
    walk(elapsed(Timer.IDLE))
    again = walk(elapsed(Timer.ECHO))
    assert again[0] == ev.Count(Counted.ECHOES_MISSED)
    assert sent(again)[0].fields[11] != echo.fields[11]
    assert ev.HangUp() in walk(elapsed(Timer.ECHO))
    assert walk.state == State(Line.DROPPING)
    assert walk(received("0200", {11: "1"})) == (ev.Count(Counted.OUT_OF_PLACE),)
    assert walk(ev.Disconnected()) == (ev.StartTimer(Timer.PAUSE, 1.0),)


def test_an_answered_echo_is_watched_on_and_an_old_answer_is_not_taken_for_it() -> None:
    walk = Walk().signed_on()
    [first] = sent(walk(elapsed(Timer.IDLE)))
    [second] = sent(walk(elapsed(Timer.ECHO)))
    assert walk(answer(first)) == (ev.Count(Counted.OUT_OF_PLACE),)
    assert walk.state.echoing == second.fields[11]
    walk(answer(second))
    assert walk.state.echo is Echo.HEARD


def test_the_pause_doubles_until_something_is_heard() -> None:
    walk = Walk()
    walk(ev.Ordered(Order.OPEN))
    pauses = []
    for _ in range(8):
        [pause] = walk(ev.Disconnected())
        assert isinstance(pause, ev.StartTimer)
        pauses.append(pause.seconds)
        assert walk(elapsed(Timer.PAUSE)) == (ev.Seek(),)
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60]
    asked = sent(walk(ev.Connected()))[0]
    assert walk.state.attempts == 8, "a peer that takes calls and hangs up is not called faster"
    walk(answer(asked))
    assert ev.StartTimer(Timer.PAUSE, 1.0) in walk(ev.Disconnected())


def test_who_does_not_call_awaits_the_next_call_at_once() -> None:
    walk = Walk(Profile(calls=False)).signed_on()
    assert walk(ev.Disconnected())[-1] == ev.Seek()
    assert walk.state == State(Line.SOUGHT)


def test_an_unanswered_sign_on_is_asked_again_and_then_the_line_is_given_up() -> None:
    walk = Walk()
    walk.connected()
    stans = [sent(walk(elapsed(Timer.SIGN)))[0].fields[11] for _ in range(2)]
    assert len(set(stans)) == 2
    assert ev.HangUp() in walk(elapsed(Timer.SIGN))


def test_a_refused_sign_on_rests_and_is_asked_again() -> None:
    walk = Walk()
    asked = sent(walk.connected())[0]
    assert walk(answer(asked, "05")) == (
        ev.PeerRefused(Purpose.SIGN_ON, "05"),
        ev.StopTimer(Timer.SIGN),
        ev.StartTimer(Timer.SIGN, 30.0),
    )
    assert sent(walk(elapsed(Timer.SIGN)))[0].fields[70] == "001"


@pytest.mark.parametrize(
    "ending", [lambda off: answer(off), lambda off: elapsed(Timer.SIGN), lambda off: answer(off, "96")]
)
def test_closing_signs_off_first_and_hangs_up_whatever_the_answer(ending: object) -> None:
    walk = Walk().signed_on()
    [off] = sent(walk(ev.Ordered(Order.CLOSE)))
    assert off.fields[70] == "002"
    assert walk.state.line is Line.LEAVING
    assert callable(ending)
    assert ev.HangUp() in walk(ending(off))
    assert walk(ev.Disconnected()) == (ev.Cease(),)
    assert walk.state == State()


def test_closing_a_line_without_sign_on_hangs_up_at_once() -> None:
    walk = Walk(Profile(sign_on=SignOn.NONE))
    walk.connected()
    assert walk.state.may_send(walk.profile)
    assert walk.state.may_receive(walk.profile)
    assert ev.HangUp() in walk(ev.Ordered(Order.CLOSE))
    assert walk(ev.Ordered(Order.OPEN)) == ()
    assert ev.StartTimer(Timer.PAUSE, 1.0) in walk(ev.Disconnected()), "the last order counts"


def test_either_sides_sign_on_opens_both_ways_and_either_sides_sign_off_closes_both() -> None:
    walk = Walk(Profile(sign_on=SignOn.EITHER, controls=controls(SIGN_ON=Control.NEVER)))
    walk.connected()
    walk(received("0800", {11: "1", 70: "001"}))
    assert walk.state.may_send(walk.profile)
    assert walk(ev.Ordered(Order.SIGN_ON)) == (ev.Refused(Order.SIGN_ON),), "never means no order either"
    both = Walk(Profile(sign_on=SignOn.EITHER)).signed_on()
    both(received("0800", {11: "1", 70: "002"}))
    assert (both.state.ours, both.state.theirs) == (Ours.OFF, Theirs.OFF)


def test_a_manual_answer_waits_for_the_order() -> None:
    walk = Walk(Profile(controls=controls(ANSWER_SIGN_ON=Control.MANUAL, SIGN_ON=Control.MANUAL)))
    assert sent(walk.connected()) == []
    assert walk(received("0800", {11: "1", 70: "001"})) == (ev.AskOperator(Purpose.SIGN_ON),)
    assert sent(walk(ev.Ordered(Order.TURN_AWAY))) == [Message("0810", {11: "1", 39: "05", 70: "001"})]
    assert not walk.state.may_receive(walk.profile)
    walk(received("0800", {11: "2", 70: "001"}))
    assert sent(walk(ev.Ordered(Order.ADMIT)))[0].fields[39] == "00"
    assert walk.state.theirs is Theirs.ON
    assert walk(ev.Ordered(Order.ADMIT)) == (ev.Refused(Order.ADMIT),)
    assert sent(walk(ev.Ordered(Order.SIGN_ON)))[0].fields[70] == "001"


@pytest.mark.parametrize(
    ("automatic", "event"),
    [
        ("ANSWER_SIGN_ON", received("0800", {11: "1", 70: "001"})),
        ("ANSWER_SIGN_OFF", received("0800", {11: "1", 70: "002"})),
        ("ANSWER_ECHO", received("0800", {11: "1", 70: "301"})),
        ("ANSWER_UNKNOWN", received("0800", {11: "1", 70: "999"})),
        ("ANSWER_REJECT", received("0620", {11: "1"})),
        ("REFUSE", received("0200", {11: "1"})),
        ("REFUSE", ev.Overloaded(Message("0200", {11: "1"}))),
        ("REFUSE", ev.Garbled("0200", ((11, "1"),), "DE 4")),
        ("REJECT", ev.Garbled(None, (), "bitmap")),
        ("REJECT", received("9999", {})),
        ("SIGN_ON", ev.Connected()),
        ("SIGN_OFF", ev.Ordered(Order.CLOSE)),
    ],
)
def test_every_automatic_message_can_be_switched_off(automatic: str, event: ev.Event) -> None:
    for control, said in ((Control.AUTOMATIC, True), (Control.NEVER, False)):
        walk = Walk(Profile(controls=controls(**{automatic: control})))
        if event == ev.Connected():
            assert bool(sent(walk.connected())) is said
            continue
        if automatic == "SIGN_OFF":
            walk.signed_on()
        else:
            walk.connected()
        assert bool(sent(walk(event))) is said


def test_without_automatic_echoes_quiet_is_not_watched_and_an_order_still_asks() -> None:
    walk = Walk(Profile(controls=controls(ECHO=Control.MANUAL)))
    assert not any(isinstance(each, ev.StartTimer) and each.timer is Timer.IDLE for each in walk.connected())
    assert sent(walk(ev.Ordered(Order.ECHO)))[0].fields[70] == "301"


def test_calling_can_be_manual() -> None:
    walk = Walk(Profile(controls=controls(CALL=Control.MANUAL))).signed_on()
    assert ev.Cease() in walk(ev.Disconnected())
    assert walk.state == State()


def test_codes_that_clash_between_networks_are_the_links_own() -> None:
    push = Walk(Profile()).signed_on()
    csm = Walk(replace(Profile(), codes=MappingProxyType({Purpose.KEY_REQUEST: "161", Purpose.KEY_CHANGE: "162"})))
    csm.connected()
    asked = received("0800", {11: "5", 70: "161"})
    assert push(asked) == (ev.Deliver(asked.message, Purpose.KEY_CHANGE),)
    assert csm(asked) == (ev.Deliver(asked.message, Purpose.KEY_REQUEST),)
    assert csm(ev.Ordered(Order.ECHO)) == (ev.Refused(Order.ECHO),), "this network has no echo"


def test_what_has_no_meaning_is_rejected_by_its_place_and_a_rejection_never_is() -> None:
    walk = Walk().signed_on()
    [*_, rejected] = walk(ev.Garbled(None, (), "DE 55 9F26 at byte 1234567890"))
    assert isinstance(rejected, ev.Send)
    assert rejected.message.mti == "0620"
    assert rejected.message.fields[44] == "DE 55 9F26 at byte 123456"
    assert rejected.message.fields[39] == "30"
    assert walk(ev.Garbled("0620", ((11, "1"),), "DE 44")) == (ev.Count(Counted.GARBLED), ev.Count(Counted.DROPPED))
    assert sent(walk(received("0400", {11: "1"})))[0].mti == "0620"
    allowed = Walk(Profile(reversal_requests=True)).signed_on()
    assert allowed(received("0400", {11: "1"})) == (ev.Deliver(Message("0400", {11: "1"})),)


def test_a_reply_swaps_the_addresses_of_its_header() -> None:
    walk = Walk(Profile(addresses=(slice(1, 3), slice(3, 5)))).signed_on()
    asked = Message("0800", {11: "1", 70: "301"}, bytes.fromhex("6001020304FF"))
    assert sent(walk(ev.Received(asked)))[0].header == bytes.fromhex("6003040102FF")


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
TestRandomLink.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
