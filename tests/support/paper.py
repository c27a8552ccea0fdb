"""A connection that tests hold in their hands."""

from __future__ import annotations

from switch.codec.codec import codec
from switch.codec.framing import Framer
from switch.codec.message import Message
from switch.server.drive import DrivenLink


class Paper:
    """A stream and the ways to one, written down."""

    def __init__(self) -> None:
        self.full = False
        self.hung_up = False
        self.sought = 0
        self._framer = Framer(codec("banknet").spec.framing)

    def write(self, frame: bytes) -> None:
        self._framer.feed(frame)

    def hang_up(self) -> None:
        self.hung_up = True

    def seek(self, link: DrivenLink) -> None:
        self.sought += 1

    def cease(self, link: DrivenLink) -> None:
        self.sought = 0

    def said(self) -> list[Message]:
        return [codec("banknet").decode(frame) for frame in iter(self._framer.next, None)]
