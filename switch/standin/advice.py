"""The advice that tells an issuer what was approved in its place."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping

from switch.codec.message import Message, Value
from switch.flow.request import APPROVAL, RESPONSE, TRANSMITTED
from switch.standin.policy import Trigger

ADVICE_MTI, APPROVED = "0220", "00"
UNTOLD = frozenset({26, 35, 36, 45, 48, 52, 53, 55, 64, 128})
"""Of the request, what an advice doesn't repeat: tracks (a chip's data has one too), PINs, cryptograms, private data."""
DIGITS = 5


def advice(
    request: Message, approval: str, trigger: Trigger, transmitted: str, reason_element: int, elements: Collection[int]
) -> Message:
    """The 0220 for *request*, which is as it would have gone to the issuer, whose dialect has *elements*.

    DE 11, 37 and the rest are the request's, by which an issuer that has seen it knows it; DE 7 is *transmitted*, the
    time of the advice.
    """
    fields: dict[int, Value] = {n: value for n, value in request.fields.items() if n not in UNTOLD}
    added: Mapping[int, Value] = {TRANSMITTED: transmitted, APPROVAL: approval, RESPONSE: APPROVED}
    fields |= added
    if reason_element in elements:
        fields[reason_element] = trigger.value
    return Message(ADVICE_MTI, dict(sorted(fields.items())))


def approval_code(transaction_id: str) -> str:
    """DE 38 of what the switch approves: S and five digits that follow from the transaction, so asked again it is the same.

    >>> approval_code("20261122/bank-a/000001/970405/000000003347/A1")
    'S15256'
    """
    digest = hashlib.sha256(transaction_id.encode()).digest()
    return f"S{int.from_bytes(digest[:8], 'big') % 10**DIGITS:0{DIGITS}d}"
