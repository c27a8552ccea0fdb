"""Cards: sealed under PIN and rack key, locked after three wrong PINs, nothing readable at rest."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hsm.storage.cards import PIN_TRIES, Card, CardError, CardLocked, CardPinWrong, CardRack, MemoryShelf, Role

KEY = bytes(range(32))
CONTENT = b"a component of something"


class RecordingShelf(MemoryShelf):
    """Remembers what was put down, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.history: list[Card] = []

    def put(self, card: Card) -> None:
        self.history.append(card)
        super().put(card)


def rack_with_card(pin: str = "12345") -> tuple[CardRack, RecordingShelf, str]:
    shelf = RecordingShelf()
    rack = CardRack(shelf, KEY)
    card = rack.issue("ALICE", Role.CUSTODIAN, pin)
    rack.write(card.serial, pin, CONTENT)
    return rack, shelf, card.serial


def test_what_was_written_is_read_with_the_pin_alone() -> None:
    rack, _, serial = rack_with_card()
    assert rack.read(serial, "12345") == CONTENT
    with pytest.raises(CardPinWrong, match="2 tries"):
        rack.read(serial, "54321")


def test_three_wrong_pins_lock_and_the_right_one_helps_no_more() -> None:
    rack, _, serial = rack_with_card()
    for _ in range(PIN_TRIES - 1):
        with pytest.raises(CardPinWrong):
            rack.read(serial, "99999")
    with pytest.raises(CardLocked, match="locked now"):
        rack.read(serial, "99999")
    with pytest.raises(CardLocked):
        rack.read(serial, "12345")
    rack.give_tries_back(serial)
    assert rack.read(serial, "12345") == CONTENT


def test_a_right_pin_gives_all_tries_back() -> None:
    rack, _, serial = rack_with_card()
    for _ in range(3):
        with pytest.raises(CardPinWrong):
            rack.read(serial, "99999")
        rack.read(serial, "12345")


def test_the_try_is_taken_before_the_pin_is_looked_at() -> None:
    rack, shelf, serial = rack_with_card()
    del shelf.history[:]
    rack.read(serial, "12345")
    assert [card.tries_left for card in shelf.history] == [PIN_TRIES - 1, PIN_TRIES]


def test_a_new_pin_replaces_the_old() -> None:
    rack, _, serial = rack_with_card()
    rack.change_pin(serial, "12345", "87654321")
    assert rack.read(serial, "87654321") == CONTENT
    with pytest.raises(CardPinWrong):
        rack.read(serial, "12345")


@pytest.mark.parametrize("pin", ["1234", "123456789", "12a45", "", "١٢٣٤٥"])
def test_a_pin_is_5_to_8_digits(pin: str) -> None:
    rack, _, serial = rack_with_card()
    with pytest.raises(CardError, match="5 to 8"):
        rack.issue("BOB", Role.OFFICER, pin)
    with pytest.raises(CardError, match="5 to 8"):
        rack.change_pin(serial, "12345", pin)


@pytest.mark.parametrize("holder", ["", "alice", "A" * 21, "A1", " BOB", "A;B"])
def test_a_holder_has_a_name(holder: str) -> None:
    with pytest.raises(CardError, match="name"):
        CardRack(MemoryShelf(), KEY).issue(holder, Role.CUSTODIAN, "12345")


def test_an_erased_card_is_gone() -> None:
    rack, shelf, serial = rack_with_card()
    rack.erase(serial)
    assert shelf.cards() == ()
    with pytest.raises(CardError, match="no card"):
        rack.read(serial, "12345")


def test_nothing_on_a_card_can_be_read_at_rest_nor_under_another_rack_key() -> None:
    rack, shelf, serial = rack_with_card()
    assert all(CONTENT not in card.sealed and b"12345" not in card.sealed for card in shelf.history)
    other = CardRack(shelf, bytes(32))
    with pytest.raises(CardError, match="damaged"):
        other.read(serial, "12345")
    assert rack.card(serial).tries_left == PIN_TRIES, "damage takes no try"


@given(st.integers(0), st.integers(1, 255))
@settings(max_examples=30, deadline=None)
def test_damage_is_told_from_a_wrong_pin(at: int, flip: int) -> None:
    rack, shelf, serial = rack_with_card()
    card = rack.card(serial)
    spoilt = bytearray(card.sealed)
    spoilt[at % len(spoilt)] ^= flip
    shelf.put(replace(card, sealed=bytes(spoilt)))
    with pytest.raises(CardError, match="damaged"):
        rack.read(serial, "12345")


def test_a_card_cannot_be_passed_off_as_another_persons() -> None:
    rack, shelf, serial = rack_with_card()
    shelf.put(replace(rack.card(serial), holder="MALLORY"))
    with pytest.raises(CardError, match="damaged"):
        rack.read(serial, "12345")
