"""Keys of terminals over their links: an ATM's every day, a POS terminal's at every sign-on."""

from __future__ import annotations

from dataclasses import replace

from support.keydesks import End
from twisted.internet.task import Clock

from switch.asking import Holder, KeyForm, NewTerminalKey, PinFormat
from switch.codec.codec import codec
from switch.codec.framing import Framer
from switch.codec.message import Message, Value
from switch.flow.ports import Use, WorkingKey
from switch.keys.config import KeysConfig, TerminalConfig
from switch.keys.terminal import Renewal
from switch.keys.terminalforms import Given, form_of
from switch.link.config import LinkConfig
from switch.link.profile import Automatic, Control, Profile, SignOn
from switch.link.terms import Purpose

DAY = 86_400
TMK = "U" + 32 * "0"
OWN: dict[int, Value] = {7: "1122334455"}


class Line(End):
    """A host's end of a line; at the other there are terminals, which the test plays."""

    def __init__(self, spec: str, *terminals: TerminalConfig, profile: Profile | None = None) -> None:
        self.said: list[Message] = []
        self._seen = 0
        self._listener = Framer(codec(spec).spec.framing)
        link = LinkConfig("line", spec, "127.0.0.1", 5001, profile or QUIET)
        super().__init__(Clock(), link, KeysConfig(terminals=terminals))
        self.connect()

    def connect(self) -> None:
        self.link.connected(self)

    def write(self, frame: bytes) -> None:
        self._listener.feed(frame)
        self.said += [self.link.codec.decode(each) for each in iter(self._listener.next, None)]

    def run(self, seconds: float) -> list[Message]:
        """What was said since the last time, after so many *seconds*."""
        for _ in range(int(seconds * 10)):
            self.clock.advance(0.1)
        before, self._seen = self._seen, len(self.said)
        return self.said[before:]

    def hear(self, message: Message) -> None:
        self.link.frame(self.link.codec.encode(message))

    def keys(self, terminal: str) -> list[WorkingKey]:
        return list(self.desk.incoming("line", Use.PIN, terminal))

    def opens(self, terminal: str) -> list[str]:
        return [key.cryptogram[-6:] for key in self.keys(terminal)]

    def given(self, message: Message) -> Given:
        found = form_of(self.link.codec).given(message)
        assert found is not None
        return found

    def confirms(self, push: Message, kcv: str | None = None, response: str = "00") -> None:
        kcv = self.given(push).kcv if kcv is None else kcv
        version = self.given(push).version
        fields = {number: push.fields[number] for number in (7, 11, 41, 70)} | {39: response}
        self.hear(Message("0810", fields | (dict(form_of(self.link.codec).confirm(version, kcv)) if kcv else {})))


ATM = TerminalConfig("ATM00001", Renewal.DAILY, TMK, "line")
POS = TerminalConfig("POS00001", Renewal.SIGN_ON, TMK)
QUIET = Profile(sign_on=SignOn.NONE, controls={Automatic.ECHO: Control.NEVER})
NAC = replace(QUIET, code_field=24, codes={**QUIET.codes, Purpose.KEY_REQUEST: "811"})


def sign_on(stan: int, terminal: str = "POS00001") -> Message:
    return Message("0800", {11: f"{stan:06d}", 24: "811", 41: terminal})


def test_an_atm_gets_a_key_every_day() -> None:
    line = Line("napas", ATM)
    seen = []
    for _ in range(3):
        (push,) = line.run(3)
        assert (push.mti, push.fields[70], push.fields[41]) == ("0800", "161", "ATM00001")
        seen.append(line.given(push).kcv)
        line.confirms(push)
        line.run(70)
        assert line.opens("ATM00001") == [seen[-1]]
        (status,) = line.desk.terminals()
        assert (status.state, status.version, status.kcv) == ("in force", len(seen), seen[-1])
        assert line.run(3600) == [], "one a day"
        line.clock.rightNow += DAY - 3673
    assert len(set(seen)) == 3


def test_until_an_atm_confirms_both_keys_open_and_it_is_given_again_after_a_crash() -> None:
    line = Line("banknet", ATM)
    (push,) = line.run(3)
    line.confirms(push)
    line.run(1)
    old = line.given(push).kcv
    line.desk.renew("ATM00001")
    (push,) = line.run(3)
    new = line.given(push).kcv
    assert line.opens("ATM00001") == [old, new]
    line.crash()
    line.run(2.1)
    line.connect()
    (again, *_) = line.run(1)
    assert line.given(again) == line.given(push), "the same key"
    assert line.opens("ATM00001") == [old, new]
    line.desk.proved(line.keys("ATM00001")[1])
    line.run(1)
    assert line.opens("ATM00001") == [new, old], "who uses it has it"
    line.run(61)
    assert line.opens("ATM00001") == [new]


def test_an_atm_that_has_another_key_or_refuses_gets_another_one() -> None:
    line = Line("napas", ATM)
    (push,) = line.run(3)
    line.confirms(push, "FFFFFF" if line.given(push).kcv != "FFFFFF" else "000000")
    assert any("another check value" in each for each in line.alarms)
    (second,) = line.run(33)
    assert line.given(second).kcv != line.given(push).kcv
    line.confirms(second, "", "63")
    (third,) = line.run(33)
    line.confirms(third, "", "96")
    (fourth, *_) = line.run(23)
    assert line.given(fourth) == line.given(third), "given again"
    line.confirms(fourth, "", "00")
    assert line.opens("ATM00001") == [line.given(third).kcv], "without a check value it is not confirmed"
    assert line.desk.terminals()[0].state == "given"


def test_an_atm_may_ask_for_its_key_and_too_many_errors_ask_for_it() -> None:
    line = Line("napas", ATM)
    (push,) = line.run(3)
    line.confirms(push)
    line.hear(Message("0800", {**OWN, 11: "000077", 41: "ATM00001", 70: "101"}))
    answer, push = line.run(3)
    assert (answer.mti, answer.fields[39], answer.fields[11]) == ("0810", "00", "000077")
    assert 48 not in answer.fields
    line.confirms(push)
    for _ in range(3):
        line.desk.failed("line", Use.PIN, "ATM00001")
    (another,) = line.run(3)
    assert line.given(another).kcv != line.given(push).kcv
    assert line.alarms


def test_an_atm_that_cannot_be_reached_is_given_its_key_when_it_comes() -> None:
    line = Line("napas", ATM)
    line.link.disconnected()
    line.run(100)
    assert line.hsm.asked == []
    line.connect()
    (push,) = line.run(2)
    assert line.given(push).version == 1


def test_a_pos_terminal_gets_a_key_at_each_sign_on_and_the_old_one_is_refused() -> None:
    line = Line("pos", POS, profile=NAC)
    assert line.opens("POS00001") == []
    seen: list[str] = []
    for stan in (1, 2, 3):
        line.hear(sign_on(stan))
        assert line.opens("POS00001") == [], "the one before is refused from the sign-on itself"
        (answer,) = line.run(1)
        assert (answer.mti, answer.fields[39], answer.fields[11]) == ("0810", "00", f"{stan:06d}")
        seen.append(line.given(answer).kcv)
        assert line.opens("POS00001") == [seen[-1]]
    assert len(set(seen)) == 3
    line.crash()
    line.run(2.1)
    assert line.opens("POS00001") == [seen[-1]]
    (key,) = line.keys("POS00001")
    assert (key.holder, key.terminal, key.format) == (Holder.TERMINAL, "POS00001", PinFormat.ISO_0)


def test_a_pos_terminal_whose_key_the_hsm_does_not_make_is_told_so() -> None:
    line = Line("pos", POS, profile=NAC)
    line.hsm.fails = True
    line.hear(sign_on(1))
    (answer,) = line.run(1)
    assert (answer.fields[39], answer.fields.get(62)) == ("96", None)
    line.hsm.fails = False
    line.hear(sign_on(2))
    line.hear(sign_on(3))
    (answer,) = line.run(1)
    assert answer.fields[11] == "000003", "the newest of two is answered"
    assert line.opens("POS00001") == [line.given(answer).kcv]


def test_the_key_of_a_pos_terminal_is_committed_before_it_is_told() -> None:
    line = Line("pos", POS, profile=NAC)
    line.store.away = True
    line.hear(sign_on(1))
    assert line.run(5) == []
    assert line.opens("POS00001") == []
    line.store.away = False
    (answer,) = line.run(2)
    assert line.opens("POS00001") == [line.given(answer).kcv]


def test_terminals_share_a_line_and_are_found_by_their_id() -> None:
    other = TerminalConfig("POS00002", Renewal.SIGN_ON, TMK)
    strange = TerminalConfig("POS00003", Renewal.SIGN_ON, TMK, "another")
    line = Line("pos", POS, other, strange, profile=NAC)
    line.hear(sign_on(1))
    line.hear(sign_on(2, "POS00002"))
    answers = line.run(1)
    assert {each.fields[41] for each in answers} == {"POS00001", "POS00002"}
    assert line.opens("POS00001") != line.opens("POS00002")
    line.hear(sign_on(3, "POS00003"))
    line.hear(sign_on(4, "POS00004"))
    line.run(1)
    assert [each.fields[41] for each in line.unclaimed] == ["POS00003", "POS00004"]
    assert line.opens("POS00003") == line.opens("POS00004") == []
    line.desk.failed("line", Use.PIN, "POS00004")
    assert line.desk.incoming("line", Use.MAC, "POS00001") == ()


def test_a_dialect_without_room_for_the_key_is_told_to_terminal_and_operator() -> None:
    line = Line("pos", replace(POS, export=KeyForm.TR_31), profile=NAC)
    line.hear(sign_on(1))
    answers = line.run(1)
    assert [each.fields[39] for each in answers] == ["96"]
    assert any("can't carry the key" in each for each in line.alarms)
    assert line.hsm.asked == [NewTerminalKey(TMK, KeyForm.TR_31)]


def test_a_new_day_does_not_ask_for_all_keys_at_one_instant() -> None:
    many = [TerminalConfig(f"ATM{number:05d}", Renewal.DAILY, TMK, "line") for number in range(1000)]
    line = Line("napas", *many)
    line.run(1.5)
    assert len(line.hsm.asked) == 200
    line.run(4)
    assert len(line.hsm.asked) == 1000
