"""Typed requests become frames that the appliance takes, and its replies become typed answers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsm.client.codec import ReplyError, Wire, command_of
from hsm.dialects.thales.session import ThalesSession
from hsm.testing import dispatcher, requests
from hsm.wire.codec import codec_of
from hsm.wire.message import Empty, Message

TRANSLATE = "0406FBB23A5214DFBAB32D775A38E4AB12DC80B186C30902B00303550000025321"


def translate() -> Message:
    return codec_of(command_of("CA").asks).parse(TRANSLATE)


@pytest.mark.parametrize("ebcdic", [False, True])
@pytest.mark.parametrize("header_chars", [0, 4, 12])
def test_a_conversation(header_chars: int, ebcdic: bool) -> None:
    wire = Wire(header_chars, ebcdic)
    session = ThalesSession(dispatcher(), header_chars, ebcdic=ebcdic)
    frame = wire.ask("CA", translate(), lmk="00", trailer="tail")
    session.feed(len(frame).to_bytes(2, "big") + frame)
    reply = wire.read_answer("CA", session.work(1)[2:])
    assert reply.header == b"0" * header_chars
    assert (reply.code, reply.trailer) == ("00", "tail")
    assert repr(reply.answer) == (
        "PinTranslated(pin_length=4, destination_block=F7808F2CBEC63168, destination_format=03)"
    )


def test_an_ebcdic_request_is_ebcdic() -> None:
    assert Wire(4, ebcdic=True).ask("NC", Empty(), "0001".encode("cp500")) == "0001NC".encode("cp500")


@given(requests(), st.sampled_from([Wire(), Wire(0), Wire(4, ebcdic=True)]))
def test_any_request_is_written_and_gets_an_answer_of_two_digits(drawn: tuple[str, Message], wire: Wire) -> None:
    code, request = drawn
    session = ThalesSession(DISPATCHER, wire.header_chars, ebcdic=wire.ebcdic)
    frame = wire.ask(code, request)
    header, body = frame[: wire.header_chars], frame[wire.header_chars :]
    reply = wire.read_answer(code, header + session.execute(body))
    assert reply.code != "41"


DISPATCHER = dispatcher()


@pytest.mark.parametrize(
    "reply", ["", "0000", "0000ND", "0000CB", "0000CB0", "0000CD00", "0000CB00", "0000CB0004", "0000CB15extra"]
)
def test_what_is_no_reply_is_told_so(reply: str) -> None:
    with pytest.raises(ReplyError):
        Wire().read_answer("CA", reply.encode())


def test_a_refusal_has_no_answer() -> None:
    reply = Wire().read_answer("CA", b"0000CB10\x19tail")
    assert (reply.code, reply.answer, reply.trailer, reply.succeeded) == ("10", None, "tail", False)


def test_a_request_for_another_command_is_refused() -> None:
    with pytest.raises(ValueError, match="Empty"):
        Wire().ask("CA", Empty())
    with pytest.raises(LookupError):
        Wire().ask("ZZ", Empty())
    with pytest.raises(ValueError, match="header of 4"):
        Wire().ask("NC", Empty(), b"1")
