"""A model of cards and LMKs: whatever is done in whatever order, what is loaded is what whole sets make."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from support.ceremony import CHOICE, NAMES, authorised, vacant
from support.playbook import PIN, Operator, quick_cards

from hsm.console import cards as _cards  # noqa: F401  (declares the commands)
from hsm.console import lmk as _lmk  # noqa: F401  (declares the commands)
from hsm.keys.masters import LmkForm
from hsm.policy.authority import Authority
from hsm.storage.cards import Card, Role

MOSTLY, RARELY = st.sampled_from((True, True, True, False)), st.sampled_from((False, False, False, True))


class Ceremonies(RuleBasedStateMachine):
    """Cards are issued, components written, PINs mistyped, LMKs loaded and deleted, in any order."""

    patch: pytest.MonkeyPatch

    @initialize()
    def begin(self) -> None:
        self.patch = pytest.MonkeyPatch()
        quick_cards(self.patch)
        self.operator = vacant()
        self.sets: list[tuple[list[Card], str]] = []
        self.blank: list[Card] = self.operator.holders(*NAMES[:4])
        self.loaded: dict[str, str] = {}

    def teardown(self) -> None:
        if hasattr(self, "patch"):
            self.patch.undo()

    @rule(name=st.sampled_from(NAMES[:4]))
    def issue(self, name: str) -> None:
        if len(self.blank) < 8:
            self.blank.append(self.operator.card(name))

    @rule(form=st.sampled_from(LmkForm), wrong=st.booleans(), cut=RARELY)
    def make(self, form: LmkForm, wrong: bool, cut: bool) -> None:
        holders = {card.holder: card for card in self.blank}
        if len(holders) < 2:
            return
        ann, ben = list(holders.values())[:2]
        self.operator.types("GK", CHOICE[form], "2", "G", ann.serial, PIN, ben.serial)
        if cut:
            self.operator.screen = self.operator.shell.interrupt()
            return
        if wrong:
            self.operator.types("00000")
        shown = self.operator.types(PIN)
        self.blank = [card for card in self.blank if card not in (ann, ben)]
        self.sets.append(([ann, ben], shown.partition("LMK check value: ")[2][:6]))

    @precondition(lambda self: self.sets)
    @rule(which=st.integers(0, 99), lmk_id=st.sampled_from(("00", "01", "02")), swap=st.booleans(), sure=MOSTLY)
    def load(self, which: int, lmk_id: str, swap: bool, sure: bool) -> None:
        (first, second), check_value = self.sets[which % len(self.sets)]
        if swap:
            first, second = second, first
        shown = self.operator.types("LK", lmk_id)
        if lmk_id in self.loaded:
            assert "is in use" in shown
            return
        shown = self.operator.types("", "C", first.serial, PIN, "Y", second.serial, PIN, "Y" if sure else "N")
        if sure:
            assert f"LMK {lmk_id} is loaded." in shown
            self.loaded[lmk_id] = check_value

    @precondition(lambda self: len(self.sets) > 1)
    @rule(one=st.integers(0, 99), other=st.integers(0, 99))
    def mix(self, one: int, other: int) -> None:
        one, other = one % len(self.sets), other % len(self.sets)
        if one == other or "03" in self.loaded:
            return
        first, second = self.sets[one][0][0], self.sets[other][0][1]
        self.operator.types("LK", "03", "", "C", first.serial, PIN, "Y")
        shown = self.operator.types(second.serial)
        if first.holder != second.holder:
            shown = self.operator.types(PIN)
        assert ("another set" in shown) is not ("been here already" in shown)

    @precondition(lambda self: self.loaded)
    @rule(sure=MOSTLY)
    def delete(self, sure: bool) -> None:
        lmk_id = min(self.loaded)
        assert "authorised state" in self.operator.types("DM", lmk_id)
        authorised(self.operator, lmk_id)
        self.operator.types("DM", lmk_id, "Y" if sure else "N")
        self.operator.appliance.authorise(Authority())
        if sure:
            del self.loaded[lmk_id]

    @invariant()
    def the_table_is_as_expected(self) -> None:
        if hasattr(self, "operator"):
            lmks = self.operator.appliance.lmks
            assert {lmk_id: lmk.check_value[:6] for lmk_id, lmk in lmks.items()} == self.loaded
            assert self.operator.screen.prompt in ("Secure> ", "Secure-AUTH> ")


Ceremonies.TestCase.settings = hypothesis_settings(max_examples=50, stateful_step_count=30, deadline=None)
TestCeremonies = Ceremonies.TestCase


COMMANDS = ("GK", "LK", "LO", "LN", "V", "VT", "DM", "DO", "DC", "FC", "NP", "VC", "RC", "CO", "RESET")
LIKELY = ("", "Y", "N", "1", "2", "3", "4", "00", "C", "K", "G", "T", "L", "I", "E", "O", PIN, "EVE", "AB" * 32)


@given(st.lists(st.sampled_from(COMMANDS + LIKELY) | st.integers(0, 3) | st.text(max_size=30), max_size=40))
def test_nonsense_is_answered_in_words(typed: list[str | int]) -> None:
    """Whatever is typed, commands end done, refused or given up, never in a fault of ours."""
    with pytest.MonkeyPatch.context() as patch:
        quick_cards(patch)
        operator = Operator()
        cards = operator.holders("ANN", "BEN") + operator.holders("CAT", "DAN", role=Role.OFFICER)
        for each in typed:
            shown = operator.types(cards[each].serial if isinstance(each, int) else each)
            assert "Internal fault" not in shown
        operator.shell.hang_up("dropped")
        assert {entry.outcome for entry in operator.speaker.entries} <= {"00", "NO", "GU"}
