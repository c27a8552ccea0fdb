"""An operator's line: prompts, refusals in words, ceremonies one at a time, an audit entry for each command."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.appliances import make_speaker
from support.playbook import Operator

from hsm.console import shell as shell_module
from hsm.console.declaration import SECURE, Commands
from hsm.console.desk import Desk
from hsm.console.dialogue import Ask, Dialogue, Say, chosen, confirmed, lmk_id, matching, number
from hsm.console.people import new_pin, present, two_officers
from hsm.console.shell import Shell
from hsm.policy.authority import Interface
from hsm.policy.position import Position
from hsm.refusal import KeyMasquerades
from hsm.storage.cards import Role

table = Commands()
closed: list[str] = []


@table.command("QUIZ", words="[TOPIC]")
def quiz(desk: Desk, words: tuple[str, ...]) -> Dialogue[None]:
    """Ask this and that."""
    yield Say(f"Topic {words[0] if words else 'any'}.")
    name = yield from matching("Name: ", "[A-Z]{1,5}", "1 to 5 letters")
    count = yield from number("Count", 1, 9)
    kind = yield from chosen("Kind", ("A", "B"), "B")
    sure = yield from confirmed("Sure?")
    lmk = yield from lmk_id()
    yield Say(f"{name} {count} {kind} {sure} {lmk}")


@table.command("RITE", SECURE, ceremony=True)
def rite(desk: Desk, words: tuple[str, ...]) -> Dialogue[None]:
    """A ceremony with a secret."""
    try:
        yield Ask("Secret: ", secret=True, chars_max=8)
        yield Ask("More: ")
    finally:
        closed.append(desk.line)


@table.command("DUAL")
def dual(desk: Desk, words: tuple[str, ...]) -> Dialogue[None]:
    """Two officers."""
    first, second = yield from two_officers(desk)
    yield Say(f"{first.name} and {second.name}; {first!r}")


@table.command("MINE", needs="export.001")
def mine(desk: Desk, words: tuple[str, ...]) -> Dialogue[None]:
    """Needs what only an officer gives."""
    yield Say("done")


@table.command("HUFF")
def huff(desk: Desk, words: tuple[str, ...]) -> Dialogue[None]:
    """Refuses."""
    yield Say("before")
    raise KeyMasquerades


@table.command("OOPS")
def oops(desk: Desk, words: tuple[str, ...]) -> Dialogue[None]:
    """Breaks."""
    yield Say("before")
    raise KeyError("8F2A secret 8F2A")


@table.command("PINS")
def pins(desk: Desk, words: tuple[str, ...]) -> Dialogue[None]:
    """Gives a card a PIN."""
    holder = yield from present(desk, "Custodian", Role.CUSTODIAN)
    pin = yield from new_pin()
    desk.rack.change_pin(holder.card.serial, "12345", pin)


@pytest.fixture(autouse=True)
def own_commands(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(shell_module, "console", table)
    del closed[:]
    return iter(())


@dataclass
class Two:
    """Two lines of one appliance."""

    first: Operator = field(default_factory=Operator)

    def second(self) -> Shell:
        return Shell(Desk(self.first.appliance, self.first.rack, self.first.ceremonies, "ssh bob"), "ssh.bob")


def outcomes(operator: Operator) -> list[tuple[str, str]]:
    return [(entry.command, entry.outcome) for entry in operator.speaker.entries]


def test_a_dialogue_from_question_to_question() -> None:
    operator = Operator()
    shown = operator.types("quiz stamps", "anna", "0", "7", "", "y", "")
    assert shown == (
        "Topic stamps.\nName: Count (1-9): Expected a number from 1 to 9.\nCount (1-9): Kind [A/B] [B]: "
        "Sure? [Y/N] [N]: Enter LMK id [00]: ANNA 7 B True 00\nSecure-AUTH> "
    )
    entry = operator.speaker.entries[-1]
    assert (entry.command, entry.outcome, entry.interface) == ("QUIZ", "00", Interface.CONSOLE)


def test_three_useless_answers_end_it() -> None:
    operator = Operator()
    assert operator.types("QUIZ", "123", "", "toolong").endswith("No usable answer: given up.\nSecure-AUTH> ")
    assert outcomes(operator) == [("QUIZ", "NO")]


def test_the_prompt_shows_state_and_authority() -> None:
    assert Operator(make_speaker(authorise=""), Position.OFFLINE).screen.prompt == "Offline> "
    assert Operator(make_speaker(authorise="export"), Position.ONLINE).screen.prompt == "Online-AUTH> "


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("NOSUCH", "There is no such command"),
        ("DUAL at once", "DUAL takes nothing behind its name."),
        ("HUFF", "before\nA key of double or triple length has equal parts"),
        ("OOPS", "before\nInternal fault"),
        ("\x07", "Only printable"),
    ],
)
def test_what_can_not_be_done_is_said(line: str, answer: str) -> None:
    assert Operator().types(line).startswith(answer)


def test_an_unexpected_fault_leaves_its_place_and_never_its_text() -> None:
    operator = Operator()
    shown = operator.types("OOPS")
    assert "8F2A" not in shown + repr(operator.speaker.entries)
    assert operator.speaker.entries[-1].place.startswith("KeyError")


def test_a_command_runs_in_its_states_only() -> None:
    operator = Operator(position=Position.OFFLINE)
    assert operator.types("RITE").startswith("RITE needs the secure state.\n")


def test_the_gate_of_the_hosts_is_the_gate_of_the_console() -> None:
    assert "done" in Operator(make_speaker(authorise="export.001.console")).types("MINE")
    assert "needs the authorised state" in Operator(make_speaker(authorise="export.001.host")).types("MINE")


def test_one_ceremony_at_a_time_and_a_dropped_line_ends_it() -> None:
    two = Two()
    second = two.second()
    two.first.types("RITE")
    assert two.first.screen.secret
    assert "A ceremony is in progress on local" in second.line("RITE").text
    two.first.shell.hang_up("dropped")
    assert closed == ["local"]
    assert second.line("RITE").prompt == "Secret: "
    assert ("RITE", "GU") in outcomes(two.first)


def test_ctrl_c_gives_a_ceremony_up() -> None:
    operator = Operator()
    operator.types("RITE", "12345")
    screen = operator.shell.interrupt()
    assert (screen.text, screen.prompt) == ("\nGiven up.\n", "Secure-AUTH> ")
    assert closed == ["local"]
    assert operator.shell.interrupt().prompt == "Secure-AUTH> "


def test_dual_control_takes_two_people_not_two_cards() -> None:
    operator = Operator()
    alice, alices_second = operator.card("ALICE", Role.OFFICER), operator.card("ALICE", Role.OFFICER)
    bob, carol = operator.card("BOB", Role.OFFICER), operator.card("CAROL", Role.CUSTODIAN)
    shown = operator.types("DUAL", alice.serial, "12345", bob.serial, "12345")
    assert f"ALICE and BOB; <holder of card {alice.serial}>" in shown
    for other in (alice, alices_second):
        assert "ALICE has been here already" in operator.types("DUAL", alice.serial, "12345", other.serial)
    assert "is no officer's card" in operator.types("DUAL", carol.serial)
    assert "There is no card 99999999" in operator.types("DUAL", "99999999")


def test_wrong_pins_to_lock_out() -> None:
    operator = Operator()
    alice = operator.card("ALICE", Role.OFFICER)
    shown = operator.types("DUAL", alice.serial, "11111", "22222", "33333")
    assert "2 tries are left.\nEnter PIN: Wrong PIN: 1 try is left.\nEnter PIN: Wrong PIN: card" in shown
    assert shown.endswith("Secure-AUTH> ")
    assert "is locked" in operator.types("DUAL", alice.serial, "12345")


def test_a_new_pin_is_typed_twice() -> None:
    operator = Operator()
    carol = operator.card("CAROL")
    assert "The two differ." in operator.types("PINS", carol.serial, "12345", "23456", "23457")
    assert operator.types("PINS", carol.serial, "12345", "23456", "23456") != ""
    assert operator.rack.read(carol.serial, "23456") == b""


@given(st.lists(st.text(max_size=30), max_size=12))
def test_whatever_is_typed_the_line_goes_on(lines: list[str]) -> None:
    operator = Operator()
    for line in lines:
        screen = operator.shell.line(line)
        assert screen.prompt or screen.over


def test_an_entry_names_whose_cards_were_there() -> None:
    operator = Operator()
    cards = [operator.card(holder, Role.OFFICER) for holder in ("ALICE", "BOB")]
    operator.types("DUAL", cards[0].serial, "12345", cards[1].serial, "12345", "HELLO")
    found = [(each.command, each.who) for each in operator.speaker.entries]
    assert found == [("DUAL", ("ALICE", "BOB")), ("$$", ())]


def test_nothing_is_done_that_the_audit_log_could_not_tell_of() -> None:
    operator = Operator()
    operator.appliance.audit.set_writable(False)
    assert "The audit log can't be written" in operator.types("RITE")
    operator.appliance.audit.set_writable(True)
    assert operator.types("RITE").endswith("Secret: ")
