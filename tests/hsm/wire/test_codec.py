"""What is built is parsed; both ways of reading agree; errors say where; sensitive fields stay masked."""

from __future__ import annotations

import re
import time
from enum import Enum
from typing import Annotated, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hsm import refusal as r
from hsm.testing import strategy
from hsm.wire import kinds as k
from hsm.wire import shapes as s
from hsm.wire.codec import Codec, codec_of
from hsm.wire.kinds import Mismatch
from hsm.wire.message import Empty, Message, WireError

LENGTH = k.Width("PIN length", 5)


class Mode(Enum):
    FIRST = "1"
    LAST = "3"


class Translate(Message):
    """The shape of CA: plain fields alone, so one expression reads it."""

    source_key: Annotated[str, s.Key("TPK")]
    destination_key: Annotated[str, s.Key("ZPK")]
    length_max: Annotated[int, k.Number(2, 4, 12, wrong=r.PinLengthInvalid)]
    block: Annotated[bytes, k.Hex(8)]
    source_format: Annotated[str, k.Digits(2)]
    account: Annotated[str, k.Account(12, wrong=r.AccountInvalid)]


class Card(Message):
    pan: Annotated[str, s.Until(";", k.Pan("N", 1, 19))]
    expiry: Annotated[str, k.Digits(4)]
    raw: Annotated[bytes, k.Binary(3)]
    word: Annotated[str, k.Choice(("A", "BC", "BCD"))]
    offset: Annotated[str, k.Padded(12, 1)]
    pin: Annotated[str, k.Text("H", 2, 2)]
    variant: Annotated[str, k.Pattern("[0-9]{0,2}", "0-2 N")]
    extension: Annotated[str | None, s.Maybe(";", k.Digits(3))]
    more: Annotated[str | None, s.IfMore(k.Choice(("Y", "YZ")))]


class Numbers(Message):
    small: Annotated[int, k.Number(1, 2, 9)]
    long: Annotated[int, k.Number(4, 1, 0xFFFF, base=16)]


class Block(Message):
    mode: Annotated[Mode, k.Code(Mode)]
    form: Annotated[str, k.Choice(("0", "1"))]
    iv: Annotated[bytes | None, s.When("mode", (Mode.LAST,), k.Hex(8))]
    pin: Annotated[str, k.Digits(LENGTH)]
    count: Annotated[int, k.Number(1, 0, 4)]
    cards: Annotated[tuple[Numbers, ...], s.Repeated("count", s.Group(Numbers))]
    keys: Annotated[tuple[str, ...], s.Repeated("count", s.Key("component"))]
    text: Annotated[bytes, s.Prefixed(4, 16, most=2000, doubled=("form", "1"), binary=("form", ("0",)), hidden=True)]
    rest: Annotated[bytes, s.Rest(100)]


class Released(Message):
    """The shape of CC with a PIN under the LMK: block and account follow key and formats."""

    key: Annotated[str, s.Key("ZPK")]
    block: Annotated[bytes, s.BlockUnder("key")]
    came: Annotated[str, k.Choice(("01", "04", "48"))]
    goes: Annotated[str, k.Choice(("01", "04", "48"))]
    account: Annotated[
        str,
        s.Cases(
            ("came", "goes"),
            (("48", s.Until(";", k.Pan("N", 13, 19))), ("04", k.Account(18))),
            k.Account(12, wrong=r.AccountInvalid),
        ),
    ]
    pin: Annotated[str, k.Either((k.Pattern("J[0-9A-F]{32}", "J + 32 H"), k.HexDigits(LENGTH)))]
    answer: Annotated[bytes, k.HexOf(sizes=(8, 16))]


MESSAGES = (Released, Translate, Card, Block, Numbers, Empty)
messages: st.SearchStrategy[Message] = st.sampled_from(MESSAGES).flatmap(strategy)


def read(codec: Codec[Any], text: str, fast: bool) -> object:
    """The value and its end, or the field and offset that are wrong."""
    try:
        return codec.take(text) if fast else codec.walk(text, 0)
    except (WireError, Mismatch) as e:
        return getattr(e, "field", None) or getattr(e, "name", None), e.offset, e.expected, e.wrong


@given(messages)
def test_what_is_built_is_parsed(message: Message) -> None:
    codec = codec_of(type(message))
    assert codec.parse(codec.build(message).decode("latin-1")) == message


@given(strategy(Block, {LENGTH.name: 9}))
def test_a_setting_decides_a_width(message: Block) -> None:
    codec = codec_of(Block, {LENGTH.name: 9})
    assert len(message.pin) == 9
    assert codec.parse(codec.build(message).decode("latin-1")) == message


@settings(max_examples=300)
@given(messages, st.data())
def test_both_ways_of_reading_agree_on_damage(message: Message, data: st.DataObject) -> None:
    codec = codec_of(type(message))
    text = codec.build(message).decode("latin-1")
    at = data.draw(st.integers(0, len(text)))
    cut = data.draw(st.integers(0, 3))
    put = data.draw(st.text(st.characters(max_codepoint=255), max_size=3) | st.sampled_from([";", "%00", "\x19", "U"]))
    damaged = text[:at] + put + text[at + cut :]
    assert read(codec, damaged, fast=True) == read(codec, damaged, fast=False)


@given(messages)
def test_every_shorter_text_is_refused_or_ends_where_it_ends(message: Message) -> None:
    codec = codec_of(type(message))
    text = codec.build(message).decode("latin-1")
    for end in range(len(text)):
        try:
            again = codec.parse(text[:end])
        except WireError as e:
            assert 0 <= e.offset <= end  # noqa: PT017  # not every shorter text is wrong
        else:
            assert codec.build(again).decode("latin-1") == text[:end]


@given(messages)
def test_spans_tile_the_message(message: Message) -> None:
    codec = codec_of(type(message))
    text = codec.build(message).decode("latin-1")
    at = 0
    for _, start, end in codec.spans(text):
        assert start == at
        at = end
    assert at == len(text)


TRANSLATE = "0406FBB23A5214DFU1EF828AA8F6B80EB83E19FBC373F3A85126428EB94035AF53B01550000025321"


@pytest.mark.parametrize(
    ("damage", "field", "offset", "wrong"),
    [
        (lambda t: "G" + t[1:], "source_key", 0, None),
        (lambda t: t[:17] + "g" + t[18:], "destination_key", 16, None),
        (lambda t: t[:49] + "13" + t[51:], "length_max", 49, r.PinLengthInvalid),
        (lambda t: t[:49] + "03" + t[51:], "length_max", 49, r.PinLengthInvalid),
        (lambda t: t[:60] + "f" + t[61:], "block", 51, None),
        (lambda t: t[:-1], "account", 69, r.AccountInvalid),
        (lambda t: t + "0", "end of message", 81, None),
        (lambda t: "", "source_key", 0, None),
    ],
)
def test_an_error_names_field_offset_and_reason(damage: Any, field: str, offset: int, wrong: object) -> None:
    assert codec_of(Translate).parse(TRANSLATE).length_max == 12
    with pytest.raises(WireError) as caught:
        codec_of(Translate).parse(damage(TRANSLATE))
    assert (caught.value.field, caught.value.offset, caught.value.wrong) == (field, offset, wrong)


def test_an_error_says_nothing_of_the_message() -> None:
    with pytest.raises(WireError) as caught:
        codec_of(Translate).parse(TRANSLATE[:-1])
    assert not re.search("550000|6428EB|0406FB", str(caught.value))


def test_a_repr_masks_what_is_sensitive() -> None:
    shown = repr(codec_of(Translate).parse(TRANSLATE))
    assert "550000025321" not in shown
    assert "account=<masked>" in shown
    assert "block=6428EB94035AF53B" in shown
    card = Card(
        pan="4999988887777", expiry="2512", raw=b"\1\2\3", word="A", offset="1", pin="12", variant="", extension=None,
        more=None,
    )  # fmt: skip
    assert "4999" not in repr(card)
    assert "extension=absent" in repr(card)


def test_hidden_bytes_are_masked() -> None:
    block = Block(
        mode=Mode.FIRST, form="0", iv=None, pin="01234", count=0, cards=(), keys=(), text=b"secret", rest=b"open"
    )
    assert "secret" not in repr(block)
    assert "736563" not in repr(block)


@pytest.mark.parametrize("cls", MESSAGES)
def test_no_input_makes_reading_slow(cls: type[Message]) -> None:
    """Groups are atomic and bounded, so doubling the text must not square the time; a catastrophe takes seconds."""
    codec = codec_of(cls)
    began = time.process_time()
    for letter in ("0", "F", "U", ";", "\xff"):
        for length in (100, 30_000):
            read(codec, letter * length, fast=True)
    assert time.process_time() - began < 0.5


def test_a_key_of_another_length_than_its_tag_says_is_refused() -> None:
    class Keyed(Message):
        key: Annotated[str, s.Key("ZMK", untagged=32)]

    codec = codec_of(Keyed)
    good = ["0" * 32, "U" + "0" * 32, "X" + "A" * 32, "T" + "0" * 48, "Y" + "F" * 48, "K0FF", "UK123"]
    good.append("S0007271TN00E0001" + "9BAD23B0CEF79E33328CA0568A0E186FC17E8DE738AAF9FB67C6E1FF")
    for text in good:
        assert codec.parse(text).key == text
    bad = ["0" * 31, "0" * 33, "U" + "0" * 31, "T" + "0" * 32, "Z" + "0" * 16, "K0F", "k0FF", "u" + "0" * 32]
    bad += ["S00010" + "0" * 5, "S00072" + "0" * 60, "S0ABCD" + "0" * 80, "S09999" + "0" * 80]
    for text in bad:
        with pytest.raises(WireError):
            codec.parse(text)


def test_a_condition_on_a_field_that_does_not_exist_is_our_mistake() -> None:
    with pytest.raises(TypeError, match="nowhere"):

        class _Wrong(Message):
            a: Annotated[str | None, s.When("nowhere", ("1",), k.Digits(1))]


def test_a_field_without_a_kind_is_our_mistake() -> None:
    with pytest.raises(TypeError, match="exactly one kind"):

        class _Wrong(Message):
            a: int


def test_a_field_that_depends_on_a_later_or_missing_one_is_no_declaration() -> None:
    for kind in (s.BlockUnder("nothing"), s.Cases(("nothing",), (), k.Digits(1)), s.When("nothing", (), k.Digits(1))):
        with pytest.raises(TypeError, match="nothing"):
            type("Wrong", (Message,), {"__annotations__": {"field": Annotated[str, kind]}})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0" * 16 + "1" * 16 + "0101" + "2" * 12, "2" * 12),
        ("0" * 16 + "1" * 16 + "0104" + "2" * 18, "2" * 18),
        ("0" * 16 + "1" * 16 + "4801" + "2" * 16 + ";", "2" * 16),
        ("S10040P0AN00S0000" + "0" * 24 + "1" * 32 + "4848" + "2" * 13 + ";", "2" * 13),
    ],
)
def test_accounts_by_format_and_blocks_by_key(text: str, expected: str) -> None:
    message, _ = codec_of(Released).take(text + "01234" + "3" * 16)
    assert (message.account, message.pin, message.answer) == (expected, "01234", b"\x33" * 8)
    assert len(message.block) == (16 if text.startswith("S") else 8)
    assert expected not in repr(message)
