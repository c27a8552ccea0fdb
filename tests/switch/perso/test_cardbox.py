"""Simulated cards at rest: they come back, once each, sealed, over kills."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.cardroom import SeededBytes
from support.cardside import AID, CARD_KEYS, PIN_BLOCK, blank, issued

from switch.perso.card import words
from switch.perso.cardbox import BoxError, CardBox
from switch.perso.machine import Finished, HopperEmpty, SimulatedMachine
from switch.perso.tracks import off_stripe

KEY = bytes(range(32))


def box(path: Path, key: bytes = KEY) -> CardBox:
    return CardBox(path, key, SeededBytes(f"{path.stat().st_size if path.exists() else 0}"))


def finished(serial: int) -> Finished:
    return Finished(f"BANK/O/{serial}", serial, issued(), ("%B?", ";?"), ("4761",), "123")


def test_cards_come_back(tmp_path: Path) -> None:
    path = tmp_path / "cards"
    first = box(path)
    for serial in (1, 2, 3):
        first.put(finished(serial))
    first.close()
    again = box(path)
    assert len(again) == 3
    assert [(card.order, card.serial, card.lines, card.panel) for card in again] == [
        (f"BANK/O/{serial}", serial, ("4761",), "123") for serial in (1, 2, 3)
    ]
    chip = again.card(2).chip
    assert chip.application is not None
    assert chip.application.content.keys.ac == CARD_KEYS[0]
    assert chip.transmit(words.command(words.SELECT, 4, 0, bytes.fromhex("A0000000031010")))[-2:] == words.DONE


def test_the_file_shows_nothing(tmp_path: Path) -> None:
    path = tmp_path / "cards"
    box(path).put(finished(1))
    raw = path.read_bytes()
    for secret in (*CARD_KEYS, PIN_BLOCK):
        assert secret not in raw
        assert secret.hex().encode() not in raw.lower()
    assert path.stat().st_mode & 0o777 == 0o600
    assert repr(box(path)) == "<card box, 1 cards>"


def test_what_a_kill_left_of_a_card_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "cards"
    box(path).put(finished(1))
    whole = path.read_bytes()
    box(path).put(finished(2))
    path.write_bytes(path.read_bytes()[:-20])
    again = box(path)
    assert not again.holds(2)
    assert path.read_bytes() == whole
    again.put(finished(2))
    assert len(box(path)) == 2


def used(card: Finished) -> Finished:
    """Its chip has begun one more transaction."""
    chip = card.chip
    for command in (words.command(words.SELECT, 4, 0, AID), words.command("80A8", data=bytes.fromhex("8300"))):
        assert chip.transmit(command)[-2:] == words.DONE
    return card


def counters(cards: CardBox) -> list[int]:
    return [card.chip.application.counter for card in cards if card.chip.application is not None]


def test_a_card_that_was_used_is_put_back_as_it_is_now(tmp_path: Path) -> None:
    path = tmp_path / "cards"
    first = box(path)
    for serial in (1, 2):
        first.put(finished(serial))
    whole = path.stat().st_size
    card = first.card(2)
    for _ in range(3):
        first.put_back(used(card))
    assert counters(first) == [0, 3]
    assert len(first) == 2
    first.close()
    assert counters(box(path)) == [0, 3]
    assert path.stat().st_size == whole, "what was put back takes no more room when the box is opened again"
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(BoxError, match="no card"):
        first.put_back(finished(3))


def test_a_kill_while_a_card_is_put_back_leaves_it_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "cards"
    first = box(path)
    first.put(finished(1))
    first.put_back(used(first.card(1)))
    whole = path.read_bytes()
    first.put_back(used(first.card(1)))
    path.write_bytes(path.read_bytes()[:-20])
    assert counters(box(path)) == [1]
    path.write_bytes(whole)
    again = box(path)
    again.put_back(used(again.card(1)))
    assert counters(box(path)) == [2], "and what comes after it is read"


def test_refused(tmp_path: Path) -> None:
    path = tmp_path / "cards"
    first = box(path)
    first.put(finished(1))
    with pytest.raises(BoxError, match="already"):
        first.put(finished(1))
    with pytest.raises(BoxError, match="not issued"):
        first.put(Finished("o", 2, blank(), (), (), ""))
    with pytest.raises(BoxError, match="no card"):
        first.card(9)
    with pytest.raises(BoxError, match="damaged"):
        box(path, KEY[::-1]).card(1)
    with pytest.raises(BoxError, match="32 bytes"):
        box(path, b"")
    path.write_text("{}\n")
    with pytest.raises(BoxError, match="no card"):
        box(path)


def test_a_card_is_bound_to_its_serial(tmp_path: Path) -> None:
    path = tmp_path / "cards"
    box(path).put(finished(1))
    path.write_bytes(path.read_bytes().replace(b'"serial": 1,', b'"serial": 2,'))
    with pytest.raises(BoxError, match="damaged"):
        box(path).card(2)


def test_the_machine(tmp_path: Path) -> None:
    cards = box(tmp_path / "cards")
    machine = SimulatedMachine(bytes(range(16)), bytes(6), SeededBytes("m"), cards, blanks_max=1)
    machine.blank(7)
    with pytest.raises(HopperEmpty):
        machine.blank(8)
    machine.finish("O/1", 7, issued(), ("%BAB?", ";1?"), (), "")
    assert machine.came_out(7)
    assert not machine.came_out(8)
    stripe = cards.card(7).stripe
    assert [off_stripe(track, read) for track, read in enumerate(stripe, 1)] == ["%BAB?", ";1?"]
    assert "blanks" in repr(machine)
