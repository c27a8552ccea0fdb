"""Chip cards of a box, as terminals are given them."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.boxed import BOX_KEY, NAME, PAN, authentication, boxed, is_right, objects
from support.cardroom import SeededBytes
from support.cardside import AID

from switch.codec.message import Message, Parts, Value
from switch.perso.card.reader import Purchase
from switch.perso.cardbox import CardBox
from switch.simulators.wallet import ChipUnreadable, Wallet, falsified

PURCHASE = Purchase(500_000, "704", "704", "261122", b"\1\2\3\4")


def answer(response: str, chip: Value | None = None) -> Message:
    fields: dict[int, Value] = {39: response}
    return Message("0210", fields if chip is None else {**fields, 55: chip})


def test_the_stripe_and_the_chip_are_of_one_card(tmp_path: Path) -> None:
    wallet = Wallet(boxed(tmp_path), AID)
    assert (wallet.stripes[NAME].pan, wallet.stripes[NAME].service_code) == (PAN, "201")
    assert wallet.said(NAME) is None
    inserted = wallet.insert(NAME, PURCHASE)
    assert is_right(inserted.asks.content)
    assert wallet.said(NAME) is inserted.asks
    assert PAN not in repr(wallet)


def test_an_answer_in_either_form_is_read(tmp_path: Path) -> None:
    wallet = Wallet(boxed(tmp_path), AID)
    for form in ("parts", "bytes"):
        inserted = wallet.insert(NAME, PURCHASE)
        said = authentication(inserted.asks)
        chip: Value = Parts([("91", said)]) if form == "parts" else b"\x91\x0a" + said
        assert inserted.approves(answer("00", chip)), form


@pytest.mark.parametrize(
    "chip", [None, Parts([("8A", b"00")]), Parts([("91", bytes(10))]), Parts([("91", b"")]), b"\x91", b"", "text", 5]
)
def test_any_other_answer_is_not_accepted(tmp_path: Path, chip: Value | None) -> None:
    assert not Wallet(boxed(tmp_path), AID).insert(NAME, PURCHASE).approves(answer("00", chip))


@pytest.mark.parametrize("response", ["", "5", "\N{SNOWMAN}\N{SNOWMAN}", "000"])
def test_a_response_code_that_is_none_is_no_approval(tmp_path: Path, response: str) -> None:
    inserted = Wallet(boxed(tmp_path), AID).insert(NAME, PURCHASE)
    assert not inserted.approves(answer(response, Parts([("91", authentication(inserted.asks))])))


def test_a_chip_goes_on_counting_in_the_next_process(tmp_path: Path) -> None:
    boxed(tmp_path).close()
    counters = []
    for _ in range(3):
        box = CardBox(tmp_path / "cards.box", BOX_KEY, SeededBytes("again"))
        asks = Wallet(box, AID).insert(NAME, PURCHASE).asks
        counters.append(int.from_bytes(objects(asks.content)["9F36"], "big"))
        box.close()
    assert counters == [1, 2, 3]


def test_one_bit_of_the_cryptogram_is_changed_and_nothing_else(tmp_path: Path) -> None:
    asks = Wallet(boxed(tmp_path), AID).insert(NAME, PURCHASE).asks
    wrong = falsified(asks)
    before, after = objects(asks.content), objects(wrong.content)
    assert [tag for tag in before if before[tag] != after[tag]] == ["9F26"]
    assert sum(a ^ b for a, b in zip(before["9F26"], after["9F26"], strict=True)) == 1
    assert not is_right(wrong.content)


def test_a_chip_without_the_application_is_not_read(tmp_path: Path) -> None:
    with pytest.raises(ChipUnreadable):
        Wallet(boxed(tmp_path), bytes.fromhex("A0000000041010")).insert(NAME, PURCHASE)
