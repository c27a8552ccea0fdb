"""Which contents may go where; that the data arrive is in the dialect's tests."""

from __future__ import annotations

from itertools import product

import pytest
from support.appliances import make_speaker

from hsm.keys.secret import ClearKey
from hsm.operations.encipher import CipherMode
from hsm.operations.translation import Content, Side, move
from hsm.refusal import CommandDisabled, KeyFunctionForbidden

KEY = ClearKey(bytes.fromhex("0123456789ABCDEFFEDCBA9876543210"))
OFF = make_speaker().appliance.view(None)
ON = make_speaker({"translate-to-card-keys": "yes"}).appliance.view(None)
ALLOWED = {
    (Content.DATA, Content.DATA), (Content.KEYS, Content.KEYS), (Content.PINS, Content.PINS),
    (Content.DATA, Content.CARD), (Content.KEYS, Content.CARD), (Content.PINS, Content.CARD),
}  # fmt: skip


@pytest.mark.parametrize(("source", "destination"), product(Content, Content))
def test_contents(source: Content, destination: Content) -> None:
    one, other = (Side(KEY, content, CipherMode.ECB, bytes(8)) for content in (source, destination))
    if (source, destination) in ALLOWED:
        assert move(ON, one, other, bytes(16)) == (bytes(16), bytes(8))
    else:
        with pytest.raises(KeyFunctionForbidden):
            move(ON, one, other, bytes(16))
    if destination is Content.CARD:
        with pytest.raises(CommandDisabled):
            move(OFF, one, other, bytes(16))
