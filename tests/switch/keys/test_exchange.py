"""One line of keys, step by step."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from switch.keys.effects import AskHsm, Direction, Effect, ImportZoneKey, KeyType, NewZoneKey, Note, Save, Send
from switch.keys.events import (
    ChangeKey,
    Event,
    Heard,
    HsmRefused,
    Imported,
    LinkUp,
    Made,
    PartnerUsed,
    SyncError,
    Tick,
    Used,
)
from switch.keys.exchange import step
from switch.keys.line import VERSION_MAX, Line, Rules
from switch.keys.slots import Slot, Slots, State, ZoneKey
from switch.keys.words import Check, NotTaken, Offer, Taken, Wanted, Why, Word

RULES = Rules(
    grace_s=60, answer_s=20, back_off_s=30, back_off_most_s=100, period_s=None, uses_max=None, sync_errors_max=None
)


class Side:
    """A line, its clock, and what was done."""

    def __init__(self, is_switch: bool = True, version: int = 2, rules: Rules = RULES) -> None:
        slots = Slots((Slot(State.ACTIVE, key(version)), Slot())) if version else Slots()
        self.line = Line("bank", KeyType.ZPK, Direction.BOTH, is_switch, slots, connected=True)
        self.rules = rules
        self.now = 1000.0

    def meet(self, event: Event, later: float = 0.0) -> list[Effect]:
        self.now += later
        self.line, effects = step(self.line, event, self.now, self.rules)
        return list(effects)

    def hear(self, word: Word) -> list[Word]:
        return said(self.meet(Heard(word)))

    def states(self) -> dict[str, int]:
        return {slot.state.name: slot.key.version for slot in self.line.slots.pair if slot.key}

    def offers(self) -> Offer:
        """The operator asks for a key, and the HSM makes it."""
        (asked,) = [each for each in self.meet(ChangeKey()) if isinstance(each, AskHsm)]
        assert asked.question == NewZoneKey("bank", KeyType.ZPK)
        effects = self.meet(Made(asked.job, "00000c", "under lmk", "X" + "0" * 32))
        assert [type(each) for each in effects] == [Save, Send], "committed before it is sent"
        (offer,) = said(effects)
        assert isinstance(offer, Offer)
        return offer

    def takes(self, offer: Offer, kcv: str) -> list[Word]:
        (asked,) = [each for each in self.meet(Heard(offer)) if isinstance(each, AskHsm)]
        assert asked.question == ImportZoneKey("bank", KeyType.ZPK, offer.under_zmk)
        effects = self.meet(Imported(asked.job, kcv, "under lmk"))
        assert isinstance(effects[0], Save), "committed before it is answered"
        return said(effects)


def key(version: int) -> ZoneKey:
    return ZoneKey(version, f"{version:06X}", f"lmk{version}")


def said(effects: list[Effect]) -> list[Word]:
    return [each.word for each in effects if isinstance(each, Send)]


def alarms(effects: list[Effect]) -> list[str]:
    return [each.text for each in effects if isinstance(each, Note) and each.alarm]


def offer(version: int | None = 3, base: int | None = 2, kcv: str = "00000C") -> Offer:
    return Offer(version, kcv, base, "X" + "0" * 32)


def test_the_switch_starts_an_exchange() -> None:
    switch, member = Side(), Side(is_switch=False)
    given = switch.offers()
    assert (given.version, given.base, given.kcv) == (3, 2, "00000C")
    assert switch.states() == {"ACTIVE": 2, "PENDING": 3}
    (taken,) = member.takes(given, "00000C")
    assert taken == Taken(3, "00000C")
    assert member.states() == {"ACTIVE": 3, "RETIRING": 2}
    assert switch.hear(taken) == []
    assert switch.states() == {"ACTIVE": 3, "RETIRING": 2}
    switch.meet(Tick(), 60)
    assert switch.states() == {"ACTIVE": 3, "RETIRING": 2}
    switch.meet(Tick(), 1)
    assert switch.states() == {"ACTIVE": 3}
    member.meet(Tick(), 9_999)
    assert member.states() == {"ACTIVE": 3, "RETIRING": 2}, "the switch was not yet seen to use the new key"
    member.meet(PartnerUsed(3))
    member.meet(Tick(), 61)
    assert member.states() == {"ACTIVE": 3}


def test_a_member_asks_for_a_key() -> None:
    switch, member = Side(), Side(is_switch=False)
    assert said(member.meet(ChangeKey())) == [Wanted(2)]
    assert said(member.meet(Tick(), 19)) == []
    assert said(member.meet(Tick(), 1)) == [Wanted(2)]
    (asked,) = [each for each in switch.meet(Heard(Wanted(2))) if isinstance(each, AskHsm)]
    assert switch.meet(Heard(Wanted(2))) == [], "one key for two wishes"
    (given,) = said(switch.meet(Made(asked.job, "00000C", "l", "X" + "0" * 32)))
    assert switch.hear(Wanted(2)) == [given], "the key that is pending is the answer to a wish"
    assert isinstance(given, Offer)
    (taken,) = member.takes(given, "00000C")
    assert said(member.meet(Tick(), 99)) == [], "nothing is wanted any more"
    switch.hear(taken)
    switch.meet(Tick(), 61)
    assert switch.meet(Heard(Wanted(2))) == [], "a late repeat of a wish that was granted"


def test_an_offer_is_repeated_until_it_is_answered_and_taken_once() -> None:
    switch, member = Side(), Side(is_switch=False)
    given = switch.offers()
    assert said(switch.meet(Tick(), 19)) == []
    for _ in range(3):
        assert said(switch.meet(Tick(), 20)) == [given]
    assert member.takes(given, "00000C") == [Taken(3, "00000C")]
    before = member.line
    assert member.hear(given) == [Taken(3, "00000C")]
    assert member.line == before


def test_repeats_slow_down_with_an_alarm_and_never_end() -> None:
    switch = Side()
    given = switch.offers()
    times, warned = [switch.now], 0
    while len(times) < 12:
        effects = switch.meet(Tick(), 1)
        warned += len(alarms(effects))
        if said(effects) == [given]:
            times.append(switch.now)
    gaps = [second - first for first, second in pairwise(times)]
    assert gaps == [20, 20, 20, 30, 60, 100, 100, 100, 100, 100, 100]
    assert warned == 1


def test_an_offer_heard_twice_while_the_hsm_imports_it_is_imported_once() -> None:
    member = Side(is_switch=False)
    assert [type(each) for each in member.meet(Heard(offer()))] == [AskHsm]
    assert member.meet(Heard(offer())) == []


def test_glare_the_switchs_offer_stands() -> None:
    switch, member = Side(), Side(is_switch=False, rules=replace(RULES, member_makes=True))
    ours, theirs = switch.offers(), member.offers()
    (refusal,) = switch.hear(theirs)
    assert refusal == NotTaken(3, Why.GLARE, 3)
    assert member.takes(ours, "00000C") == [Taken(3, "00000C")]
    assert member.hear(refusal) == []
    assert switch.hear(Taken(3, "00000C")) == []
    assert (switch.states(), member.states()) == ({"ACTIVE": 3, "RETIRING": 2},) * 2
    assert switch.hear(replace(theirs, kcv="00000D")) == [NotTaken(3, Why.STALE, 3)], "a late repeat of the loser"


def test_an_offer_that_follows_another_version_is_refused() -> None:
    """A loser of glare that had reached version 4 arrives when the switch has gone on with version 3."""
    switch = Side(version=3)
    assert switch.hear(offer(4, base=2)) == [NotTaken(4, Why.OUT_OF_STEP, 4)]
    assert switch.hear(offer(5, base=0)) == [NotTaken(5, Why.OUT_OF_STEP, 5)], "only the switch may override"
    assert Side(is_switch=False, version=7).takes(offer(9, base=0), "00000C") == [Taken(9, "00000C")]


@pytest.mark.parametrize("version", [0, 1, 2, VERSION_MAX + 1])
def test_old_and_impossible_versions_are_refused(version: int) -> None:
    (refusal,) = Side(is_switch=False).hear(offer(version, base=0, kcv="ABCDEF"))
    assert isinstance(refusal, NotTaken)
    assert refusal.why is Why.STALE


def test_a_refused_offer_stays_refused() -> None:
    member = Side(is_switch=False)
    member.meet(Heard(offer()))
    effects = member.meet(HsmRefused(1))
    assert said(effects) == [NotTaken(3, Why.HSM, 3)]
    assert len(alarms(effects)) == 1
    assert member.hear(offer()) == [NotTaken(3, Why.STALE, 3)]
    assert member.line.recovered().refused == 3


def test_a_key_of_another_check_value_is_not_taken() -> None:
    member = Side(is_switch=False)
    assert member.takes(offer(), "ABCDEF") == [NotTaken(3, Why.CHECK_VALUE, 3)]
    assert member.states() == {"ACTIVE": 2}


def test_a_refusal_drops_the_key_and_another_is_made_later() -> None:
    switch = Side()
    switch.offers()
    assert switch.hear(NotTaken(2, Why.HSM)) == [], "about another version"
    assert switch.states() == {"ACTIVE": 2, "PENDING": 3}
    switch.hear(NotTaken(3, Why.STALE, 8))
    assert switch.states() == {"ACTIVE": 2}
    assert switch.hear(Taken(3, "00000C")) == [], "too late"
    switch.meet(Tick(), 29)
    assert switch.line.making is None
    (asked,) = [each for each in switch.meet(Tick(), 60) if isinstance(each, AskHsm)]
    (again,) = said(switch.meet(Made(asked.job, "00000D", "l", "X" + "1" * 32)))
    assert isinstance(again, Offer)
    assert again.version == 9


def test_an_answer_with_another_check_value_is_an_alarm_and_a_new_exchange() -> None:
    switch = Side()
    switch.offers()
    effects = switch.meet(Heard(Taken(3, "ABCDEF")))
    assert len(alarms(effects)) == 1
    assert switch.states() == {"ACTIVE": 2}
    assert switch.meet(Tick(), 29) == [], "not at once: a broken partner would have it for ever"
    (asked,) = [each for each in switch.meet(Tick(), 99) if isinstance(each, AskHsm)]
    (again,) = said(switch.meet(Made(asked.job, "00000D", "l", "X" + "1" * 32)))
    assert isinstance(again, Offer)
    assert (again.version, again.base) == (4, 0)


@pytest.mark.parametrize(
    ("rules", "events", "due"),
    [
        (replace(RULES, period_s=100), [(Tick(), 99.0)], 1.0),
        (replace(RULES, uses_max=3), [(Used(), 1.0)] * 2, 0.0),
        (replace(RULES, sync_errors_max=3, sync_window_s=10), [(SyncError(), 1.0)] * 2, 1.0),
    ],
)
def test_what_starts_an_exchange(rules: Rules, events: list[tuple[Event, float]], due: float) -> None:
    switch = Side(rules=rules)
    switch.line = replace(switch.line, active_since=switch.now)
    for event, later in events:
        assert switch.meet(event, later) == []
    assert AskHsm in [type(each) for each in switch.meet(events[-1][0], due)]


def test_errors_that_lie_far_apart_start_none() -> None:
    switch = Side(rules=replace(RULES, sync_errors_max=3, sync_window_s=10))
    assert [effect for _ in range(9) for effect in switch.meet(SyncError(), 6)] == []
    assert len(switch.line.sync_errors) <= 3


def test_a_line_without_a_key_wants_one() -> None:
    switch, member = Side(version=0), Side(is_switch=False, version=0)
    assert AskHsm in [type(each) for each in switch.meet(Tick())]
    assert said(member.meet(Tick())) == [Wanted(0)]


def test_nothing_begins_while_the_link_is_down_the_hsm_fails_or_an_old_key_is_kept() -> None:
    switch = Side()
    switch.line = replace(switch.line, connected=False)
    assert switch.meet(ChangeKey()) == []
    assert AskHsm in [type(each) for each in switch.meet(LinkUp())]
    assert len(alarms(switch.meet(HsmRefused(1)))) == 1
    assert switch.meet(Tick(), 29) == []
    assert AskHsm in [type(each) for each in switch.meet(Tick(), 1)]
    switch.meet(Made(2, "00000C", "l", "X" + "0" * 32))
    switch.hear(Taken(3, "00000C"))
    assert switch.meet(ChangeKey(), 59) == []
    assert AskHsm in [type(each) for each in switch.meet(Tick(), 2)]


def test_after_a_crash_the_same_offer_goes_out_again() -> None:
    switch = Side()
    given = switch.offers()
    switch.line = switch.line.recovered()
    assert said(switch.meet(LinkUp())) == [given]
    assert switch.hear(Check(3, "00000C")) == [], "the partner had taken it"
    assert switch.states() == {"ACTIVE": 3, "RETIRING": 2}


def test_a_message_under_the_pending_key_is_an_answer_too() -> None:
    switch = Side()
    switch.offers()
    assert [key.version for key in switch.line.for_decryption(None, switch.now)] == [2, 3]
    switch.meet(PartnerUsed(3))
    assert switch.states() == {"ACTIVE": 3, "RETIRING": 2}
    assert [key.version for key in switch.line.for_decryption(None, switch.now)] == [3, 2]
    assert [key.version for key in switch.line.for_decryption(2, switch.now)] == [2]
    assert switch.line.for_decryption(2, switch.now + 61) == ()


def test_sides_that_are_out_of_step_say_so_at_the_connection_and_come_together() -> None:
    """The member's state is an old copy: it has a key that the switch has long forgotten."""
    switch, member = Side(version=9), Side(is_switch=False, version=4)
    (check,) = said(member.meet(LinkUp()))
    effects = switch.meet(Heard(check))
    assert len(alarms(effects)) == 1
    (asked,) = [each for each in effects if isinstance(each, AskHsm)]
    (given,) = said(switch.meet(Made(asked.job, "00000C", "l", "X" + "0" * 32)))
    assert isinstance(given, Offer)
    (taken,) = member.takes(given, "00000C")
    switch.hear(taken)
    assert switch.states() == {"ACTIVE": 10, "RETIRING": 9}
    assert member.states() == {"ACTIVE": 10, "RETIRING": 4}
    assert switch.line.for_encryption() == replace(key(10), kcv="00000C", under_lmk="l")


def test_forms_without_versions_know_a_repeat_by_its_check_value() -> None:
    member = Side(is_switch=False)
    plain = Offer(None, "", None, "X" + "0" * 32)
    assert member.takes(plain, "00000C") == [Taken(None, "00000C")]
    assert member.states() == {"ACTIVE": 3, "RETIRING": 2}
    assert member.hear(plain) == [Taken(None, "00000C")], "at once: the HSM could fail the second time"
    again = replace(plain, under_zmk="U" + "0" * 32)
    assert member.meet(Heard(again))[-1:]
    assert said(member.meet(Imported(2, "00000C", "l"))) == [Taken(None, "00000C")]
    assert member.states() == {"ACTIVE": 3, "RETIRING": 2}
    assert member.takes(replace(plain, under_zmk="X" + "1" * 32), "000002") == [NotTaken(None, Why.STALE, 3)]
    assert Side().hear(plain) == [NotTaken(None, Why.ROLE, 2)]
    switch = Side()
    switch.offers()
    assert switch.hear(Taken(None, "000002")) == []
    assert switch.states() == {"ACTIVE": 2, "PENDING": 3}, "a late answer about the key in force"
    switch.hear(Taken(None, "00000C"))
    assert switch.states() == {"ACTIVE": 3, "RETIRING": 2}


def test_when_the_versions_are_used_up_an_alarm_says_so() -> None:
    switch = Side(version=VERSION_MAX)
    effects = switch.meet(ChangeKey())
    assert len(alarms(effects)) == 1
    assert AskHsm not in [type(each) for each in effects]
    assert switch.meet(Tick(), 50) == []


def test_rules_that_could_not_be_kept_are_refused() -> None:
    with pytest.raises(ValueError, match="grace_s"):
        Rules(grace_s=0)


def test_no_cryptogram_has_a_text() -> None:
    switch = Side()
    given = switch.offers()
    assert "X000" not in repr(switch.line) + repr(given) + repr(ImportZoneKey("l", KeyType.ZPK, given.under_zmk))
    assert "under lmk" not in repr(switch.line) + repr(Made(1, "k", "under lmk", "under zmk"))
