"""An issued card in use: what it answers, counts and refuses; its cryptograms verified by pyemv."""

from __future__ import annotations

import pytest
from pyemv import ac, kd
from support.cardside import AID, CARD_KEYS, PIN_BLOCK, issued

from switch.perso.card import tlv, words
from switch.perso.card.card import Card

TERMINAL = bytes.fromhex("000000010000 000000000000 0704 0000048000 0704 261122 01 52BF4585")
OPTIONS = words.command(words.GET_PROCESSING_OPTIONS, data=bytes.fromhex("8300"))
SELECT = words.command(words.SELECT, 4, 0, AID)


def begun() -> Card:
    card = issued()
    assert card.transmit(SELECT)[-2:] == words.DONE
    assert card.transmit(OPTIONS)[-2:] == words.DONE
    return card


def generated(card: Card, kind: int, data: bytes = TERMINAL) -> bytes:
    """The value of the answer's template."""
    answer = card.transmit(words.command(words.GENERATE_AC, kind, 0, data))
    assert answer[-2:] == words.DONE
    return tlv.parsed(answer[:-2])["80"]


def test_a_terminal_reads_the_card() -> None:
    card = issued()
    selected = tlv.parsed(tlv.parsed(card.transmit(SELECT)[:-2])["6F"])
    assert selected["84"] == AID
    options = tlv.parsed(card.transmit(OPTIONS)[:-2])["80"]
    assert options == bytes.fromhex("5C000801010010010101")
    record = card.transmit(bytes.fromhex("00B2010C00"))
    assert tlv.parsed(tlv.parsed(record[:-2])["70"])["57"].hex() == "4761739001010010d2812201"
    assert card.transmit(bytes.fromhex("00B2020C00")) == words.RECORD_NOT_FOUND
    assert card.transmit(bytes.fromhex("80CA9F3600")) == bytes.fromhex("9F36020001") + words.DONE
    assert card.transmit(bytes.fromhex("80CA9F1300")) == words.NO_SUCH_DATA


def test_the_request_cryptogram_is_the_issuers() -> None:
    """Derived and computed by pyemv: common session key, padding method 2 (Visa CVN 18)."""
    card = begun()
    answer = generated(card, 0x80)
    assert (answer[0], answer[1:3]) == (0x80, b"\0\1")
    assert answer[11:] == bytes.fromhex("06011203A00000")
    key = kd.derive_common_sk(CARD_KEYS[0], b"\0\1" + bytes(6))
    assert answer[3:11] == ac.generate_ac(key, TERMINAL + b"\x5c\0" + b"\0\1" + answer[11:], ac.PaddingType.EMV)


def answered(card: Card, arqc: bytes, *, right: bool = True) -> bytes:
    key = kd.derive_common_sk(CARD_KEYS[0], card.application.counter.to_bytes(2, "big") + bytes(6))  # type: ignore[union-attr]  # an issued card has one
    arpc = ac.generate_arpc_1(key, arqc, b"00") if right else bytes(8)
    return card.transmit(words.command(words.EMV_AUTHENTICATE, data=arpc + b"00"))


def test_the_issuers_approval_makes_a_certificate() -> None:
    card = begun()
    assert answered(card, generated(card, 0x80)[3:11]) == words.DONE
    final = generated(card, 0x40, b"00" + TERMINAL)
    assert final[0] == 0x40
    assert final[11:] == bytes.fromhex("06011203600000")
    assert card.transmit(words.command(words.GENERATE_AC, 0, 0, b"00" + TERMINAL)) == words.WRONG_ORDER


def test_without_the_issuers_word_it_is_declined() -> None:
    card = begun()
    arqc = generated(card, 0x80)[3:11]
    assert answered(card, arqc, right=False) == words.NOT_AUTHENTICATED
    assert answered(card, arqc) == words.WRONG_ORDER, "once a transaction"
    assert generated(card, 0x40, b"00" + TERMINAL)[0] == 0x00
    card = begun()
    generated(card, 0x80)
    assert generated(card, 0x40, b"Y3" + TERMINAL)[0] == 0x00


def test_offline_approval_goes_online() -> None:
    assert generated(begun(), 0x40)[0] == 0x80
    card = begun()
    assert generated(card, 0x00)[0] == 0x00
    assert card.transmit(words.command(words.GENERATE_AC, 0, 0, b"00" + TERMINAL)) == words.WRONG_ORDER


def test_each_transaction_has_its_counter() -> None:
    card = issued()
    seen = set()
    for _ in range(3):
        card.transmit(SELECT)
        card.transmit(OPTIONS)
        seen.add(generated(card, 0x80)[1:11])
    assert len(seen) == 3


def verify(card: Card, block: bytes) -> bytes:
    return card.transmit(words.command(words.VERIFY, 0, 0x80, block))


def test_pin_tries() -> None:
    card = begun()
    wrong = bytes.fromhex("249999FFFFFFFFFF")
    assert verify(card, wrong).hex() == "63c2"
    assert verify(card, PIN_BLOCK) == words.DONE
    assert [verify(card, wrong).hex() for _ in range(3)] == ["63c2", "63c1", "63c0"]
    assert verify(card, PIN_BLOCK) == words.BLOCKED
    assert card.transmit(bytes.fromhex("80CA9F1700")) == bytes.fromhex("9F170100") + words.DONE
    assert generated(card, 0x80)[11:] == bytes.fromhex("06011203A64000")


def test_the_issuer_is_told_that_the_pin_was_right() -> None:
    card = begun()
    verify(card, PIN_BLOCK)
    assert generated(card, 0x80)[11:] == bytes.fromhex("06011203A40000")


@pytest.mark.parametrize(
    ("command", "word"),
    [
        (words.command(words.GENERATE_AC, 0x80, 0, TERMINAL[:-1]), words.WRONG_LENGTH),
        (words.command(words.GENERATE_AC, 0xC0, 0, TERMINAL), words.WRONG_PARAMETERS),
        (words.command(words.VERIFY, 0, 0x88, PIN_BLOCK), words.WRONG_PARAMETERS),
        (words.command(words.VERIFY, 0, 0x80, PIN_BLOCK[:-1]), words.WRONG_LENGTH),
        (words.command(words.EMV_AUTHENTICATE, data=bytes(10)), words.WRONG_ORDER),
        (words.command(words.SELECT, 4, 0, b"\xa0\0\0\0\4"), words.FILE_NOT_FOUND),
        (words.command(words.SELECT, 0, 0, AID), words.WRONG_PARAMETERS),
        (OPTIONS, words.WRONG_ORDER),
        (bytes.fromhex("00B20108"), words.WRONG_PARAMETERS),
        (bytes.fromhex("00"), words.WRONG_LENGTH),
        (bytes.fromhex("00A4040008A0"), words.WRONG_LENGTH),
        (bytes.fromhex("8050000008" + "00" * 8), words.UNKNOWN_INSTRUCTION),
    ],
)
def test_refused(command: bytes, word: bytes) -> None:
    assert begun().transmit(command) == word


def test_before_it_is_selected() -> None:
    card = issued()
    assert card.transmit(OPTIONS) == words.WRONG_ORDER
    assert card.transmit(words.command(words.GENERATE_AC, 0x80, 0, TERMINAL)) == words.WRONG_ORDER
