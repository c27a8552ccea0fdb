"""The canonical message: immutable, comparable, and masked wherever it is shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.codec.message import Message, Parts
from switch.codec.privacy import masked_pan, without_pans

PAN = "9704110000000003"
SAID = Message(
    "0200",
    {2: PAN, 4: 1000, 35: PAN + "=2512", 48: "KEY" + PAN, 52: b"\x01" * 8, 55: Parts({"9F26": b"\x02" * 8}), 102: PAN},
)


def test_its_text_is_masked() -> None:
    assert repr(SAID) == (
        "Message(0200, {2: '970411******0003', 4: 1000, 35: <21>, 48: <19>, 52: <8>, 55: Parts(9F26), "
        "102: '970411******0003'})"
    )


def test_nothing_of_it_can_be_changed() -> None:
    with pytest.raises(AttributeError):
        SAID.mti = "0210"
    with pytest.raises(TypeError):
        SAID.fields[4] = 1  # type: ignore[index]  # that is the point
    parts = Parts({"a": "b"})
    with pytest.raises(AttributeError):
        parts.pairs = ()


def test_what_it_was_made_of_can_be_changed_without_harm() -> None:
    fields: dict[int, str] = {11: "000001"}
    message = Message("0800", fields)
    fields[11] = "000002"
    assert message.fields == {11: "000001"}


def test_an_answer_is_made_of_a_request() -> None:
    request = Message("0800", {7: "0607091818", 11: "000001", 48: "x"}, b"head", b"t")
    answer = request.changed(mti="0810", fields={39: "00"}, without=(48,))
    assert answer == Message("0810", {7: "0607091818", 11: "000001", 39: "00"}, b"head", b"t")
    assert request.changed(header=b"") == Message("0800", request.fields)
    assert len({request, answer, request.changed()}) == 2


def test_parts_are_a_mapping_in_which_a_tag_may_repeat() -> None:
    parts = Parts([("71", b"1"), ("71", b"2"), ("9F26", b"")])
    assert (len(parts), list(parts), parts["71"], parts.get("95")) == (2, ["71", "9F26"], b"1", None)
    assert parts == Parts(parts.pairs)
    assert parts != Parts([("71", b"1"), ("9F26", b"")])
    assert "b'1'" not in repr(parts)


@given(st.text("0123456789", max_size=40))
def test_masks_keep_the_length_and_never_the_middle(pan: str) -> None:
    masked = masked_pan(pan)
    assert len(masked) == len(pan)
    assert sum(char != "*" for char in masked) <= max(0, min(10, len(pan) - 3))


def test_pans_within_text() -> None:
    assert without_pans(f"to {PAN}, 12 pieces") == "to 970411******0003, 12 pieces"
