"""FC, NP, VC, RC, CO, RESET as transcripts."""

from __future__ import annotations

import json

import pytest
from support.playbook import PIN, Operator, quick_cards

from hsm.console import cards as _commands  # noqa: F401  (declares the commands)
from hsm.policy.position import Position
from hsm.storage.cards import PIN_TRIES, CardPinWrong, Role


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    quick_cards(monkeypatch)


@pytest.fixture
def operator() -> Operator:
    return Operator()


def test_the_first_two_officers_come_freely_and_custodians_after_them(operator: Operator) -> None:
    assert operator.types("FC", "", "c").endswith("The cards of two officers come first.\nSecure-AUTH> ")
    asked = operator.types("FC", "", "O", "alice")
    assert asked == (
        "Issue or erase a card [I/E] [I]: Officer or custodian [O/C]: Enter holder's name: Enter new PIN: "
    )
    assert operator.screen.secret
    said = operator.types("24680", "24680")
    alice = operator.rack.cards()[0]
    assert said == f"Enter it again: Card {alice.serial} is ALICE's, officer.\nSecure-AUTH> "
    assert "second officer is another person" in operator.types("FC", "I", "O", "Alice")
    operator.types("FC", "I", "O", "Bob", "13579", "13579")
    assert [(card.holder, card.role) for card in operator.rack.cards() if card.holder == "BOB"] == [
        ("BOB", Role.OFFICER)
    ]
    asked = operator.types("FC", "I", "C")
    assert asked.endswith("Officer, insert card (its number): ")
    said = operator.types(alice.serial, "24680", "Carol  O'Neil", PIN, PIN)
    assert "is CAROL O'NEIL's, custodian." in said
    assert len(operator.rack.cards()) == 3


def test_the_first_officers_come_at_the_local_console() -> None:
    operator = Operator(line="telnet.127.0.0.1:5000")
    assert "issued at the local console" in operator.types("FC", "", "O")
    operator.holders("ALICE", "BOB", role=Role.OFFICER)
    assert operator.types("FC", "", "O").endswith("First officer, insert card (its number): ")


def test_the_third_officer_takes_two(operator: Operator) -> None:
    alice, bob = operator.holders("ALICE", "BOB", role=Role.OFFICER)
    carol = operator.card("CAROL")
    assert "is no officer's card" in operator.types("FC", "", "O", carol.serial)
    operator.types("FC", "", "O")
    operator.puts_in(alice)
    assert "ALICE has been here already" in operator.types(alice.serial)
    operator.types("FC", "", "O")
    said = operator.puts_in(alice, bob) + operator.types("Dan", PIN, PIN)
    assert "is DAN's, officer." in said


@pytest.mark.parametrize("name", ["", "4LICE", "ALICE!", "A" * 21, "\u00c9VE"])
def test_a_name_that_is_none(operator: Operator, name: str) -> None:
    said = operator.types("FC", "", "O", name, name, name)
    assert said.count("Expected 1 to 20 letters") == 3
    assert said.endswith("given up.\nSecure-AUTH> ")
    assert not operator.rack.cards()


def test_a_new_pin_is_typed_twice_and_has_5_to_8_digits(operator: Operator) -> None:
    said = operator.types("FC", "", "O", "ALICE", "1234", "123456789", "12a45")
    assert said.count("Expected 5 to 8 digits.") == 3
    assert "The two differ." in operator.types("FC", "", "O", "ALICE", "12345", "12346")
    assert not operator.rack.cards()


def test_erasing_takes_two_officers_and_leaves_two(operator: Operator) -> None:
    alice, bob = operator.holders("ALICE", "BOB", role=Role.OFFICER)
    carol = operator.card("CAROL")
    assert "Fewer than two officers would be left." in operator.types("FC", "E", alice.serial)
    operator.types("FC", "E", carol.serial)
    assert operator.puts_in(alice, bob).endswith("Erase card " + carol.serial + " of CAROL? [Y/N] [N]: ")
    assert operator.types("") == "Not erased.\nSecure-AUTH> "
    operator.types("FC", "E", carol.serial)
    operator.puts_in(alice, bob)
    assert operator.types("y") == "Erased.\nSecure-AUTH> "
    assert carol not in operator.rack.cards()
    again = operator.card("ALICE", Role.OFFICER)
    operator.types("FC", "E", alice.serial)
    operator.puts_in(again, bob)
    assert operator.types("Y") == "Erased.\nSecure-AUTH> "
    assert {card.holder for card in operator.rack.cards()} == {"ALICE", "BOB"}
    assert "There is no card 00000000." in operator.types("FC", "E", "00000000")


def test_a_new_pin_takes_the_old_one(operator: Operator) -> None:
    carol = operator.card("CAROL")
    said = operator.types("NP", carol.serial, "99999") + operator.types(PIN, "777777", "777777")
    assert "Wrong PIN: 2 tries are left." in said
    assert said.endswith("PIN changed.\nSecure-AUTH> ")
    with pytest.raises(CardPinWrong):
        operator.rack.read(carol.serial, PIN)
    assert operator.rack.read(carol.serial, "777777") == b""


def locked(operator: Operator, holder: str, role: Role = Role.CUSTODIAN) -> str:
    card = operator.card(holder, role)
    said = operator.types("VC", card.serial, *["99999"] * PIN_TRIES)
    assert said.endswith(f"Wrong PIN: card {card.serial} is locked now.\nSecure-AUTH> ")
    assert f"Card {card.serial} is locked." in operator.types("VC", card.serial, PIN)
    return card.serial


def test_wrong_pins_lock_a_card_and_two_officers_reset_it(operator: Operator) -> None:
    serial = locked(operator, "CAROL")
    alice, bob = operator.holders("ALICE", "BOB", role=Role.OFFICER)
    assert f"Card {alice.serial} is not locked." in operator.types("RESET", alice.serial)
    operator.types("RESET", serial)
    operator.puts_in(alice)
    assert "ALICE has been here already" in operator.types(alice.serial)
    assert "CAROL, locked" in operator.types("RC", serial)
    operator.types("RESET", serial)
    assert operator.puts_in(bob, alice) == (
        "Enter PIN: Second officer, insert card (its number): Enter PIN: "
        f"Card {serial} of CAROL has its tries back.\nSecure-AUTH> "
    )
    assert operator.rack.read(serial, PIN) == b""


def test_a_locked_officer_is_reset_by_two_others(operator: Operator) -> None:
    serial = locked(operator, "ALICE", Role.OFFICER)
    bob, dan = operator.holders("BOB", "DAN", role=Role.OFFICER)
    operator.types("RESET", serial, bob.serial, PIN)
    assert f"Card {serial} is locked." in operator.types(serial, PIN)
    operator.types("RESET", serial)
    assert "tries back" in operator.puts_in(bob, dan)


def test_a_copy_of_an_officers_card_is_the_same_person(operator: Operator) -> None:
    alice, bob = operator.holders("ALICE", "BOB", role=Role.OFFICER)
    operator.types("CO")
    operator.puts_in(alice, bob)
    said = operator.types("55555", "55555")
    copy = next(card for card in operator.rack.cards() if card.holder == "ALICE" and card.serial != alice.serial)
    assert said == f"Enter it again: Card {copy.serial} is ALICE's, officer.\nSecure-AUTH> "
    operator.types("CO")
    operator.puts_in(alice)
    assert "ALICE has been here already" in operator.types(copy.serial)


def test_labels_need_no_pin(operator: Operator) -> None:
    assert "There are no cards." in operator.types("RC", "")
    carol, alice = operator.card("CAROL"), operator.card("ALICE", Role.OFFICER)
    assert operator.types("RC", carol.serial) == (
        "Insert card (its number), return for all: "
        f"Card {carol.serial}: custodian CAROL, 3 PIN tries left\nSecure-AUTH> "
    )
    everything = operator.types("RC", "")
    assert f"Card {alice.serial}: officer ALICE, 3 PIN tries left" in everything
    assert carol.serial in everything
    assert operator.types("RC", "1234567", "\u0661" * 8, "x").count("Expected the 8 digits") == 3


def test_what_a_card_holds_is_shown_without_its_content(operator: Operator) -> None:
    carol = operator.card("CAROL")
    assert operator.types("VC", carol.serial, PIN).endswith("The card is blank.\nSecure-AUTH> ")
    for content, said in (
        (
            json.dumps({"what": "key component", "share": "0123456789ABCDEF"}).encode(),
            "The card holds a key component, no LMK component.",
        ),
        (b"\xff\x00", "holds a damaged LMK component"),
    ):
        operator.rack.write(carol.serial, PIN, content)
        shown = operator.types("VC", carol.serial, PIN)
        assert said in shown
        assert "0123456789ABCDEF" not in shown


@pytest.mark.parametrize(
    ("name", "position", "needs"),
    [
        ("FC", Position.ONLINE, "secure"),
        ("FC", Position.OFFLINE, "secure"),
        ("CO", Position.ONLINE, "offline or secure"),
        ("RESET", Position.ONLINE, "offline or secure"),
    ],
)
def test_where_cards_are_issued(name: str, position: Position, needs: str) -> None:
    assert f"{name} needs the {needs} state." in Operator(position=position).types(name)


def test_no_pin_is_shown_or_entered_in_the_audit_log(operator: Operator) -> None:
    shown = operator.types("FC", "", "O", "ALICE", "86420975", "86420975")
    card = operator.rack.cards()[0]
    shown += operator.types("NP", card.serial, "86420975", "97531864", "97531864", "VC", card.serial, "97531864")
    entries = repr(operator.speaker.entries) + repr(operator.rack.cards()) + repr(operator.desk)
    for pin in ("86420975", "97531864"):
        assert pin not in shown
        assert pin not in entries
