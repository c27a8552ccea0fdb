"""Frames in, frames out: sequence numbers, pipelining, bad leads, owed requests."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.eracom import EracomSpeaker, make_eracom

from hsm.dialects.session import FramingError

STATUS = bytes.fromhex("010100010001" + "01")
ALIVE = bytes.fromhex("01012FFE0003" + "FFF000")
UNKNOWN = bytes.fromhex("010100020003" + "EE9999")


@pytest.fixture(scope="module")
def speaker() -> EracomSpeaker:
    return make_eracom()


def frames(data: bytes) -> list[tuple[str, str]]:
    """Sequence number and body of each frame."""
    found = []
    while data:
        size = int.from_bytes(data[4:6], "big")
        assert data[:2] == b"\x01\x01"
        found.append((data[2:4].hex(), data[6 : 6 + size].hex().upper()))
        data = data[6 + size :]
    return found


def test_the_sequence_number_comes_back(speaker: EracomSpeaker) -> None:
    session = speaker.session()
    session.feed(ALIVE)
    assert session.work(9) == bytes.fromhex("01012FFE0005FFF0000000")


def test_the_same_frame_twice_in_one_write_is_answered_twice(speaker: EracomSpeaker) -> None:
    session = speaker.session()
    session.feed(ALIVE + ALIVE)
    assert frames(session.work(9)) == [("2ffe", "FFF0000000")] * 2


@given(
    st.lists(st.sampled_from([STATUS, ALIVE, UNKNOWN]), min_size=1, max_size=6), st.integers(1, 9), st.integers(1, 3)
)
def test_in_any_pieces_every_request_is_answered_once_in_order(sent: list[bytes], size: int, turn: int) -> None:
    session, replies = SPEAKER.session(), b""
    stream = b"".join(sent)
    for at in range(0, len(stream), size):
        session.feed(stream[at : at + size])
        while session.busy:
            replies += session.work(turn)
    assert [number for number, _ in frames(replies)] == [each[2:4].hex() for each in sent]
    assert [body[:2] for _, body in frames(replies)] == [f"{each[6]:02X}" for each in sent]
    assert not session.partial


SPEAKER = make_eracom()


def test_a_bad_lead_closes_after_what_came_before_it(speaker: EracomSpeaker) -> None:
    session = speaker.session()
    session.feed(ALIVE + b"\x02\x01\x00\x00\x00\x01\x01")
    assert len(frames(session.work(9))) == 1
    assert session.busy
    with pytest.raises(FramingError):
        session.work(9)


@pytest.mark.parametrize(
    ("body", "reply"), [("", "03"), ("EE06", "EE0602"), ("EE", "EE02"), ("EE9999", "EE999902"), ("7F", "7F02")]
)
def test_what_is_no_function(speaker: EracomSpeaker, body: str, reply: str) -> None:
    session = speaker.session()
    session.feed(bytes.fromhex("01010000" + f"{len(body) // 2:04X}" + body) + ALIVE)
    assert [body for _, body in frames(session.work(9))] == [reply, "FFF0000000"]


def test_a_datagram_holds_one_frame(speaker: EracomSpeaker) -> None:
    session = speaker.session()
    assert session.datagram(ALIVE)[6:].hex() == "fff0000000"
    for wrong in (ALIVE[:-1], ALIVE + b"\0", ALIVE + ALIVE, b"", b"\x02" + ALIVE[1:]):
        assert session.datagram(wrong) == b""
    assert session.datagram(STATUS)[6:8] == b"\x01\x00"


def test_in_a_worker_what_changes_state_is_owed(speaker: EracomSpeaker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speaker.dispatcher, "owners_codes", frozenset({"\xff\xf0\x00"}))
    session = speaker.session(worker=True)
    session.feed(UNKNOWN + ALIVE + STATUS)
    assert frames(session.work(9)) == [("0002", "EE999902")]
    assert session.owed == b"\xff\xf0\x00"
    assert session.work(9) == b""
    assert not session.busy
    session.settle(b"\xff\xf0\x00\x00\x00")
    replies = session.work(9)
    assert [each[0] for each in frames(replies)] == ["2ffe", "0001"]
    assert session.owed is None


def test_an_owed_request_in_the_wrapper(monkeypatch: pytest.MonkeyPatch) -> None:
    speaker = make_eracom({"eracom-wrapper": "yes"})
    monkeypatch.setattr(speaker.dispatcher, "owners_codes", frozenset({"\xff\xf0\x00"}))
    session = speaker.session(worker=True)
    body = bytes.fromhex("E3000101" + "AABBCCDD" + "03FFF000")
    session.feed(b"\x01\x01\x00\x09" + len(body).to_bytes(2, "big") + body)
    assert session.work(9) == b""
    assert session.owed == body
    assert session.execute(body).hex().upper() == "E3000101" + "00" + "AABBCCDD" + "05FFF0000000"
