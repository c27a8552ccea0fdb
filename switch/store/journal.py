"""A message as it may be kept: of its elements what may be shown, and of the PAN the first six and last four digits."""

from __future__ import annotations

from json.encoder import encode_basestring_ascii as quoted

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
        fields=_json(message),
    )


def _json(message: Message) -> str:
    """The elements as JSON, by number; put together here, since there are four messages to each transaction."""
    fields = message.fields
    return "{" + ", ".join([_CONCEALED.get(n) or _shown(n, fields[n]) for n in sorted(fields)]) + "}"


def _shown(number: int, value: Value) -> str:
    """What may be shown of *value*, as JSON."""
    if isinstance(value, str):
        if number in PANS:
            value = masked_pan(value)
        elif len(value) >= PAN_DIGITS_LEAST:
            value = without_pans(value)
        return f'"{number}": {quoted(value)}'
    return f'"{number}": {value}' if isinstance(value, int) else f'"{number}": "*"'


_CONCEALED = {number: f'"{number}": "*"' for number in HIDDEN}
