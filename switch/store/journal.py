"""A message as it may be kept: of its elements what may be shown, and of the PAN the first six and last four digits."""

from __future__ import annotations

import json

from switch.codec.message import Message, Value
from switch.codec.privacy import HIDDEN, PANS, masked_pan, without_pans
from switch.store.rows import Noted

RESPONSE_CODE, PAN = 39, 2
PAN_DIGITS_LEAST = 13


def noted(
    id: str, at_us: int, message: Message, link: str, direction: str, business_date: str, transaction_id: str
) -> Noted:
    """The journal's row for *message*, which came from or went to *link* (*direction* ``in`` or ``out``).

    Of hidden elements (PIN, tracks, keys, MACs, private data), of bytes and of elements with sub-fields it says only that
    they were there.
    """
    return Noted(
        id=id,
        at_us=at_us,
        business_date=business_date,
        transaction_id=transaction_id,
        link=link,
        direction=direction,
        mti=message.mti,
        pan=masked_pan(str(message.fields.get(PAN, ""))),
        response_code=str(message.fields.get(RESPONSE_CODE, "")),
        fields=json.dumps({number: _shown(number, value) for number, value in sorted(message.fields.items())}),
    )


def _shown(number: int, value: Value) -> str | int:
    if number in HIDDEN or not isinstance(value, str | int):
        return "*"
    if isinstance(value, int):
        return value
    if number in PANS:
        return masked_pan(value)
    return without_pans(value) if len(value) >= PAN_DIGITS_LEAST else value
