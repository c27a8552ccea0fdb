"""What was asked, once it is recognised."""

from __future__ import annotations

from dataclasses import dataclass, field

from switch.codec.message import Message
from switch.services.catalogue import Service

PAN, PROCESSING, AMOUNT, TRANSMITTED, STAN, TIME, DATE = 2, 3, 4, 7, 11, 12, 13
ENTRY_MODE, ACQUIRER, TRACK_2, REFERENCE = 22, 32, 35, 37
APPROVAL, RESPONSE, TERMINAL, MERCHANT, PRIVATE, CURRENCY, PIN_BLOCK = 38, 39, 41, 42, 48, 49, 52
ORIGINAL, REPLACEMENT, FROM_ACCOUNT, TO_ACCOUNT = 90, 95, 102, 103
NEW_PIN_BLOCK = PRIVATE
"""In a PIN change DE 48 is the block of the new PIN, 16 hexadecimal digits, under the key of DE 52."""
PIN_CHANGE = "PIN change"
"""The name of the service in the catalogue."""


@dataclass(frozen=True, slots=True)
class Request:
    """*message*, in the dialect of the link it came by, asks *service*.

    *id* is :func:`switch.store.rows.transaction_key`; *business_date* ``yyyymmdd``; *amount* in minor units of *currency*
    (ISO 4217, numeric), 0 where the service has none; *arrived_us* microseconds since 1970; *line* the partner's, as
    :class:`switch.flow.partner.Partner` has it.
    """

    id: str
    link: str
    message: Message
    service: Service
    business_date: str
    arrived_us: int
    pan: str = field(repr=False)
    amount: int = 0
    currency: str = ""
    line: str = ""
    near: tuple[str, ...] = ()
    """Ids under which it may have been entered when the business date was another."""

    def text(self, number: int) -> str:
        """The element *number* as text without blanks at its end; empty when it isn't there."""
        value = self.message.fields.get(number, "")
        return value.rstrip() if isinstance(value, str) else str(value)

    @property
    def repeats(self) -> bool:
        """Is it sent again (an MTI that ends in 1)?"""
        return self.message.mti[3] == "1"

    @property
    def pin_block(self) -> bytes | None:
        """DE 52, 8 bytes, if it is there."""
        value = self.message.fields.get(PIN_BLOCK)
        return value if isinstance(value, bytes) else None
