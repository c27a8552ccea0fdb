"""Who a terminal is, and what it offers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType


class Channel(Enum):
    """What kind of terminal."""

    ATM = "atm"
    POS = "pos"


@dataclass(frozen=True)
class Offer:
    """A service: *name* as in the catalogue, *code* the first two digits of DE 3 (ISO 8583:1987).

    *pin*: only with one.  *reversible*: what was approved in vain, or perhaps approved, is reversed.  *of_sale*: it is
    about an earlier sale of the same terminal.
    """

    name: str
    code: str
    pin: bool = True
    amount: bool = True
    reversible: bool = True
    of_sale: bool = False


WITHDRAWAL = Offer("withdrawal", "01")
BALANCE = Offer("balance", "30", amount=False, reversible=False)
TRANSFER = Offer("transfer", "40")
PIN_CHANGE = Offer("PIN change", "94", amount=False, reversible=False)
PURCHASE = Offer("purchase", "00", pin=False)
CASH_ADVANCE = Offer("cash advance", "01")
VOID = Offer("void", "02", pin=False, of_sale=True)
REFUND = Offer("refund", "20", pin=False, of_sale=True)

OFFERS: Mapping[Channel, tuple[Offer, ...]] = MappingProxyType(
    {
        Channel.ATM: (WITHDRAWAL, BALANCE, TRANSFER, PIN_CHANGE),
        Channel.POS: (PURCHASE, CASH_ADVANCE, VOID, REFUND, BALANCE, PIN_CHANGE),
    }
)


@dataclass(frozen=True)
class Terminal:
    """One terminal: *id* is DE 41 (8 characters), *merchant* DE 42 (up to 15), *place* DE 43 (up to 40; empty: not said).

    *category* is DE 18 of what it sells, 6011 for an ATM; *currency* DE 49; *country* what chips are told (tag 9F1A).
    """

    id: str
    channel: Channel
    spec: str
    merchant: str
    place: str = ""
    category: str = "6011"
    currency: str = "704"
    country: str = "704"
