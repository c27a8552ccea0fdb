"""What an issuer has agreed to have approved in its place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType

SERVICES = ("withdrawal", "purchase")
"""Of the catalogue's services those that can be stood in for at all: never a transfer, a credit or a PIN change."""
PIN_ALWAYS = frozenset({"withdrawal"})
"""Services that nobody gets without a PIN."""


class Trigger(Enum):
    """Why the issuer doesn't answer; the values are message reason codes (ISO 8583:1993 1000 to 1499, as CMF has them)."""

    SIGNED_OFF = "1001"
    TIMED_OUT = "1002"
    UNAVAILABLE = "1003"


class Listing(Enum):
    """On which of the issuer's files a card stands."""

    POSITIVE = "positive"
    """It is known to the issuer, and in good standing."""
    NEGATIVE = "negative"
    """It is refused."""
    LIMIT = "limit"
    """It has a limit of its own."""


@dataclass(frozen=True)
class CardLine:
    """What the issuer says of one card: *response* (DE 39) for a negative one, *amount* a day (None: the policy's).

    *pvki* (one digit) and *pvv* (four) are empty where its PIN can't be verified.
    """

    listing: Listing
    response: str = ""
    amount: int | None = None
    pvki: str = ""
    pvv: str = field(default="", repr=False)


@dataclass(frozen=True)
class Policy:
    """One issuer's agreement.

    Amounts in minor units of *currency* (numeric): *amount_a_day* and *count_a_day* for a card, *exposure* for a prefix.
    *listed_only*: cards in no file are declined.  *pvk*: the pair for PVVs under the HSM's LMK; empty: no PIN can be
    verified.  *cards* by id.  *reason_element* is where the advice tells the reason; 0: nowhere.
    """

    name: str
    services: frozenset[str]
    triggers: frozenset[Trigger]
    currency: str
    amount_a_day: int
    count_a_day: int
    exposure: int
    pin_tries: int = 3
    listed_only: bool = False
    reason_element: int = 60
    pvk: str = field(default="", repr=False)
    cards: Mapping[str, CardLine] = field(default_factory=lambda: MappingProxyType({}), repr=False)
