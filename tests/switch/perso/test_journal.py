"""The journal as a state machine, and what it refuses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from switch.perso.journal import Journal, JournalError, Mailer, State

OFFICERS = ("Anna", "Binh")
CARDS = 4


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    made = Journal(tmp_path / "j.db", "BANK", "O")
    made.begin("digest", CARDS, "t", lambda serial: False)
    yield made
    made.close_file()


def test_each_chip_has_a_serial_of_its_own_over_orders(tmp_path: Path) -> None:
    path = tmp_path / "j.db"
    serials = []
    for order in ("O1", "O2"):
        journal = Journal(path, "BANK", order)
        journal.begin("d", 2, "t", lambda serial: False)
        serials += [journal.begin_card(number, mailed=False, at="t") for number in (1, 2)]
        journal.close_file()
    assert serials == [1, 2, 3, 4]


def test_order(journal: Journal) -> None:
    journal.begin_card(1, mailed=True, at="t")
    for wrong in (
        lambda: journal.begin_card(1, mailed=True, at="t"),
        lambda: journal.again(1, OFFICERS, "why", "t"),
        lambda: journal.again(2, OFFICERS, "why", "t"),
        lambda: journal.begin_mailer(2, "t"),
        lambda: journal.decide_mailer(1, OFFICERS, "why", "t", again=True),
        lambda: journal.end("t"),
    ):
        with pytest.raises(JournalError):
            wrong()
    journal.made(1, "t")
    for officers, why in ((("Anna", "Anna"), "why"), (("Anna", ""), "why"), (OFFICERS, "")):
        with pytest.raises(JournalError, match="two officers"):
            journal.again(1, officers, why, "t")


def test_a_begun_chip_that_came_out_is_made(tmp_path: Path) -> None:
    path = tmp_path / "j.db"
    first = Journal(path, "BANK", "O")
    first.begin("d", 2, "t", lambda serial: False)
    out = first.begin_card(1, mailed=False, at="t")
    first.begin_card(2, mailed=False, at="t")
    first.close_file()
    again = Journal(path, "BANK", "O")
    again.begin("d", 2, "t", lambda serial: serial == out)
    assert [card.state for card in again.cards()] == [State.MADE, State.WAITING]
    assert [(event.sequence, event.what) for event in again.events()] == [(1, "made"), (2, "spoiled")]


class Life(RuleBasedStateMachine):
    """Cards and mailers in any order of events, with kills; what is made stays made, what is printed is printed once."""

    def __init__(self) -> None:
        super().__init__()
        import tempfile

        self.folder = tempfile.TemporaryDirectory()
        self.out: set[int] = set()
        self.printed: dict[int, int] = {}
        self.asked_again: dict[int, int] = {}
        self.begun: dict[int, int] = {}
        self.reopen()

    def reopen(self) -> None:
        self.journal = Journal(Path(self.folder.name) / "j.db", "BANK", "O")
        self.journal.begin("d", CARDS, "t", self.out.__contains__)
        self.begun = {}

    def teardown(self) -> None:
        self.journal.close_file()
        self.folder.cleanup()

    @rule(number=st.integers(1, CARDS))
    def begin(self, number: int) -> None:
        if self.journal.card(number).state is State.WAITING:
            self.begun[number] = self.journal.begin_card(number, mailed=True, at="t")

    @rule(number=st.integers(1, CARDS), told=st.booleans())
    def come_out(self, number: int, told: bool) -> None:
        if number in self.begun:
            self.out.add(self.begun[number])
            if told:
                self.journal.made(number, "t")
                del self.begun[number]

    @rule(number=st.integers(1, CARDS))
    def fail(self, number: int) -> None:
        if number in self.begun and self.begun[number] not in self.out:
            self.journal.failed(number, "broken", "t", attempts_max=2)
            del self.begun[number]

    @rule(outcome=st.sampled_from([Mailer.PRINTED, Mailer.DUE, None]))
    def mail(self, outcome: Mailer | None) -> None:
        due = [card for card in self.journal.cards() if card.state is State.MADE and card.mailer is Mailer.DUE]
        for number in [card.sequence for card in due]:
            self.journal.begin_mailer(number, "t")
            if outcome is not Mailer.DUE:
                self.printed[number] = self.printed.get(number, 0) + 1
            if outcome is not None:
                self.journal.mailed(number, outcome, "t")
            else:
                self.kill()
            break

    @rule()
    def kill(self) -> None:
        self.journal.close_file()
        self.reopen()

    @rule(number=st.integers(1, CARDS), again=st.booleans())
    def decide(self, number: int, again: bool) -> None:
        if self.journal.card(number).mailer is Mailer.DOUBTFUL:
            self.journal.decide_mailer(number, OFFICERS, "looked", "t", again=again)
            self.asked_again[number] = self.asked_again.get(number, 0) + again

    @rule(number=st.integers(1, CARDS))
    def remake(self, number: int) -> None:
        if self.journal.card(number).state is State.REJECTED:
            self.journal.again(number, OFFICERS, "why", "t")

    @invariant()
    def what_is_out_is_known(self) -> None:
        for card in self.journal.cards():
            if card.state is State.MADE:
                assert card.chip in self.out

    @invariant()
    def each_card_came_out_once_at_most(self) -> None:
        """No card of these is remade once it was made."""
        assert len(self.out) <= CARDS

    @invariant()
    def no_mailer_by_itself_twice(self) -> None:
        for number, count in self.printed.items():
            assert count <= 1 + self.asked_again.get(number, 0)


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
