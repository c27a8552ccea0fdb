"""Frames come out whole and in order, whatever the pieces; what is no frame ends the link."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.messages import VECTORS

from switch.codec.framing import STYLES, FrameError, Framer, Framing

framings = st.builds(Framing, st.sampled_from(STYLES), st.booleans(), st.booleans(), st.integers(64, 9000))


@given(framings, st.lists(st.binary(min_size=0, max_size=64), max_size=8), st.lists(st.integers(1, 40), min_size=1))
def test_pieces_of_any_size(framing: Framing, contents: list[bytes], sizes: list[int]) -> None:
    sent = [content for content in contents if content or framing.keepalive]
    stream = b"".join(map(framing.frame, sent))
    framer, found, at, turn = Framer(framing), [], 0, 0
    while at < len(stream):
        size = sizes[turn % len(sizes)]
        turn += 1
        framer.feed(stream[at : at + size])
        at += size
        while (content := framer.next()) is not None:
            found.append(content)
        assert framer.kept_bytes < framing.frame_bytes_max + framing.prefix_bytes
    assert found == sent
    assert framer.kept_bytes == 0


@given(framings, st.binary(max_size=200))
def test_any_bytes(framing: Framing, stream: bytes) -> None:
    framer = Framer(framing)
    framer.feed(stream)
    try:
        while (content := framer.next()) is not None:
            assert len(content) <= framing.frame_bytes_max
    except FrameError:
        with pytest.raises(FrameError):
            framer.next()


LENGTHS = [
    # (style, counts itself, bytes of content, length on the wire)
    ("2 big", False, 161, "00a1"),
    ("2 big", True, 161, "00a3"),
    ("2 little", False, 161, "a100"),
    ("4 ascii", False, 41, "30303431"),
    ("4 ascii", True, 41, "30303435"),
    ("4 bcd", False, 161, "0161"),
    ("4 bcd", True, 161, "0163"),
    ("4 big", False, 161, "000000a1"),
]


@pytest.mark.parametrize(("style", "itself", "size", "prefix"), LENGTHS)
def test_the_length_on_the_wire(style: str, itself: bool, size: int, prefix: str) -> None:
    framing = Framing(style, itself)
    assert framing.frame(bytes(size))[: framing.prefix_bytes].hex() == prefix
    assert framing.length(bytes.fromhex(prefix)) == size


def test_a_published_frame_with_four_digits() -> None:
    case = next(each for each in VECTORS["messages"] if each["id"] == "t24-0810-echo")
    wire = bytes.fromhex(case["wire"])
    framer = Framer(Framing("4 ascii"))
    framer.feed(wire + wire[:6])
    assert framer.next() == wire[4:]
    assert len(wire[4:]) == case["expect"]["length_header"]
    assert framer.next() is None
    assert framer.kept_bytes == 6


WRONG = [
    (Framing("4 ascii"), b"00x1"),
    (Framing("4 ascii"), b" 041"),
    (Framing("4 ascii"), b"+041"),
    (Framing("4 ascii"), "00²1".encode("latin-1")),
    (Framing("4 bcd"), b"\x00\x7f"),
    (Framing("2 big", frame_bytes_max=64), b"\x00\x41"),
    (Framing("4 big"), b"\xff\xff\xff\xff"),
    (Framing("2 big", includes_itself=True), b"\x00\x01"),
    (Framing("2 big", includes_itself=True), b"\x00\x02"),
    (Framing("2 big"), b"\x00\x00"),
]


@pytest.mark.parametrize(("framing", "stream"), WRONG)
def test_what_is_no_frame(framing: Framing, stream: bytes) -> None:
    framer = Framer(framing)
    framer.feed(stream)
    with pytest.raises(FrameError):
        framer.next()


def test_an_empty_frame_keeps_alive_where_that_is_agreed() -> None:
    framing = Framing("4 ascii", keepalive=True)
    framer = Framer(framing)
    framer.feed(framing.frame(b"") + b"0001x")
    assert framer.next() == b""
    assert framer.next() == b"x"
    with pytest.raises(FrameError):
        replace(framing, keepalive=False).frame(b"")


def test_a_message_that_is_too_long_makes_no_frame() -> None:
    with pytest.raises(FrameError):
        Framing("2 big", frame_bytes_max=64).frame(bytes(65))
