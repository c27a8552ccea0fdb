"""One Thales host connection: frames, header, character set."""

from __future__ import annotations

from time import perf_counter

from hsm.dialects.session import FramingError
from hsm.dialects.thales.dispatch import Dispatcher, Window
from hsm.dialects.thales.ebcdic import TO_ASCII, TO_EBCDIC
from hsm.wire.framing import FrameTooLong, LengthPrefixed

FRAME_BYTES_MAX = 32_768
"""The largest I/O buffer that payShields report (NO status)."""


def _lead(length: int) -> str:
    return chr(length >> 8) + chr(length & 0xFF)


_LEADS_COUNT = 512
_LEADS = tuple(_lead(length) for length in range(_LEADS_COUNT))
"""The length prefixes of nearly all replies, ready made."""


class ThalesSession:
    """See ``hsm.dialects.session.HostSession``.

    *header_chars* are echoed before the reply code; *lmk* is the LMK that the port is tied to, if it is; in a *worker*
    a request that changes state is owed to the owner.
    """

    __slots__ = (
        "_dispatcher",
        "_ebcdic",
        "_frames",
        "_header",
        "_owed",
        "_owed_header",
        "_settled",
        "_window",
        "_worker",
    )

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
        self._dispatcher = dispatcher
        self._frames = LengthPrefixed(frame_bytes_max)
        self._ebcdic = ebcdic
        self._header = header_chars
        self._window = Window(dispatcher, lmk, peer, ebcdic, header_chars)
        self._worker = worker
        self._owed: bytes | None = None
        self._owed_header = b""
        self._settled = b""

    def feed(self, data: bytes) -> None:
        self._frames.feed(data)

    @property
    def busy(self) -> bool:
        return self._owed is None and (bool(self._settled) or self._frames.whole)

    @property
    def partial(self) -> bool:
        return self._frames.partial

    @property
    def owed(self) -> bytes | None:
        return self._owed

    def settle(self, reply: bytes) -> None:
        self._settled = _framed(self._owed_header + reply)
        self._owed = None

    def work(self, frames_max: int) -> bytes:
        settled, self._settled = self._settled, b""
        if self._owed is not None:
            return settled
        try:
            buffer, spans = self._frames.spans(frames_max)
        except FrameTooLong:
            if settled:
                return settled  # the next call closes
            raise FramingError from None
        if not spans:
            return settled
        began = perf_counter()
        replies = self._answered(buffer, spans)
        self._dispatcher.appliance.load.spent(began, perf_counter(), len(spans))
        return settled + replies.encode("latin-1")

    def _answered(self, buffer: bytes, spans: list[tuple[int, int]]) -> str:
        """The framed replies to the frames at *spans*, up to one that is owed; characters are bytes."""
        text = (buffer.translate(TO_ASCII) if self._ebcdic else buffer).decode("latin-1")
        header_chars, execute, replies = self._header, self._window.execute, []
        owed = self._dispatcher.owners_codes if self._worker else ()
        for start, end in spans:
            body = start + header_chars
            if owed and text[body : min(body + 2, end)] in owed:
                self._owed, self._owed_header = buffer[body:end], buffer[start:body]
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


def _framed(reply: bytes) -> bytes:
    return len(reply).to_bytes(2, "big") + reply
