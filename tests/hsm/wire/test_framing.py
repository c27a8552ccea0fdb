"""Frames come out the same however the bytes arrive, and none is longer than allowed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsm.wire.framing import FrameTooLong, FrameUnreadable, LengthPrefixed, SohFramed

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


numbered = st.lists(st.tuples(st.binary(min_size=2, max_size=2), st.binary(max_size=40)), max_size=8)


def soh_stream(of: list[tuple[bytes, bytes]]) -> bytes:
    return b"".join(b"\x01\x01" + number + len(body).to_bytes(2, "big") + body for number, body in of)


def soh_taken(framer: SohFramed, most: int = 3) -> list[tuple[bytes, bytes]]:
    found = []
    while framer.whole:
        buffer, spans = framer.spans(most)
        assert 0 < len(spans) <= most
        found += [(buffer[start - 4 : start - 2], buffer[start:end]) for start, end in spans]
        framer.skip(spans[-1][1])
    return found


@given(numbered, st.lists(st.integers(1, 50), max_size=20))
def test_soh_frames_in_any_pieces(sent: list[tuple[bytes, bytes]], sizes: list[int]) -> None:
    framer, left, found = SohFramed(), soh_stream(sent), []
    for size in [*sizes, len(left)]:
        framer.feed(left[:size])
        left = left[size:]
        found += soh_taken(framer)
    assert found == sent
    assert not framer.partial


@pytest.mark.parametrize("lead", [b"\x02", b"\x01\x02", b"\x00\x01", b"\x16\x03\x01\x00\x01\x00", b"GET / HTTP"])
def test_a_wrong_lead_ends_the_stream_after_what_came_before_it(lead: bytes) -> None:
    framer = SohFramed()
    framer.feed(soh_stream([(b"\0\1", b"one")]) + lead)
    buffer, spans = framer.spans(9)
    assert [buffer[start:end] for start, end in spans] == [b"one"]
    framer.skip(spans[0][1])
    assert framer.whole
    with pytest.raises(FrameUnreadable):
        framer.spans(9)


def test_a_frame_that_is_not_all_there_is_waited_for() -> None:
    framer = SohFramed()
    framer.feed(b"\x01\x01\x00\x00\xff\xff" + bytes(65_534))
    assert framer.partial
    assert framer.spans(9)[1] == []
    framer.feed(b"\0")
    assert framer.whole
