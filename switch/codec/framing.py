"""Frames out of a byte stream, whatever pieces it arrives in; no I/O."""

from __future__ import annotations

from dataclasses import dataclass

STYLES = ("2 big", "2 little", "4 ascii", "4 bcd", "4 big")
"""Two bytes binary, most or least significant first; four digits, as characters or in two bytes; four bytes binary."""


class FrameError(Exception):
    """The stream is no sequence of frames: nothing that follows can be understood, so the link must be closed."""


@dataclass(frozen=True)
class Framing:
    """How a network delimits messages: a length of *style*, which counts itself when *includes_itself*.

    A frame without content keeps the connection alive when *keepalive*, else it is an error.  *frame_bytes_max* bounds a
    frame's content.
    """

    style: str
    includes_itself: bool = False
    keepalive: bool = False
    frame_bytes_max: int = 4096

    @property
    def prefix_bytes(self) -> int:
        """Bytes that the length takes."""
        return 2 if self.style in ("2 big", "2 little", "4 bcd") else 4

    @property
    def sayable_max(self) -> int:
        """The greatest content that the length can say."""
        greatest = 9999 if self.style in ("4 ascii", "4 bcd") else 256**self.prefix_bytes - 1
        return int(greatest) - (self.prefix_bytes if self.includes_itself else 0)

    def frame(self, content: bytes) -> bytes:
        """*content* with its length before it.  Raises FrameError when it is longer than a frame may be."""
        if len(content) > self.frame_bytes_max or not (content or self.keepalive):
            raise FrameError(f"a frame holds {0 if self.keepalive else 1} to {self.frame_bytes_max} bytes")
        length = len(content) + (self.prefix_bytes if self.includes_itself else 0)
        if self.style == "4 ascii":
            return b"%04d" % length + content
        if self.style == "4 bcd":
            return bytes.fromhex(f"{length:04d}") + content
        return length.to_bytes(self.prefix_bytes, "little" if self.style == "2 little" else "big") + content

    def length(self, prefix: bytes) -> int:
        """Bytes of content that *prefix* announces.  Raises FrameError."""
        if self.style in ("4 ascii", "4 bcd"):
            digits = prefix if self.style == "4 ascii" else prefix.hex().encode()
            if not digits.isdigit():
                raise FrameError("a frame's length is four decimal digits")
            count = int(digits)
        else:
            count = int.from_bytes(prefix, "little" if self.style == "2 little" else "big")
        if self.includes_itself:
            count -= self.prefix_bytes
        if not (0 if self.keepalive else 1) <= count <= self.frame_bytes_max:
            raise FrameError(f"a frame holds {0 if self.keepalive else 1} to {self.frame_bytes_max} bytes")
        return count


class Framer:
    """Cuts one direction of a connection into frames.

    Keeps what was fed and not yet taken; an announced frame that is too long is refused when its length has come, so a
    caller who takes frames as they become whole never keeps more than one frame and one read.
    """

    __slots__ = ("_at", "_buffer", "_framing")

    def __init__(self, framing: Framing) -> None:
        self._framing = framing
        self._buffer = b""
        self._at = 0

    def feed(self, piece: bytes) -> None:
        """Take in what has arrived."""
        self._buffer = self._buffer[self._at :] + piece
        self._at = 0

    def next(self) -> bytes | None:
        """The next whole frame's content (empty for a keepalive), or None.  Raises FrameError, again at every call."""
        begins = self._at + self._framing.prefix_bytes
        if len(self._buffer) < begins:
            return None
        end = begins + self._framing.length(self._buffer[self._at : begins])
        if len(self._buffer) < end:
            return None
        self._at = end
        return self._buffer[begins:end]

    @property
    def kept_bytes(self) -> int:
        """Bytes that were fed and not yet taken."""
        return len(self._buffer) - self._at
