"""A host connection without a socket: framing, order, owing, character sets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.appliances import make_speaker

from hsm.dialects.session import FramingError
from hsm.dialects.thales.ebcdic import TO_ASCII, TO_EBCDIC
from hsm.dialects.thales.session import FRAME_BYTES_MAX, ThalesSession

SPEAKER = make_speaker()
NC = b"NC"


def framed(request: bytes) -> bytes:
    return len(request).to_bytes(2, "big") + request


def session(**how: object) -> ThalesSession:
    return ThalesSession(SPEAKER.dispatcher, **how)  # type: ignore[arg-type]  # tests know what they pass


def replies(data: bytes) -> list[bytes]:
    found = []
    while data:
        end = 2 + int.from_bytes(data[:2], "big")
        found.append(data[2:end])
        data = data[end:]
    return found


@given(st.lists(st.integers(0, 9999), min_size=1, max_size=8), st.lists(st.integers(1, 40), max_size=40))
def test_replies_come_in_order_whatever_the_pieces(headers: list[int], cuts: list[int]) -> None:
    stream = b"".join(framed(b"%04d" % h + NC) for h in headers)
    talk, got = session(), b""
    for size in [*cuts, len(stream)]:
        talk.feed(stream[:size])
        stream = stream[size:]
        while talk.busy:
            got += talk.work(3)
    assert [r[:4] for r in replies(got)] == [b"%04d" % h for h in headers]
    assert not talk.partial


def test_byte_by_byte() -> None:
    talk, got = session(), b""
    for byte in framed(b"HEADNC"):
        assert not talk.busy
        talk.feed(bytes([byte]))
        if not talk.busy:
            assert talk.partial
    got = talk.work(1)
    assert replies(got)[0].startswith(b"HEADND00")


def test_work_is_bounded() -> None:
    talk = session()
    talk.feed(framed(b"0001NC") * 10)
    assert len(replies(talk.work(4))) == 4
    assert talk.busy


@pytest.mark.parametrize("length", [0, 1, 2, 5, 12])
def test_the_header_has_the_length_that_was_set(length: int) -> None:
    talk = session(header_chars=length)
    talk.feed(framed(b"x" * length + NC))
    assert replies(talk.work(1))[0].startswith(b"x" * length + b"ND00")


def test_a_frame_shorter_than_its_header_is_answered() -> None:
    talk = session()
    talk.feed(framed(b"ab") + framed(b"") + framed(b"0001NC"))
    got = replies(talk.work(9))
    assert got[0] == b"abZZ15"
    assert got[1] == b"ZZ15"
    assert got[2].startswith(b"0001ND00")


def test_what_came_before_an_over_long_frame_is_answered_and_then_it_closes() -> None:
    talk = session()
    talk.feed(framed(b"0001NC") + (FRAME_BYTES_MAX + 1).to_bytes(2, "big") + b"0002")
    assert replies(talk.work(9))[0].startswith(b"0001ND00")
    assert talk.busy
    with pytest.raises(FramingError):
        talk.work(9)


def test_the_longest_frame_is_answered() -> None:
    talk = session()
    talk.feed(framed(b"0001XX".ljust(FRAME_BYTES_MAX, b"0")))
    assert replies(talk.work(1)) == [b"0001XY15"]


def test_a_datagram_is_one_whole_frame() -> None:
    talk = session()
    assert replies(talk.datagram(framed(b"0001NC")))[0].startswith(b"0001ND00")
    assert talk.datagram(framed(b"0001NC")[:-1]) == b""
    assert talk.datagram(framed(b"0001NC") + b"x") == b""
    assert talk.datagram(b"") == b""
    assert replies(talk.datagram(framed(b"0002NC")))[0].startswith(b"0002ND00")


def test_ebcdic_hosts_are_answered_in_ebcdic() -> None:
    assert TO_EBCDIC.translate(TO_ASCII) == bytes(range(256))
    talk = session(ebcdic=True)
    talk.feed(framed("0001NC".encode("cp500")))
    assert replies(talk.work(1))[0].decode("cp500").startswith("0001ND00")
