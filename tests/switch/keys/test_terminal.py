"""An ATM has a new PIN key every day, a POS terminal at every sign-on."""

from __future__ import annotations

from datetime import date, timedelta

from switch.keys.effects import AskHsm, Effect, Note, Save, SendTerminalKey
from switch.keys.events import HsmRefused, Made
from switch.keys.line import Rules
from switch.keys.terminal import Clock, Confirmed, Renewal, SignedOn, TerminalEvent, TerminalKeys, step

RULES = Rules(grace_s=60, answer_s=20, back_off_s=30)
TODAY = date(2026, 11, 22)
DAY = timedelta(1)


class Terminal:
    """A terminal's keys, its clock, and what was done."""

    def __init__(self, renewal: Renewal) -> None:
        self.keys = TerminalKeys("ATM00001", renewal, "tmk under the LMK")
        self.now = 0.0

    def meet(self, event: TerminalEvent, later: float = 0.0) -> list[Effect]:
        self.now += later
        self.keys, effects = step(self.keys, event, self.now, RULES)
        return list(effects)

    def made(self, effects: list[Effect], kcv: str) -> list[Effect]:
        (job,) = (each.job for each in effects if isinstance(each, AskHsm))
        return self.meet(Made(job, kcv, f"lmk{kcv}", f"tmk{kcv}"))

    @property
    def opens(self) -> list[str]:
        return [key.kcv for key in self.keys.for_decryption(self.now)]


def test_an_atms_key_changes_every_day_and_only_then() -> None:
    atm = Terminal(Renewal.DAILY)
    for number in range(1, 4):
        effects = atm.meet(Clock(TODAY + number * DAY), 86_000)
        assert atm.made(effects, f"00000{number}") == [
            Save(), SendTerminalKey("ATM00001", number, f"00000{number}", f"tmk00000{number}"),
        ]  # fmt: skip
        atm.meet(Confirmed(number, f"00000{number}"))
        assert atm.meet(Clock(TODAY + number * DAY), 400) == []
        assert atm.opens == [f"00000{number}"], "the one before is gone after the grace"


def test_until_an_atm_confirms_either_key_opens_and_the_new_one_is_given_again() -> None:
    atm = Terminal(Renewal.DAILY)
    atm.made(atm.meet(Clock(TODAY)), "00000A")
    atm.meet(Confirmed(1, "00000a"))
    atm.made(atm.meet(Clock(TODAY + DAY)), "00000B")
    assert atm.opens == ["00000A", "00000B"]
    assert atm.meet(Clock(TODAY + DAY), 19) == []
    again = SendTerminalKey("ATM00001", 2, "00000B", "tmk00000B")
    assert atm.meet(Clock(TODAY + DAY), 1) == [again]
    assert atm.meet(SignedOn()) == [again], "it may have been away"
    assert atm.meet(Confirmed(1, "00000A")) == [], "a late confirmation"
    atm.meet(Confirmed(2, "00000B"))
    assert atm.opens == ["00000B", "00000A"]
    atm.now += 61
    assert atm.opens == ["00000B"]


def test_an_atm_with_another_check_value_gets_another_key() -> None:
    atm = Terminal(Renewal.DAILY)
    atm.made(atm.meet(Clock(TODAY)), "00000A")
    assert any(isinstance(each, Note) and each.alarm for each in atm.meet(Confirmed(1, "FFFFFF")))
    assert atm.opens == []
    assert atm.meet(Clock(TODAY), 29) == []
    assert [type(each) for each in atm.meet(Clock(TODAY), 1)] == [AskHsm]


def test_a_pos_terminal_has_a_new_key_at_each_sign_on_and_the_old_one_is_refused() -> None:
    pos = Terminal(Renewal.SIGN_ON)
    assert pos.opens == [], "no key before a sign-on"
    for number in range(1, 4):
        effects = pos.meet(SignedOn(), 10)
        assert pos.opens == []
        assert isinstance(pos.made(effects, f"00000{number}")[-1], SendTerminalKey)
        assert pos.opens == [f"00000{number}"]
    assert pos.meet(Clock(TODAY + 9 * DAY)) == [], "days don't matter to it"


def test_a_sign_on_while_the_hsm_works_makes_no_second_key() -> None:
    pos = Terminal(Renewal.SIGN_ON)
    effects = pos.meet(SignedOn())
    assert pos.meet(SignedOn()) == [Save()]
    assert len(pos.made(effects, "00000A")) == 2


def test_a_failing_hsm_is_told_and_asked_again_later() -> None:
    atm = Terminal(Renewal.DAILY)
    atm.meet(Clock(TODAY))
    assert isinstance(atm.meet(HsmRefused(1))[0], Note)
    assert atm.meet(HsmRefused(1)) == []
    assert atm.meet(Made(1, "00000A", "l", "t")) == [], "an answer that comes after all"
    assert atm.meet(Clock(TODAY), 29) == []
    assert [type(each) for each in atm.meet(Clock(TODAY), 1)] == [AskHsm]


def test_no_cryptogram_has_a_text() -> None:
    atm = Terminal(Renewal.DAILY)
    effects = atm.made(atm.meet(Clock(TODAY)), "00000A")
    assert "tmk" not in repr(atm.keys).replace("under_tmk", "")
    assert "lmk00" not in repr(atm.keys)
    assert "tmk00" not in repr(effects)
