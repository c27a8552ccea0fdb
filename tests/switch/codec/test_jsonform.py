"""Messages given as JSON."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.codec.codec import codec
from switch.codec.jsonform import message_of
from switch.codec.message import Message, MessageError, Parts
from switch.codec.specfile import load

NAPAS = load("napas")


def of(fields: object, mti: str = "0800") -> Message:
    return message_of(json.dumps({"mti": mti, "fields": fields}), NAPAS)


def test_values_take_the_types_of_the_dialect() -> None:
    said = of(
        {
            "4": 1000, "11": "000001", "52": "0011223344556677", "55": [["71", "00"], ["71", "01"], ["9F26", "AABB"]],
            "48": {"01": "S0123", "02": "ABCDEF"}, "54": {"1": {"account": "10", "kind": "01", "currency": "704"}},
        }
    )  # fmt: skip
    assert said.fields == {
        4: 1000,
        11: "000001",
        52: bytes.fromhex("0011223344556677"),
        55: Parts([("71", b"\0"), ("71", b"\1"), ("9F26", b"\xaa\xbb")]),
        48: Parts({"01": "S0123", "02": "ABCDEF"}),
        54: Parts({"1": Parts({"account": "10", "kind": "01", "currency": "704"})}),
    }
    assert of({"4": "1000", "11": 1}).fields == {4: 1000, 11: "1"}


WRONG = [
    ("", "JSON"),
    ("[" * 5000, "JSON"),
    ("3", "JSON"),
    ('{"mti": 800}', "JSON"),
    ('{"mti": "0800", "field": {}}', "JSON"),
    ('{"mti": "0800", "header": "0"}', "header"),
    ('{"mti": "0800", "fields": {"129": "x"}}', "DE 129"),
    ('{"mti": "0800", "fields": {"011": "x", "11": "x"}}', "DE 11"),
    ('{"mti": "0800", "fields": {"²": "x"}}', "DE ²"),
    ('{"mti": "0800", "fields": {"11": null}}', "DE 11"),
    ('{"mti": "0800", "fields": {"11": true}}', "DE 11"),
    ('{"mti": "0800", "fields": {"11": {"a": "b"}}}', "DE 11"),
    ('{"mti": "0800", "fields": {"52": "0x"}}', "DE 52"),
    ('{"mti": "0800", "fields": {"55": {"95": 1}}}', "DE 55 95"),
    ('{"mti": "0800", "fields": {"55": [["95"]]}}', "DE 55"),
    ('{"mti": "0800", "fields": {"48": {"01": 1}}}', "DE 48 01"),
]


@pytest.mark.parametrize(("text", "field"), WRONG)
def test_what_is_wrong_is_named(text: str, field: str) -> None:
    with pytest.raises(MessageError) as caught:
        message_of(text, NAPAS)
    assert caught.value.field == field


def test_an_amount_that_is_none_is_refused_when_it_is_encoded() -> None:
    for amount in ("1.5", "-1", -1, 10**12, "²"):
        with pytest.raises(MessageError, match="DE 4"):
            codec("napas").encode(of({"4": amount}))


scalars = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
documents = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner)
)


@given(st.dictionaries(st.sampled_from(["2", "4", "11", "48", "52", "54", "55", "90"]), documents, max_size=4))
def test_any_document(fields: dict[str, object]) -> None:
    try:
        message = of(fields)
        wire = codec("napas").encode(message)
    except MessageError:
        return
    assert codec("napas").encode(codec("napas").decode(wire)) == wire
