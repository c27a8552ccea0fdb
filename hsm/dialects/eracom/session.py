"""One Eracom host connection: frames and sequence numbers."""

from __future__ import annotations

from time import perf_counter

from hsm.dialects.eracom.dispatch import Dispatcher, Window
from hsm.dialects.session import FramingError
from hsm.wire.framing import FrameUnreadable, SohFramed

_HEADER = SohFramed.HEADER_BYTES
_SOH = "\x01\x01"


def _lead(length: int) -> str:
    return chr(length >> 8) + chr(length & 0xFF)


class EracomSession:
    """See ``hsm.dialects.session.HostSession``.  In a *worker* a request that changes state is owed to the owner."""

    __slots__ = ("_dispatcher", "_frames", "_owed", "_owed_lead", "_settled", "_window", "_worker")

    def __init__(self, dispatcher: Dispatcher, peer: str = "", *, worker: bool = False) -> None:
        self._dispatcher = dispatcher
        self._frames = SohFramed()
        self._window = Window(dispatcher, peer)
        self._worker = worker
        self._owed: bytes | None = None
        self._owed_lead = b""
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
        self._settled = self._owed_lead + len(reply).to_bytes(2, "big") + reply
        self._owed = None

    def work(self, frames_max: int) -> bytes:
        settled, self._settled = self._settled, b""
        if self._owed is not None:
            return settled
        try:
            buffer, spans = self._frames.spans(frames_max)
        except FrameUnreadable:
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
        text = buffer.decode("latin-1")
        execute, owed, replies = self._window.execute, self._dispatcher.changes_state, []
        for start, end in spans:
            body = text[start:end]
            if self._worker and owed(body):
                self._owed, self._owed_lead = buffer[start:end], buffer[start - _HEADER : start - 2]
                break
            reply = execute(body)
            replies.append(_SOH + text[start - 4 : start - 2] + _lead(len(reply)) + reply)
        self._frames.skip(end)
        return "".join(replies)

    def execute(self, request: bytes) -> bytes:
        """The reply to one *request*, both without frame."""
        return self._window.execute(request.decode("latin-1")).encode("latin-1")

    def datagram(self, data: bytes) -> bytes:
        """One framed request a datagram; anything else is dropped."""
        framed = SohFramed()
        framed.feed(data)
        try:
            _, spans = framed.spans(2)
        except FrameUnreadable:
            return b""
        if [end for _, end in spans] != [len(data)]:
            return b""
        self.feed(data)
        return self.work(1)
