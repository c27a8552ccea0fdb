"""Frames come out the same however the bytes arrive, and none is longer than allowed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsm.wire.framing import FrameTooLong, LengthPrefixed

frames = st.lists(st.binary(max_size=40), max_size=8)


def stream(of: list[bytes]) -> bytes:
    return b"".join(len(f).to_bytes(2, "big") + f for f in of)


def taken(framer: LengthPrefixed) -> list[bytes]:
    found = []
    while (frame := framer.next()) is not None:
        found.append(frame)
    return found


@given(frames)
def test_coalesced(sent: list[bytes]) -> None:
    framer = LengthPrefixed(64)
    framer.feed(stream(sent))
    assert taken(framer) == sent
    assert not framer.partial
    assert not framer.whole


@given(frames)
def test_byte_by_byte(sent: list[bytes]) -> None:
    framer = LengthPrefixed(64)
    found = []
    for byte in stream(sent):
        framer.feed(bytes([byte]))
        found += taken(framer)
    assert found == sent


@given(frames, st.lists(st.integers(1, 50), max_size=20))
def test_any_pieces_taken_late(sent: list[bytes], sizes: list[int]) -> None:
    framer, data = LengthPrefixed(64), stream(sent)
    for size in sizes:
        framer.feed(data[:size])
        data = data[size:]
    framer.feed(data)
    assert taken(framer) == sent


@given(frames, st.integers(1, 9), st.binary(max_size=1))
def test_spans_are_the_same_frames(sent: list[bytes], most: int, more: bytes) -> None:
    framer = LengthPrefixed(64)
    framer.feed(stream(sent) + more)
    found = []
    while (spans := framer.spans(most)[1]) and len(spans) <= most:
        buffer = framer.spans(most)[0]
        found += [buffer[start:end] for start, end in spans]
        framer.skip(spans[-1][1])
    assert found == sent
    assert framer.partial is bool(more)


def test_spans_end_before_a_frame_that_is_too_long() -> None:
    framer = LengthPrefixed(2)
    framer.feed(b"\0\2ab\0\3")
    assert framer.spans(9) == (b"\0\2ab\0\3", [(2, 4)])
    framer.skip(4)
    with pytest.raises(FrameTooLong):
        framer.spans(9)


def test_partial_and_whole_say_what_is_waiting() -> None:
    framer = LengthPrefixed(8)
    assert (framer.whole, framer.partial) == (False, False)
    framer.feed(b"\0")
    assert (framer.whole, framer.partial) == (False, True)
    framer.feed(b"\2a")
    assert (framer.whole, framer.partial) == (False, True)
    framer.feed(b"b\0\1")
    assert (framer.whole, framer.partial) == (True, False)
    assert framer.next() == b"ab"
    assert (framer.whole, framer.partial) == (False, True)


def test_the_limit_on_both_sides() -> None:
    framer = LengthPrefixed(8)
    framer.feed(b"\0\x08" + b"x" * 8)
    assert framer.next() == b"x" * 8
    framer.feed(b"\0\x09")
    with pytest.raises(FrameTooLong):
        framer.next()
