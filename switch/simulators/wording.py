"""A terminal's requests and reversals, as its dialect has them.

What only a host knows (DE 7, 32, 37) a terminal does not say; a host derives it from DE 11, 12 and 13, which are the same
in a request and in its reversal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from switch.codec.message import Message, Value
from switch.codec.spec import Spec
from switch.codec.specfile import load
from switch.simulators.batch import Sale
from switch.simulators.card import Card
from switch.simulators.terminal import CASH_ADVANCE, PURCHASE, Channel, Offer, Terminal

PAN, PROCESSING, AMOUNT, STAN, TIME, DATE, EXPIRY = 2, 3, 4, 11, 12, 13, 14
CATEGORY, ENTRY, CONDITION, TRACK_2, APPROVAL, RESPONSE = 18, 22, 25, 35, 38, 39
TERMINAL, MERCHANT, PLACE, PRIVATE, CURRENCY, PIN_BLOCK, BALANCES, CHIP = 41, 42, 43, 48, 49, 52, 54, 55
BATCH, INVOICE, ORIGINAL, REPLACEMENT, FROM, TO = 60, 62, 90, 95, 102, 103
STRIPE_READ, CHIP_READ, KEYED = "021", "051", "012"
"""DE 22; the last digit: the terminal has a PIN pad, or (keyed) none was used."""
CASH_CATEGORY = "6010"
"""DE 18 of cash at a counter, whatever the merchant sells otherwise."""
REVERSED = frozenset(
    {PAN, PROCESSING, AMOUNT, STAN, TIME, DATE, CATEGORY, ENTRY, CONDITION, APPROVAL, TERMINAL, MERCHANT, PLACE, CURRENCY,
     BATCH, INVOICE, FROM, TO}
)  # fmt: skip
"""What a reversal repeats of its original: nothing that holds a PIN, a track or a cryptogram."""


@dataclass(frozen=True)
class Moment:
    """When something is said: *stan* six digits, *time* hhmmss and *date* MMDD, local."""

    stan: str
    time: str
    date: str


@dataclass(frozen=True)
class Chosen:
    """What the cardholder wants: *amount* in minor units; account types as in DE 3, *from_id* and *to_id* DE 102 and 103.

    *new_block* is that of a new PIN; *sale* the sale that it is about; *keyed*: the card's number was typed in.
    """

    offer: Offer
    amount: int = 0
    from_type: str = "00"
    to_type: str = "00"
    from_id: str = ""
    to_id: str = ""
    new_block: bytes = field(default=b"", repr=False)
    sale: Sale | None = None
    keyed: bool = False


def said(spec: Spec, mti: str, plain: Mapping[int, str | int | bytes]) -> Message:
    """A message of *plain* values: elements with sub-fields as their text, empty ones left out.

    Raises Misfit for a text that is no such sub-fields.
    """
    fields: dict[int, Value] = {}
    for number, value in sorted(plain.items()):
        if value in ("", b""):
            continue
        element = spec.elements.get(number)
        if element is not None and element.cls == "b" and isinstance(value, str):
            value = value.encode("ascii")
        choice = element.choice(mti) if element is not None else None
        fields[number] = choice.read(value) if choice is not None and not isinstance(value, int) else value
    return Message(mti, fields)


def request(
    terminal: Terminal, chosen: Chosen, card: Card, block: bytes, moment: Moment, invoice: str = ""
) -> Message:  # fmt: skip
    """The 0200 that asks for what was *chosen*; *block* is the PIN block, empty without a PIN.  Raises Misfit."""
    offer = chosen.offer
    entry = KEYED if chosen.keyed else CHIP_READ if card.chip else STRIPE_READ
    plain: dict[int, str | int | bytes] = {
        PAN: card.pan, PROCESSING: f"{offer.code}{chosen.from_type}{chosen.to_type}", STAN: moment.stan,
        TIME: moment.time, DATE: moment.date, ENTRY: entry, CONDITION: "00", PIN_BLOCK: block, INVOICE: invoice,
        CATEGORY: CASH_CATEGORY if offer is CASH_ADVANCE else terminal.category, TERMINAL: terminal.id,
        MERCHANT: terminal.merchant.ljust(15), PLACE: terminal.place and terminal.place.ljust(40),
        EXPIRY: card.expiry if chosen.keyed else "", TRACK_2: _track_2(card, entry),
        CHIP: card.chip if entry == CHIP_READ else b"", PRIVATE: chosen.new_block.hex().upper(),
        FROM: chosen.from_id, TO: chosen.to_id, CURRENCY: terminal.currency,
    }  # fmt: skip
    if offer.amount:
        plain[AMOUNT] = chosen.amount
    if chosen.sale is not None:
        sale = chosen.sale
        original = f"0200{sale.stan}{sale.date}{sale.time}{'0' * 22}"
        plain |= {APPROVAL: sale.approval, BATCH: f"{sale.amount:012d}", INVOICE: sale.invoice, ORIGINAL: original}
    return said(load(terminal.spec), "0200", plain)


def _track_2(card: Card, entry: str) -> str:
    """As it was read: a chip has a copy of its own, with another CVV."""
    return {STRIPE_READ: card.track_2, CHIP_READ: card.chip_track}.get(entry, "")


def reversal(original: Message, approval: str = "", actual: int | None = None) -> Message:
    """The 0420 that takes *original* back: whole, or (*actual*, minor units: what the cardholder did get) in part.

    DE 95 begins with the actual amount (ISO 8583:1987); the settlement amount and both fees behind it are nothing.
    """
    fields: dict[int, Value] = {number: value for number, value in original.fields.items() if number in REVERSED}
    if approval:
        fields[APPROVAL] = approval
    if actual is not None:
        fields[REPLACEMENT] = f"{actual:012d}{0:012d}{'C00000000' * 2}"
    return Message("0420", dict(sorted(fields.items())), original.header)


def repeated(reversing: Message) -> Message:
    """The same reversal, said again."""
    return reversing.changed(mti="0421")


def samples(terminal: Terminal) -> Iterable[Message]:
    """One request of each kind that needs most of the dialect, to be encoded before a terminal is put to work."""
    card = Card("", "4000001234562", "9901", "101", "123456789")
    moment, sale = Moment("000001", "235959", "1231"), Sale("000001", "000001", "235959", "1231", 1, "123456", PURCHASE)
    for chosen in (
        Chosen(CASH_ADVANCE, 1, from_id="1", to_id="2", new_block=bytes(8)),
        *([Chosen(PURCHASE, 1, sale=sale, keyed=True)] if terminal.channel is Channel.POS else []),
    ):
        asked = request(terminal, chosen, card, bytes(8), moment, "000001")
        yield asked
        yield reversal(asked, "123456", 1)
