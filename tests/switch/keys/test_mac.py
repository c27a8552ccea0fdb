"""What a MAC is made over: published messages cut by hand, and pycryptodome's DES for ANSI X9.19."""

from __future__ import annotations

import pytest
from Crypto.Cipher import DES
from hypothesis import given
from hypothesis import strategies as st
from support.messages import published

from switch.codec.codec import codec
from switch.codec.message import Message
from switch.flow.partner import MacRule
from switch.keys.mac import content, mac_is_due, place, seal, sealed

KEY = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
WHOLE, LISTED = MacRule(), MacRule((0, 3, 4, 11, 38, 41))


def x9_19(text: bytes, key: bytes = KEY) -> bytes:
    """ANSI X9.19 (ISO 9797-1, algorithm 3, padding 1): 8 bytes."""
    left, right = (DES.new(half, DES.MODE_ECB) for half in (key[:8], key[8:]))
    chained = bytes(8)
    padded = text + bytes(-len(text) % 8)
    for at in range(0, len(padded), 8):
        chained = left.encrypt(bytes(a ^ b for a, b in zip(chained, padded[at : at + 8], strict=True)))
    return left.encrypt(right.decrypt(chained))


def dump(name: str) -> bytes:
    return next(each.wire for each in published() if each.id == name)


def test_the_witness_computes_the_published_mac() -> None:
    """ANSI X9.24-1:2009 A.4 (by way of openemv/dukpt): the MAC of the request under the first transaction's variant key.

    The MAC key is that of KSN ...E00003: the transaction key with 0x00FF00 in the seventh byte of each half.
    """
    variant = bytes.fromhex("000000000000FF00000000000000FF00")
    key = bytes(a ^ b for a, b in zip(bytes.fromhex("0DF3D9422ACA56E547676D07AD6BADFA"), variant, strict=True))
    assert x9_19(b"4012345678909D987", key)[:4].hex().upper() == "20B59A4F"


def test_the_whole_message_up_to_the_mac() -> None:
    """The published 0200 (github patrickaburu1/ISO8583-PACK-UNPACK) with bit 64 set by hand."""
    wire = dump("gh-0200-ascii")
    speaking = codec("banknet")
    message = speaking.decode(wire)
    by_hand = wire.replace(b"3220000000808000", b"3220000000808001")
    assert content(WHOLE, speaking, message) == by_hand
    mac = x9_19(by_hand)
    done = sealed(WHOLE, speaking, message, mac)
    assert speaking.encode(done) == by_hand + mac.hex().upper().encode()
    received = speaking.decode(speaking.encode(done))
    assert seal(WHOLE, speaking, received) == mac
    assert x9_19(content(WHOLE, speaking, received)) == mac, "whether the MAC is there already or not"


def test_the_header_is_left_out_and_a_second_bitmap_has_its_mac_in_128() -> None:
    """The published ATM withdrawal of a BASE24 host: a header of 12 characters, two bitmaps, a trailer."""
    wire = dump("olb-0200-atm-withdrawal")
    speaking = codec("base24")
    message = speaking.decode(wire)
    made = content(WHOLE, speaking, message)
    assert place(speaking.spec, message) == 128
    header = speaking.spec.header.bytes_count
    end = len(wire) - len(message.trailer)
    assert made == wire[header:end].replace(b"0000000010000000", b"0000000010000001", 1)
    assert content(WHOLE, speaking, message.changed(header=b"ISO026000070")) == made


def test_elements_are_taken_as_they_lie_on_the_wire_in_the_order_of_the_rule() -> None:
    wire = dump("gh-0200-ascii")
    speaking = codec("banknet")
    message = speaking.decode(wire)
    assert content(LISTED, speaking, message) == b"0200" + b"000010" + b"000000001500" + b"000001" + b"12340001"
    assert content(MacRule((41, 0)), speaking, message) == b"12340001" + b"0200"
    with_length = message.changed(fields={32: "970400"})
    assert content(MacRule((32,)), speaking, with_length) == b"06970400", "its length belongs to it"
    packed = codec("bcd").decode(dump("so-0800-bcd"))
    assert content(MacRule((0, 3, 41)), codec("bcd"), packed) == bytes.fromhex("0800" + "000000" + "3239313130303031")


@given(st.binary(min_size=8, max_size=8), st.sampled_from([4, 8]), st.sampled_from([{}, {102: "1"}]))
def test_a_mac_goes_in_and_comes_out(mac: bytes, count: int, more: dict[int, str]) -> None:
    speaking, rule = codec("banknet"), MacRule(bytes_count=count)
    message = Message("0210", {3: "000000", 11: "000001", 39: "00", **more})
    done = speaking.decode(speaking.encode(sealed(rule, speaking, message, mac[:count])))
    assert seal(rule, speaking, done) == mac[:count]
    assert (128 if more else 64) in done.fields
    assert content(rule, speaking, done) == content(rule, speaking, message)


def test_what_is_no_mac_of_the_rule() -> None:
    speaking, rule = codec("banknet"), MacRule(bytes_count=4)
    message = Message("0210", {3: "000000", 11: "000001", 39: "00"})
    assert seal(rule, speaking, message) is None
    assert seal(rule, speaking, message.changed(fields={64: b"12345678"})) is None, "eight bytes where four are agreed"
    assert seal(rule, speaking, message.changed(fields={128: b"1234\0\0\0\0"})) is None, "in the wrong place"
    with pytest.raises(ValueError, match="size"):
        sealed(rule, speaking, message, b"12345678")
    with pytest.raises(ValueError, match="DE 128"):
        place(codec("pos").spec, message.changed(fields={70: "001"}))


def test_which_messages_carry_one() -> None:
    due = {mti: mac_is_due(Message(mti, {})) for mti in ("0200", "0210", "0420", "0430", "0800", "0810", "0620")}
    assert due == {"0200": True, "0210": True, "0420": True, "0430": True, "0800": False, "0810": False, "0620": False}
