"""A simulated card: what lies on its magnetic stripe, and the reader that takes it off again.

The stripe is track 2 of ISO/IEC 7813: a start sentinel, the PAN, a separator, expiry, service code, discretionary data, an
end sentinel and a longitudinal redundancy check (ISO/IEC 7811-2).  The PIN is not on the card, nor in its file: the
cardholder knows it.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import reduce
from operator import xor

from switch.link.lines import ConfigError
from switch.routing.pan import Pan, PanError

START, SEPARATOR, END = ";", "=", "?"
TRACK_2_CHARS_MAX = 37
"""Characters of DE 35, which holds no sentinels and no check."""
COLUMNS = ("name", "pan", "expiry", "service_code", "discretionary", "chip")
CARDS_MAX = 100_000
_FRAMED = re.compile(rf";[0-9=]{{1,{TRACK_2_CHARS_MAX}}}\?")
_ON_TRACK_2 = re.compile(r"([0-9]{13,19})=([0-9]{4})([0-9]{3})([0-9]*)")
_FORMS = {"expiry": "[0-9]{2}(0[1-9]|1[0-2])", "service_code": "[0-9]{3}", "discretionary": "[0-9]*"}
_EXPECTED = {
    "expiry": "YYMM",
    "service_code": "three digits",
    "discretionary": "digits, as the issuer put them on the stripe: the CVV among them",
}


class CardUnreadable(Exception):
    """The reader could make nothing of the stripe; the text shows nothing of it."""


@dataclass(frozen=True)
class Card:
    """A card called *name*: *expiry* YYMM, *service_code* three digits, *discretionary* the digits behind it.

    *chip*: what its chip says to the host (DE 55, BER-TLV), made beforehand or for this transaction; empty when it has
    none, or is not read by it.  *chip_track*: the chip's own track 2, as DE 35 has it; empty when it is not known.
    """

    name: str
    pan: str = field(repr=False)
    expiry: str = field(repr=False)
    service_code: str
    discretionary: str = field(default="", repr=False)
    chip: bytes = field(default=b"", repr=False)
    chip_track: str = field(default="", repr=False)

    @property
    def track_2(self) -> str:
        """As DE 35 has it."""
        return f"{self.pan}{SEPARATOR}{self.expiry}{self.service_code}{self.discretionary}"

    @property
    def stripe(self) -> str:
        """As it is on the stripe: one character for five bits."""
        framed = f"{START}{self.track_2}{END}"
        return framed + check_character(framed)


def check_character(framed: str) -> str:
    """The LRC of a track 2 with its sentinels: even parity over each of the four bits (ISO/IEC 7811-2, 11.2).

    >>> check_character(";4000001234562=99011011?")
    '8'
    """
    return chr(0x30 + reduce(xor, (ord(char) - 0x30 for char in framed)))


def swiped(stripe: str) -> Card:
    """What a reader finds on a magnetic stripe.  Raises CardUnreadable."""
    framed, check = stripe[:-1], stripe[-1:]
    if not _FRAMED.fullmatch(framed) or check_character(framed) != check:
        raise CardUnreadable("the stripe is damaged: its check does not agree")
    found = _ON_TRACK_2.fullmatch(framed[1:-1])
    if not found:
        raise CardUnreadable("this is no track 2")
    return Card("", found[1], found[2], found[3], found[4])


def read_cards(path: str, text: str) -> Mapping[str, Card]:
    """The cards by name that *text*, the content of the CSV file *path*, lists under a heading of COLUMNS.

    Raises ConfigError.
    """
    rows = csv.reader(io.StringIO(text))
    if tuple(next(rows, ())) != COLUMNS:
        raise ConfigError(f"{path}, line 1", "heading", ",".join(COLUMNS))
    cards: dict[str, Card] = {}
    for row in rows:
        where = f"{path}, line {rows.line_num}"
        if not row or row[0].startswith("#"):
            continue
        if len(row) != len(COLUMNS) or len(cards) >= CARDS_MAX:
            raise ConfigError(where, "row", f"{len(COLUMNS)} columns, and at most {CARDS_MAX} cards")
        card = _card(where, dict(zip(COLUMNS, map(str.strip, row), strict=True)))
        if not card.name or cards.setdefault(card.name, card) is not card:
            raise ConfigError(where, "name", "a name that no other card has")
    return cards


def _card(where: str, told: Mapping[str, str]) -> Card:
    try:
        Pan(told["pan"])
    except PanError:
        raise ConfigError(where, "pan", "a PAN of 13 to 19 digits with a right check digit") from None
    for name, form in _FORMS.items():
        if not re.fullmatch(form, told[name], re.ASCII):
            raise ConfigError(where, name, _EXPECTED[name])
    try:
        chip = bytes.fromhex(told["chip"])
    except ValueError:
        raise ConfigError(where, "chip", "hexadecimal digits in pairs, or nothing") from None
    card = Card(told["name"], told["pan"], told["expiry"], told["service_code"], told["discretionary"], chip)
    if len(card.track_2) > TRACK_2_CHARS_MAX:
        raise ConfigError(where, "discretionary", f"a track 2 of at most {TRACK_2_CHARS_MAX} characters")
    return card
