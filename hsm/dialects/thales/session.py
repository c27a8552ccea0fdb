"""One Thales host connection: frames, header, character set."""

from __future__ import annotations

from hsm.dialects.framed import FramedSession
from hsm.dialects.thales.dispatch import Dispatcher, Window
from hsm.dialects.thales.ebcdic import TO_ASCII, TO_EBCDIC
from hsm.wire.framing import LengthPrefixed

FRAME_BYTES_MAX = 32_768
"""The largest I/O buffer that payShields report (NO status)."""


def _lead(length: int) -> str:
    return chr(length >> 8) + chr(length & 0xFF)


_LEADS_COUNT = 512
_LEADS = tuple(_lead(length) for length in range(_LEADS_COUNT))
"""The length prefixes of nearly all replies, ready made."""


class ThalesSession(FramedSession):
    """One connection; see ``hsm.dialects.framed``.

    *header_chars* are echoed before the reply code; *lmk* is the LMK that the port is tied to, if it is; in a *worker*
    a request that changes state is owed to the owner.
    """

    __slots__ = ("_dispatcher", "_ebcdic", "_header", "_window")

    def __init__(
        self,
        dispatcher: Dispatcher,
        header_chars: int = 4,
        lmk: str | None = None,
        peer: str = "",
        *,
        ebcdic: bool = False,
        worker: bool = False,
        frame_bytes_max: int = FRAME_BYTES_MAX,
    ) -> None:
        super().__init__(LengthPrefixed(frame_bytes_max), dispatcher.appliance.load, worker=worker)
        self._dispatcher = dispatcher
        self._ebcdic = ebcdic
        self._header = header_chars
        self._window = Window(dispatcher, lmk, peer, ebcdic, header_chars)

    def _framed(self, lead: bytes, reply: bytes) -> bytes:
        return (len(lead) + len(reply)).to_bytes(2, "big") + lead + reply

    def _answered(self, buffer: bytes, spans: list[tuple[int, int]]) -> str:
        """The framed replies to the frames at *spans*, up to one that is owed; characters are bytes."""
        text = (buffer.translate(TO_ASCII) if self._ebcdic else buffer).decode("latin-1")
        header_chars, execute, replies = self._header, self._window.execute, []
        owed = self._dispatcher.owners_codes if self._worker else ()
        for start, end in spans:
            body = start + header_chars
            if owed and text[body : min(body + 2, end)] in owed:
                self._owed, self._owed_lead = buffer[body:end], buffer[start:body]
                break
            reply = text[start : min(body, end)] + execute(text[body:end])
            if self._ebcdic:
                reply = reply.encode("latin-1").translate(TO_EBCDIC).decode("latin-1")
            length = len(reply)
            replies.append((_LEADS[length] if length < _LEADS_COUNT else _lead(length)) + reply)
        self._frames.skip(end)
        return "".join(replies)

    def execute(self, request: bytes) -> bytes:
        """The reply to one *request*, both without frame and header."""
        text = (request.translate(TO_ASCII) if self._ebcdic else request).decode("latin-1")
        reply = self._window.execute(text).encode("latin-1")
        return reply.translate(TO_EBCDIC) if self._ebcdic else reply

    def datagram(self, data: bytes) -> bytes:
        """One framed request a datagram; anything else is dropped."""
        if len(data) < 2 or len(data) != 2 + int.from_bytes(data[:2], "big"):
            return b""
        self.feed(data)
        return self.work(1)
