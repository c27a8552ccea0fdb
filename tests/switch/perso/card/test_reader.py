"""A chip in a terminal's reader; cryptograms of both sides are checked by pyemv."""

from __future__ import annotations

import pytest
from support.boxed import authentication, is_right, objects
from support.cardside import AID, blank, issued

from switch.perso.card.reader import CardRefused, InReader, Purchase

PURCHASE = Purchase(500_000, "704", "704", "261122", b"\1\2\3\4")


def test_each_transaction_has_a_cryptogram_of_its_own() -> None:
    chip = issued()
    said = []
    for amount in (500_000, 500_000, 7):
        asks = InReader(chip, AID, Purchase(amount, "704", "704", "261122", b"\1\2\3\4")).asks()
        assert is_right(asks.content)
        assert asks.track_2 == "4761739001010010=2812201"
        assert "4761739" not in repr(asks)
        said.append(objects(asks.content))
    assert [int.from_bytes(each["9F36"], "big") for each in said] == [1, 2, 3]
    assert len({each["9F26"] for each in said}) == 3
    assert said[2]["9F02"] == bytes.fromhex("000000000007")


def test_a_chip_believes_its_issuer_alone() -> None:
    reader = InReader(issued(), AID, PURCHASE)
    right = authentication(reader.asks())
    assert reader.approves("00", right)
    for wrong in (bytes((right[0] ^ 1,)) + right[1:], b"", right[:8], right[:8] + b"05"):
        reader = InReader(issued(), AID, PURCHASE)
        assert authentication(reader.asks()) == right
        assert not reader.approves("00", wrong)


def test_what_the_issuer_refuses_is_no_approval() -> None:
    reader = InReader(issued(), AID, PURCHASE)
    assert not reader.approves("51", authentication(reader.asks(), b"51"))


def test_an_answer_is_believed_once_and_of_its_own_transaction() -> None:
    chip = issued()
    reader = InReader(chip, AID, PURCHASE)
    before = authentication(reader.asks())
    assert reader.approves("00", before)
    with pytest.raises(CardRefused):
        reader.approves("00", before)
    again = InReader(chip, AID, PURCHASE)
    again.asks()
    assert not again.approves("00", before)


def test_another_application_and_a_blank_card_are_refused() -> None:
    with pytest.raises(CardRefused, match="00A4 was answered 6A82"):
        InReader(issued(), bytes.fromhex("A0000000041010"), PURCHASE)
    with pytest.raises(CardRefused, match="00A4 was answered 6D00"):
        InReader(blank(), AID, PURCHASE)
