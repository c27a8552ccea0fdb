"""Eracom requests to bytes and replies to messages: what ``codec`` is for Thales ports."""

from __future__ import annotations

from dataclasses import dataclass

from hsm.client.codec import FRAME_BYTES_MAX, Cutter, Reply, ReplyError, command_of
from hsm.dialects.eracom.codes import SUCCESS, eracom
from hsm.wire.codec import codec_of
from hsm.wire.framing import SohFramed
from hsm.wire.message import Message, WireError

FRAMES_AT_ONCE_MAX = 64


@dataclass(frozen=True)
class EracomWire:
    """How an Eracom port is spoken to: with *sequence* as the number of each request, unless it is tagged."""

    sequence: int = 1

    dialect = eracom.name
    tags_count = 0x10000
    header_chars = 0
    lead_bytes = SohFramed.HEADER_BYTES

    def ask(
        self, code: str, request: Message, header: bytes | None = None, lmk: str | None = None, trailer: str = ""
    ) -> bytes:
        """The content of a frame that asks for *request*; there is no *header*, *lmk* or *trailer* in this dialect.

        Raises LookupError for an unknown code and ValueError for a request that cannot be written.
        """
        command = command_of(code, eracom.name)
        if not isinstance(request, command.asks):
            raise ValueError(f"{code} takes {command.asks.__name__}, not {type(request).__name__}")
        if header is not None or lmk is not None or trailer:
            raise ValueError("Eracom messages have no header, LMK identifier or trailer")
        return (eracom.spelling.wire(code) + codec_of(command.asks).text(request)).encode("latin-1")

    def read_answer(self, code: str, frame: bytes) -> Reply:
        """The reply to function *code* that the content *frame* is.  Raises ReplyError."""
        command = command_of(code, eracom.name)
        text = frame.decode("latin-1")
        told, at = eracom.spelling.code_at(text)
        outcome, end = eracom.spelling.outcome_at(text, at)
        if told != code or not outcome:
            raise ReplyError(f"expected {code} and a return code")
        if outcome != SUCCESS:
            if end != len(text):
                raise ReplyError(f"{code}: {len(text) - end} bytes after the return code {outcome}")
            return Reply(b"", outcome, None, "")
        try:
            return Reply(b"", outcome, codec_of(command.answers).parse(text[end:]), "")
        except WireError as e:
            raise ReplyError(f"{code}: {e}") from None

    def framed(self, content: bytes) -> bytes:
        """*content* as a frame.  Raises ValueError when it is too long."""
        return self.tagged(content, self.tag(self.sequence))

    def content_bytes(self, lead: bytes) -> int:
        """How many bytes follow the *lead* of a reply.  Raises ReplyError when it is none, or another request's."""
        if lead[:4] != self.framed(b"")[:4]:
            raise ReplyError("expected SOH, version 01 and the sequence number of the request")
        return int.from_bytes(lead[4:], "big")

    def tag(self, number: int) -> bytes:
        return number.to_bytes(2, "big")

    def tagged(self, content: bytes, tag: bytes) -> bytes:
        if len(content) > FRAME_BYTES_MAX:
            raise ValueError(f"a frame holds at most {FRAME_BYTES_MAX} bytes")
        return SohFramed.LEAD + tag + len(content).to_bytes(2, "big") + content

    def cutter(self) -> Cutter:
        return _SequenceCutter()


class _SequenceCutter:
    """Frames led by SOH, which repeat the request's sequence number."""

    def __init__(self) -> None:
        self._frames = SohFramed()

    def cut(self, data: bytes) -> list[tuple[bytes, bytes]]:
        self._frames.feed(data)
        cut: list[tuple[bytes, bytes]] = []
        while True:
            buffer, found = self._frames.spans(FRAMES_AT_ONCE_MAX)
            if not found:
                return cut
            cut += [(buffer[start - 4 : start - 2], buffer[start:end]) for start, end in found]
            self._frames.skip(found[-1][1])
