"""Requests and answers of the card, MAC, hash and data commands go through the wire and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsm.dialects.thales.codes import thales
from hsm.dialects.thales.families import load
from hsm.testing import strategy
from hsm.wire.codec import codec_of

load()
CODES = ("CW", "CY", "RY", "MA", "MC", "ME", "MK", "MM", "MQ", "MS", "M6", "M8", "M0", "M2", "M4", "GM")


@pytest.mark.parametrize("code", CODES)
@given(data=st.data())
def test_round_trip(code: str, data: st.DataObject) -> None:
    for message_class in (thales.commands[code].asks, thales.commands[code].answers):
        message = data.draw(strategy(message_class))
        codec = codec_of(message_class)
        assert codec.parse(codec.text(message)) == message
