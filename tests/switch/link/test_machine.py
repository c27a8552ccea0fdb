"""The link's machine, by stories from the networks' rules."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import pytest
from support.walking import Walk, answer, controls, elapsed, received, sent

from switch.codec.message import Message
from switch.link import events as ev
from switch.link.events import Counted, Order
from switch.link.profile import Because, Control, Profile, SignOn
from switch.link.state import State
from switch.link.terms import Echo, Line, Ours, Purpose, Theirs, Timer


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


def test_an_echo_that_tells_which_keys_are_in_force_is_for_those_above() -> None:
    walk = Walk(Profile(sign_on=SignOn.NONE))
    walk.connected()
    check = {7: "1122334455", 11: "000009", 53: "0100000000000000", 70: "301"}
    assert walk(received("0800", check)) == (ev.Deliver(Message("0800", check), Purpose.ECHO),)
    assert walk(received("0810", {**check, 39: "00"})) == (ev.Deliver(Message("0810", {**check, 39: "00"})),)
    sign_on = {**check, 70: "001"}
    assert [each.mti for each in sent(walk(received("0800", sign_on)))] == ["0810"], "nothing else goes up for a DE 53"


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
