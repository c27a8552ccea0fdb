"""Digits whose count some hosts leave out: the key specifier behind them decides."""

from __future__ import annotations

from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsm.client.fieldtext import FieldError, message_from
from hsm.refusal import DigitsInvalid
from hsm.wire.codec import codec_of
from hsm.wire.message import Message, WireError
from hsm.wire.packed import Packed, Whole
from hsm.wire.shapes import KeySpec, MaybeCounted


class Clear(Message):
    length: Annotated[int, Whole(1, 4, 12)]
    digits: Annotated[bytes, MaybeCounted("length", 6, hidden=True)]
    account: Annotated[str, Packed(12, wrong=DigitsInvalid)]
    key: Annotated[str, KeySpec("PPK")]


CODEC = codec_of(Clear)
ACCOUNT = "042100423007"
SPECIFIERS = ("020001", "11" + "11" * 17, "1912" + "22" * 24)


def parsed(text: str) -> Clear:
    return CODEC.parse(bytes.fromhex(text).decode("latin-1"))


@given(
    pin=st.text("0123456789", min_size=4, max_size=12),
    account=st.text("0123456789", min_size=12, max_size=12),
    key=st.sampled_from(SPECIFIERS),
)
def test_with_a_count_it_is_always_read_so(pin: str, account: str, key: str) -> None:
    packed = pin + "F" * (len(pin) % 2)
    read = parsed(f"{len(pin):02X}{len(packed) // 2:02X}{packed}{account}{key}")
    assert (read.digits[1:].hex().upper(), read.account) == (packed, account)


@pytest.mark.parametrize("key", SPECIFIERS)
@pytest.mark.parametrize("packed", ["1234", "0234", "0211", "123456789012"])
def test_without_a_count_where_nothing_else_fits(packed: str, key: str) -> None:
    text = f"{len(packed):02X}{packed}{ACCOUNT}{key}"
    read = parsed(text)
    assert (read.digits.hex(), read.account) == (packed, ACCOUNT)
    assert CODEC.build(read) == bytes.fromhex(text)


@pytest.mark.parametrize("text", ["0403123456" + ACCOUNT + "020001", "04", "0402", "040212", "041234" + ACCOUNT])
def test_neither_fits(text: str) -> None:
    with pytest.raises(WireError):
        parsed(text)


def test_typed_as_digits() -> None:
    made = message_from(Clear, {"length": "5", "digits": "12345", "account": ACCOUNT, "key": "0001"})
    assert made.digits.hex() == "0312345f"
    assert "12345" not in repr(made)
    with pytest.raises(FieldError, match="digits"):
        message_from(Clear, {"length": "6", "digits": "1234", "account": ACCOUNT, "key": "0001"})
