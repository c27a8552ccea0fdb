"""The tools on an Eracom port: requests typed, replies read, frames explained, secrets masked."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from hsm.client import call_command, decode_command
from hsm.client.codec import ReplyError, command_of
from hsm.client.eracomcodec import EracomWire
from hsm.client.explain import explain_eracom
from hsm.client.fieldtext import message_from
from hsm.client.process import ApplianceProcess
from hsm.testing import request_bytes
from hsm.wire.codec import codec_of

WIRE = EracomWire()
BODY = "EE06020055652ED2388A713A0200220109420000000001020001"
FIELDS = (
    "source_block=55652ED2388A713A", "source_key=0022", "source_format=01", "account=094200000000",
    "destination-format=01", "destination_key=020001",
)  # fmt: skip


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    stored = ("--stored-key", "01:22=" + "66" * 16, "--stored-key", "01:1=" + "11" * 16)
    with ApplianceProcess(["--eracom-port", "0", *stored]) as running:
        yield running.ports["eracom"]


def call(port: int, *words: str) -> Result:
    return CliRunner().invoke(call_command.command, ["--dialect", "eracom", "--port", str(port), *words])


def test_call_shows_both_sides_masked(port: int) -> None:
    result = call(port, "EE0602", *FIELDS)
    assert result.exit_code == 0
    assert "61F1C26DBD04BC1D" in result.output
    assert "094200000000" not in result.output


def test_call_with_a_refusal_and_with_mistakes(port: int) -> None:
    result = call(port, "EE0602", *FIELDS[:-1], "destination_key=0099")
    assert result.exit_code == 1
    assert "0A" in result.output
    assert "No key, or no decimalisation table" in result.output
    for words, said in (
        (("EE9999",), "no command 'EE9999'"),
        (("EE0602",), "source_block is missing"),
        (("01", "--lmk", "00"), "no header, LMK"),
        (("EE0602", *FIELDS[:1], "source_key=zz"), "source_key must be"),
        (("EE0002", "length=0"), "length must be"),
    ):
        result = call(port, *words)
        assert (result.exit_code, said in result.output) == (2, True), result.output


def test_decode_with_and_without_what_leads_the_frame() -> None:
    for lead in ("", "01011234001A"):
        result = CliRunner().invoke(decode_command.command, ["--dialect", "eracom", lead + BODY])
        assert result.exit_code == 0, result.output
        assert "source block" in result.output
        assert "094200000000" not in result.output
    result = CliRunner().invoke(decode_command.command, ["--dialect", "eracom", "--reply", "EE06020A"])
    assert "No key, or no decimalisation table" in result.output
    result = CliRunner().invoke(decode_command.command, ["--dialect", "eracom", BODY + "00"])
    assert (result.exit_code, "1 bytes too many" in result.output) == (1, True)


@given(st.binary(max_size=80), st.booleans())
def test_no_frame_is_too_broken_to_explain(frame: bytes, reply: bool) -> None:
    explained = explain_eracom(frame, reply=reply)
    assert all(0 <= part.start <= part.end <= len(frame) for part in explained.parts)


@given(request_bytes(dialect="eracom"))
def test_every_request_is_explained_whole(body: bytes) -> None:
    assert explain_eracom(body, reply=False).wrong is None


def test_answers_are_read() -> None:
    reply = WIRE.read_answer("EE0602", bytes.fromhex("EE06020061F1C26DBD04BC1D"))
    assert reply.succeeded
    assert reply.answer is not None
    assert reply.answer.__dict__ == {"destination_block": bytes.fromhex("61F1C26DBD04BC1D")}
    assert WIRE.read_answer("EE0602", bytes.fromhex("EE060208")).code == "08"
    for wrong in ("", "EE0602", "EE060300", "EE06020800", "EE060200", "EE06020061F1C26DBD04BC1D00"):
        with pytest.raises(ReplyError):
            WIRE.read_answer("EE0602", bytes.fromhex(wrong))


def test_frames() -> None:
    framed = WIRE.framed(b"\x01")
    assert framed.hex() == "01010001000101"
    assert WIRE.content_bytes(framed[:6]) == 1
    for wrong in ("010100020001", "020100010001", "010200010001"):
        with pytest.raises(ReplyError):
            WIRE.content_bytes(bytes.fromhex(wrong))
    with pytest.raises(ValueError, match="65535"):
        WIRE.framed(bytes(65_536))


def test_typed_fields_make_the_bytes() -> None:
    message = message_from(
        command_of("EE0602", "eracom").asks,
        {each.partition("=")[0].replace("-", "_"): each.partition("=")[2] for each in FIELDS},
    )
    assert WIRE.ask("EE0602", message).hex().upper() == BODY
    assert codec_of(type(message)).build(message).hex().upper() == BODY[6:]
    with pytest.raises(ValueError, match="takes"):
        WIRE.ask("01", message)
