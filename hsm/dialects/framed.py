"""What host connections of all dialects share: frames in, replies out, and one request that may be owed."""

from __future__ import annotations

from time import perf_counter
from typing import Protocol

from hsm.audit.load import LoadMeter
from hsm.dialects.session import FramingError
from hsm.wire.framing import FrameUnreadable


class Frames(Protocol):
    """A framer; see ``hsm.wire.framing``."""

    def feed(self, data: bytes) -> None: ...

    def spans(self, frames_max: int) -> tuple[bytes, list[tuple[int, int]]]: ...

    def skip(self, end: int) -> None: ...

    @property
    def whole(self) -> bool: ...

    @property
    def partial(self) -> bool: ...


class FramedSession:
    """See ``hsm.dialects.session.HostSession``.  A dialect says how frames are answered, and how a reply is framed.

    In a *worker* a request that changes state is owed to the owner.
    """

    __slots__ = ("_frames", "_load", "_owed", "_owed_lead", "_settled", "_worker")

    def __init__(self, frames: Frames, load: LoadMeter, *, worker: bool) -> None:
        self._frames = frames
        self._load = load
        self._worker = worker
        self._owed: bytes | None = None
        self._owed_lead = b""
        self._settled = b""

    def _answered(self, buffer: bytes, spans: list[tuple[int, int]]) -> str:
        """The framed replies to the frames at *spans*, up to one that is owed; characters are bytes."""
        raise NotImplementedError(type(self).__name__)

    def _framed(self, lead: bytes, reply: bytes) -> bytes:
        """The owner's *reply* to the request that had *lead* before it, framed."""
        raise NotImplementedError(type(self).__name__)

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
        self._settled = self._framed(self._owed_lead, reply)
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
        self._load.spent(began, perf_counter(), len(spans))
        return settled + replies.encode("latin-1")
