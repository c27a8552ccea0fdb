"""What a person types becomes the message, or an error that names the field and never quotes the value."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from hypothesis import given

from hsm.client.fieldtext import FieldError, from_text, message_from
from hsm.testing import strategy
from hsm.wire import kinds as k
from hsm.wire import shapes as s
from hsm.wire.export import KINDS
from hsm.wire.kinds import Kind
from hsm.wire.message import Message


class Tail(Message):
    scheme: Annotated[str, k.Text("L")]
    kind: Annotated[str, k.Choice(("0", "1"))]


class Typed(Message):
    mode: Annotated[str, k.Choice(("0", "1"))]
    iv: Annotated[bytes | None, s.When("mode", ("1",), k.Hex(8))]
    key: Annotated[str, s.Key("TAK")]
    most: Annotated[int, k.Number(2, 4, 12)]
    offset: Annotated[str, k.Padded(12, 1)]
    pan: Annotated[str, s.Until(";", k.Pan("N", 1, 19))]
    count: Annotated[int, k.Number(1, 0, 9)]
    keys: Annotated[tuple[str, ...], s.Repeated("count", s.Key("component"))]
    data: Annotated[bytes, s.Prefixed(4)]
    tail: Annotated[Tail | None, s.Maybe(";", s.Group(Tail))]


GIVEN = {
    "mode": "0", "key": "0" * 16, "most": "4", "offset": "123", "pan": "4999988887777", "count": "0", "data": "text",
}  # fmt: skip


def test_a_message() -> None:
    message = message_from(Typed, GIVEN)
    assert (message.iv, message.most, message.offset, message.keys, message.tail) == (None, 4, "123", (), None)
    assert message.data == b"text"


def test_conditions_lists_groups_and_bytes() -> None:
    more = {
        "mode": "1", "iv": "0123456789ABCDEF", "count": "2", "keys": f"{'1' * 16},U{'2' * 32}", "data": "hex:00FF",
        "tail.scheme": "U", "tail.kind": "1",
    }  # fmt: skip
    message = message_from(Typed, GIVEN | more)
    assert message.iv == bytes.fromhex("0123456789ABCDEF")
    assert len(message.keys) == 2
    assert message.data == b"\x00\xff"
    assert message.tail == Tail(scheme="U", kind="1")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"most": "13"}, "most"),
        ({"most": "+4"}, "most"),
        ({"key": "0" * 17}, "key"),
        ({"key": "SECRETKEY"}, "key"),
        ({"iv": "0" * 16}, "iv must not"),
        ({"mode": "1"}, "iv is missing"),
        ({"mode": "1", "iv": "0"}, "iv"),
        ({"pan": "49999x"}, "pan"),
        ({"count": "1"}, "keys is missing"),
        ({"count": "1", "keys": ","}, "keys"),
        ({"data": "hex:0"}, "data"),
        ({"tail.scheme": "U"}, "kind is missing"),
        ({"colour": "red"}, "no field colour"),
    ],
)
def test_what_is_wrong_is_named(change: dict[str, str], named: str) -> None:
    with pytest.raises(FieldError) as caught:
        message_from(Typed, GIVEN | change)
    assert named in str(caught.value)
    assert "SECRETKEY" not in str(caught.value)
    assert "49999x" not in str(caught.value)


@given(strategy(Tail))
def test_any_message_can_be_typed(message: Tail) -> None:
    assert message_from(Tail, {"scheme": message.scheme, "kind": message.kind}) == message


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.__name__)
def test_every_kind_can_be_typed(kind: Any) -> None:
    assert from_text.dispatch(kind) is not from_text.dispatch(Kind)
