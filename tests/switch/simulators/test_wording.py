"""What terminals ask is known to the catalogue of services, and their dialects can say it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.cardholders import ATM, CARD, CHIPPED, NOON, POS

from switch.codec.codec import codec
from switch.codec.message import Message
from switch.codec.privacy import HIDDEN
from switch.services import servicefile
from switch.services.catalogue import Reject
from switch.simulators.batch import Sale
from switch.simulators.card import Card
from switch.simulators.terminal import OFFERS, PIN_CHANGE, PURCHASE, TRANSFER, WITHDRAWAL, Offer, Terminal
from switch.simulators.wording import Chosen, Moment, repeated, request, reversal, samples

SERVICES = servicefile.packaged()
COMPLETED = {7: "1122120000", 32: "970436", 37: "633212000001"}
"""What a host puts in for a terminal."""
SALE = Sale("000041", "000017", "115900", "1122", 250_000, "A12345", PURCHASE)
EVERY = [(terminal, offer) for terminal in (ATM, POS) for offer in OFFERS[terminal.channel]]


def asked(terminal: Terminal, offer: Offer, card: Card = CARD) -> Message:
    chosen = Chosen(
        offer,
        200_000 if offer.amount else 0,
        from_id="10001" if offer is TRANSFER else "",
        to_id="10002" if offer is TRANSFER else "",
        new_block=bytes(range(8)) if offer is PIN_CHANGE else b"",
        sale=SALE if offer.of_sale else None,
    )
    block = bytes(range(8, 16)) if offer.pin else b""
    return request(terminal, chosen, card, block, Moment("000123", NOON.time, NOON.date), "000042")


def completed(message: Message) -> Message:
    return message.changed(fields=COMPLETED)


@pytest.mark.parametrize("card", [CARD, CHIPPED], ids=["stripe", "chip"])
@pytest.mark.parametrize(("terminal", "offer"), EVERY, ids=lambda each: getattr(each, "name", None) or each.id)
def test_the_catalogue_knows_every_request(terminal: Terminal, offer: Offer, card: Card) -> None:
    found = SERVICES.recognise(completed(asked(terminal, offer, card)), terminal.channel.value)
    assert not isinstance(found, Reject), found
    assert found.name == offer.name
    assert found.reversible is offer.reversible


@pytest.mark.parametrize("card", [CARD, CHIPPED], ids=["stripe", "chip"])
@pytest.mark.parametrize(("terminal", "offer"), EVERY, ids=lambda each: getattr(each, "name", None) or each.id)
def test_the_dialect_says_every_request_and_reversal(terminal: Terminal, offer: Offer, card: Card) -> None:
    speaking = codec(terminal.spec)
    message = asked(terminal, offer, card)
    for said in (message, reversal(message, "A12345", 100_000), repeated(reversal(message))):
        heard = speaking.decode(speaking.encode(said))
        assert (heard.mti, dict(heard.fields)) == (said.mti, dict(said.fields))


def test_a_chip_has_a_track_2_of_its_own() -> None:
    card = replace(CHIPPED, chip_track=f"{CHIPPED.pan}=301220100000999")
    said = request(ATM, Chosen(WITHDRAWAL, 5), card, bytes(8), NOON)
    assert said.fields[35] == card.chip_track
    assert 35 not in request(ATM, Chosen(WITHDRAWAL, 5), CHIPPED, bytes(8), NOON).fields
    assert request(ATM, Chosen(WITHDRAWAL, 5), replace(card, chip=b""), bytes(8), NOON).fields[35] == CHIPPED.track_2


def test_a_chip_card_is_read_by_its_chip() -> None:
    message = asked(ATM, WITHDRAWAL, CHIPPED)
    assert (message.fields[22], 55 in message.fields, 35 in message.fields) == ("051", True, False)
    message = asked(ATM, WITHDRAWAL)
    assert (message.fields[22], 55 in message.fields, 35 in message.fields) == ("021", False, True)


def test_a_keyed_card_has_no_track() -> None:
    message = request(POS, Chosen(PURCHASE, 5, keyed=True), CARD, b"", Moment("000001", "120000", "1122"), "000001")
    assert (message.fields[22], message.fields[14], 35 in message.fields) == ("012", CARD.expiry, False)
    assert not isinstance(SERVICES.recognise(completed(message), "pos"), Reject)


def test_a_reversal_repeats_what_identifies_and_no_secret() -> None:
    message = asked(ATM, WITHDRAWAL)
    whole, part = reversal(message), reversal(message, "A12345", 100_000)
    for said in (whole, part):
        assert said.mti == "0420"
        assert all(said.fields[number] == message.fields[number] for number in (2, 3, 4, 11, 12, 13, 41))
        assert not said.fields.keys() & (HIDDEN - {60, 62})
        assert not isinstance(SERVICES.recognise(completed(said), "atm"), Reject)
    assert 95 not in whole.fields
    assert (part.fields[95], part.fields[38]) == ("000000100000" + "0" * 12 + "C00000000C00000000", "A12345")
    assert repeated(part).mti == "0421"


def test_a_void_names_its_sale() -> None:
    message = asked(POS, next(offer for offer in OFFERS[POS.channel] if offer.name == "void"))
    assert (message.fields[38], message.fields[60], message.fields[62]) == ("A12345", "000000250000", "000041")
    # DE 90: the MTI, STAN and local date and time, from which a host makes its DE 7 (ISO 8583:1987, element 90).
    assert message.fields[90] == "0200" + "000017" + "1122115900" + "0" * 22


def test_samples_can_be_said() -> None:
    for terminal in (ATM, POS):
        for message in samples(terminal):
            codec(terminal.spec).encode(message)
