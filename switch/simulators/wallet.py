"""Chip cards that simulated terminals can be given: from a box of the bureau's, with what their chips have counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from switch.codec.message import Message, Parts
from switch.codec.nested import BerTlv, Misfit
from switch.perso.card.reader import CardRefused, ChipAsks, InReader, Purchase
from switch.perso.card.tlv import TlvError
from switch.perso.cardbox import BoxError, CardBox
from switch.perso.machine import Finished
from switch.perso.tracks import off_stripe, read_track_2
from switch.simulators.card import CARDS_MAX, Card

CHIP, RESPONSE = 55, 39
ISSUER_AUTHENTICATION, TURNED = "91", frozenset({"9F26"})
NOT_OURS = (CardRefused, TlvError, KeyError, IndexError)
"""How a chip shows that it is no payment application that these terminals know."""


class ChipUnreadable(Exception):
    """The reader got no request out of the chip; the text shows nothing of the card."""


@dataclass
class _Kept:
    """One of them, and what its chip asked the time before."""

    finished: Finished = field(repr=False)
    said: ChipAsks | None = field(default=None, repr=False)


class Wallet:
    """The cards in *box*, by the names of their orders and their numbers there; chips are selected by *aid*.

    Raises BoxError; TrackError for a stripe that is none.
    """

    def __init__(self, box: CardBox, aid: bytes) -> None:
        if len(box) > CARDS_MAX:
            raise BoxError(f"at most {CARDS_MAX} cards")
        self._box, self._aid = box, aid
        self._cards = {card.order: _Kept(card) for card in box}
        self.stripes: Mapping[str, Card] = MappingProxyType(
            {name: _stripe(name, each.finished) for name, each in self._cards.items()}
        )

    def __repr__(self) -> str:
        return f"<wallet, {len(self._cards)} cards>"

    def __contains__(self, name: str) -> bool:
        return name in self._cards

    def insert(self, name: str, purchase: Purchase) -> Inserted:
        """The chip of the card *name*, in a reader that wants *purchase*.  Raises ChipUnreadable."""
        return Inserted(self._cards[name], self._box, self._aid, purchase)

    def said(self, name: str) -> ChipAsks | None:
        """What the chip of the card *name* asked the time before, as who has listened could say again; None, if nothing."""
        return self._cards[name].said


class Inserted:
    """A chip in a reader, from its request to its last word about the answer."""

    def __init__(self, card: _Kept, box: CardBox, aid: bytes, purchase: Purchase) -> None:
        try:
            self._chip = InReader(card.finished.chip, aid, purchase)
            self.asks = card.said = self._chip.asks()
        except NOT_OURS:
            raise ChipUnreadable("the chip can't be read") from None
        # The chip has counted: a terminal that is switched off now must not make it forget that.
        box.put_back(card.finished)

    def approves(self, answer: Message) -> bool:
        """Does the chip agree to what its issuer has answered?"""
        response = answer.fields.get(RESPONSE)
        try:
            return self._chip.approves(str(response), _authentication(answer))
        except NOT_OURS:
            return False


def falsified(asks: ChipAsks) -> ChipAsks:
    """*asks* with one bit of its cryptogram turned, as who sits between chip and host might."""
    objects = BerTlv().read(asks.content)
    pairs = [(tag, _turned(value) if tag in TURNED else value) for tag, value in objects.pairs]
    return ChipAsks(BerTlv().write(Parts(pairs)), asks.track_2)


def _turned(value: object) -> bytes:
    assert isinstance(value, bytes)
    return bytes((value[0] ^ 1,)) + value[1:]


def _authentication(answer: Message) -> bytes:
    """Tag 91 of DE 55; empty when it isn't there."""
    value = answer.fields.get(CHIP)
    try:
        parts = BerTlv().read(value) if isinstance(value, bytes) else value
    except Misfit:
        return b""
    found = parts.get(ISSUER_AUTHENTICATION) if isinstance(parts, Parts) else None
    return found if isinstance(found, bytes) else b""


def _stripe(name: str, card: Finished) -> Card:
    track = read_track_2(off_stripe(2, card.stripe[1]))
    return Card(name, track.pan, track.expiry, track.service_code, track.discretionary)
