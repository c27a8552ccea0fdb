"""Damaged PIN requests: whatever is cut off, put on or changed, the reply has the right verb and a code that is no 41."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.appliances import Speaker, make_speaker

VECTORS = Path(__file__).parents[4] / "protocol-spec" / "thales" / "vectors" / "pins.json"
WITNESSED = [entry["request"] for entry in json.loads(VECTORS.read_text("utf-8"))]
REQUESTS = list({request[:2]: request for request in WITNESSED}.values())
CODE = re.compile("[0-9A-Z]{2}")


@cache
def speaker() -> Speaker:
    return make_speaker()


def reply_to(request: str) -> str:
    reply = speaker()(request)
    assert reply[:2] == request[0] + chr(ord(request[1]) + 1)
    assert CODE.fullmatch(reply[2:4])
    assert reply[2:4] != "41"
    return reply


@pytest.mark.parametrize("request_text", REQUESTS, ids=lambda text: text[:2])
def test_cut_anywhere(request_text: str) -> None:
    for end in range(2, len(request_text)):
        reply_to(request_text[:end])


@pytest.mark.parametrize("request_text", REQUESTS, ids=lambda text: text[:2])
@pytest.mark.parametrize(
    "tail", ["0", "A", ";", "%", "%1", "%99", "\x19", "\x19trailer", "\x00", "*", "\xff", "0" * 40]
)
def test_something_behind(request_text: str, tail: str) -> None:
    reply_to(request_text + tail)


@settings(max_examples=300)
@given(data=st.data())
def test_something_changed(data: st.DataObject) -> None:
    text = data.draw(st.sampled_from(WITNESSED))
    at = data.draw(st.integers(2, len(text) - 1))
    put = data.draw(st.text(st.characters(max_codepoint=255), max_size=3))
    reply_to(text[:at] + put + text[at + data.draw(st.integers(0, 3)) :])
