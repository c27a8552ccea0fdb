"""Cutting a byte stream into frames, whatever pieces it arrives in."""

from __future__ import annotations


class FrameUnreadable(Exception):
    """What should lead a frame does not; the stream can't be followed any further."""


class FrameTooLong(FrameUnreadable):
    """A frame announces more bytes than the limit."""


class LengthPrefixed:
    """Frames led by their length, two bytes big-endian, which does not count itself.

    Holds at most one incomplete frame beyond what was fed and not yet taken, so *frame_bytes_max* bounds what a silent
    client can make us keep.
    """

    __slots__ = ("_at", "_buffer", "_frame_bytes_max")

    def __init__(self, frame_bytes_max: int) -> None:
        self._buffer = b""
        self._at = 0
        self._frame_bytes_max = frame_bytes_max

    def feed(self, data: bytes) -> None:
        if self._at == len(self._buffer):
            self._buffer = data
        else:
            self._buffer = self._buffer[self._at :] + data
        self._at = 0

    def next(self) -> bytes | None:
        """The next whole frame without its length, or None.  Raises FrameTooLong."""
        buffer, at = self._buffer, self._at
        if len(buffer) - at < 2:
            return None
        length = (buffer[at] << 8) | buffer[at + 1]
        if length > self._frame_bytes_max:
            raise FrameTooLong
        end = at + 2 + length
        if end > len(buffer):
            return None
        self._at = end
        return buffer[at + 2 : end]

    def spans(self, frames_max: int) -> tuple[bytes, list[tuple[int, int]]]:
        """What is buffered, and where the contents of the next whole frames, *frames_max* at most, begin and end there.

        Nothing is taken until ``skip``.  Raises FrameTooLong when the very next frame is too long; behind others, it is
        the next one's turn.
        """
        buffer, at = self._buffer, self._at
        found: list[tuple[int, int]] = []
        last = len(buffer) - 2
        while at <= last and len(found) < frames_max:
            length = (buffer[at] << 8) | buffer[at + 1]
            if length > self._frame_bytes_max:
                if not found:
                    raise FrameTooLong
                break
            at += 2
            if at + length > last + 2:
                break
            found.append((at, at + length))
            at += length
        return buffer, found

    def skip(self, end: int) -> None:
        """Take all frames up to *end*, where one that ``spans`` told of ends."""
        self._at = end

    @property
    def whole(self) -> bool:
        """Is a whole frame waiting, or one that is too long, which ``next`` need not see the end of?"""
        left = len(self._buffer) - self._at
        if left < 2:
            return False
        length = (self._buffer[self._at] << 8) | self._buffer[self._at + 1]
        return left >= 2 + length or length > self._frame_bytes_max

    @property
    def partial(self) -> bool:
        """Has a frame begun that is not whole?"""
        return self._at < len(self._buffer) and not self.whole


class SohFramed:
    """Frames led by six bytes: 01 (SOH), 01 (version), a sequence number of two, and two that count what follows.

    Their length alone bounds frames: 65 535 bytes.  Holds as ``LengthPrefixed`` does, and has the same face.
    """

    __slots__ = ("_at", "_buffer")

    LEAD = b"\x01\x01"
    HEADER_BYTES = 6

    def __init__(self) -> None:
        self._buffer = b""
        self._at = 0

    def feed(self, data: bytes) -> None:
        self._buffer = data if self._at == len(self._buffer) else self._buffer[self._at :] + data
        self._at = 0

    def spans(self, frames_max: int) -> tuple[bytes, list[tuple[int, int]]]:
        """What is buffered, and where the contents of the next whole frames begin and end there; see LengthPrefixed.

        The sequence number stands from six to four bytes before a content.  Raises FrameUnreadable when the very next
        frame does not begin as frames do; behind others, it is the next one's turn.
        """
        buffer, at = self._buffer, self._at
        found: list[tuple[int, int]] = []
        size = len(buffer)
        while size - at >= 6 and len(found) < frames_max:
            if buffer[at] != 1 or buffer[at + 1] != 1:
                break
            end = at + 6 + (buffer[at + 4] << 8 | buffer[at + 5])
            if end > size:
                break
            found.append((at + 6, end))
            at = end
        if not found and not self.LEAD.startswith(buffer[at : at + 2]):
            raise FrameUnreadable
        return buffer, found

    def skip(self, end: int) -> None:
        """Take all frames up to *end*, where one that ``spans`` told of ends."""
        self._at = end

    @property
    def whole(self) -> bool:
        """Is a whole frame waiting, or a lead that is none, which need not be waited for?"""
        buffer, at = self._buffer, self._at
        if not self.LEAD.startswith(buffer[at : at + 2]):
            return True
        left = len(buffer) - at
        return left >= 6 and left >= 6 + (buffer[at + 4] << 8 | buffer[at + 5])

    @property
    def partial(self) -> bool:
        """Has a frame begun that is not whole?"""
        return self._at < len(self._buffer) and not self.whole
