"""Captures are explained as far as they go, and nothing that is secret is told."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from support.messages import messages, published

from switch.codec.codec import codec
from switch.codec.explain import explain
from switch.codec.message import Message, MessageError, Parts, Value
from switch.codec.specfile import load, names

PAN = "9704110000000003"


def shown(name: str, message: Message) -> dict[str, str]:
    return {line.name: line.shown for line in explain(codec(name), codec(name).encode(message)).lines}


def test_offsets_names_and_values() -> None:
    case = next(each for each in published() if each.id == "olb-0800-signon")
    lines = explain(codec("base24"), case.wire).lines
    assert [(line.offset, line.name, line.shown) for line in lines[-4:]] == [
        (16, "bitmap", "7 11 70"),
        (48, "DE 7", "0619111227"),
        (58, "DE 11", "000001"),
        (64, "DE 70", "001"),
    ]
    assert lines[0].meaning == "ISO"


def test_what_is_secret_is_not_told() -> None:
    secrets: dict[int, Value] = {
        35: f"{PAN}=2512101",
        52: bytes.fromhex("1122334455667788"),
        48: "PIN 1122334455667788",
        62: PAN,
    }
    icc = Parts({"9F26": bytes.fromhex("1122334455667788"), "5A": bytes.fromhex(PAN), "9F02": bytes(6)})
    told = shown("banknet", Message("0200", {2: PAN, 44: f"see {PAN}", 55: icc, 103: PAN, **secrets}))
    text = " ".join(told.values())
    assert PAN not in text
    assert "1122334455667788" not in text
    assert told["DE 2"] == told["DE 103"] == "970411******0003"
    assert told["DE 44"] == "see 970411******0003"
    assert told["9F02"] == "000000000000"
    assert told["9F26"] == "<8 bytes>"


def test_a_key_message_shows_the_label_and_not_the_key() -> None:
    told = shown("banknet", Message("0800", {48: Parts({"label": "ZPK001", "key": "X" + "0123456789ABCDEF" * 2})}))
    assert (told["label"], told["key"]) == ("ZPK001", "<33 characters>")
    told = shown("napas", Message("0800", {48: Parts({"01": "X" + "0123456789ABCDEF" * 2, "02": "ABCDEF"})}))
    assert (told["01"], told["02"]) == ("<33 characters>", "ABCDEF")


def test_as_far_as_it_goes() -> None:
    wire = codec("banknet").encode(Message("0200", {2: PAN, 3: "010000", 4: 1000}))
    explained = explain(codec("banknet"), wire[:-2])
    assert [line.name for line in explained.lines] == ["MTI", "bitmap", "DE 2", "DE 3"]
    assert explained.wrong == "DE 4 at byte 44: expected 12 bytes, 10 are left"
    assert explain(codec("banknet"), wire + b"!").wrong.startswith("trailer at byte 56")


@given(st.sampled_from(names()).flatmap(lambda name: st.tuples(st.just(name), messages(load(name)))), st.data())
def test_any_message_whole_or_cut(case: tuple[str, Message], data: st.DataObject) -> None:
    name, message = case
    wire = codec(name).encode(message)
    wire = wire[: data.draw(st.integers(0, len(wire)))]
    explained = explain(codec(name), wire)
    told = ""
    try:
        found = codec(name).decode(wire)
    except MessageError as error:
        told = str(error)
    else:
        assert {line.name for line in explained.lines} >= {f"DE {number}" for number in found.fields}
    assert explained.wrong == told
