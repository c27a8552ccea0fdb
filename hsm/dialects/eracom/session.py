"""One Eracom host connection: frames and sequence numbers."""

from __future__ import annotations

from hsm.dialects.eracom.dispatch import Dispatcher, Window
from hsm.dialects.framed import FramedSession
from hsm.wire.framing import FrameUnreadable, SohFramed

_HEADER = SohFramed.HEADER_BYTES
_SOH = "\x01\x01"


def _lead(length: int) -> str:
    return chr(length >> 8) + chr(length & 0xFF)


class EracomSession(FramedSession):
    """One connection; see ``hsm.dialects.framed``."""

    __slots__ = ("_dispatcher", "_window")

    def __init__(self, dispatcher: Dispatcher, peer: str = "", *, worker: bool = False) -> None:
        super().__init__(SohFramed(), dispatcher.appliance.load, worker=worker)
        self._dispatcher = dispatcher
        self._window = Window(dispatcher, peer)

    def _framed(self, lead: bytes, reply: bytes) -> bytes:
        return lead + len(reply).to_bytes(2, "big") + reply

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
