"""Which request a reply answers: by the tag that it repeats, whatever the order of replies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Stray(Exception):
    """A reply to nothing that was asked on this connection, or a second one: what comes further can't be trusted."""


class Window(Generic[T]):
    """The requests under way on one connection, *outstanding_max* at most.

    Tags go round, and one is used again only when its reply has come, so that a late reply to a request that was given up
    is never taken for another's.  When too many replies stay out, the window is ``spent``: no tag may be free any more,
    and the connection must be made again.
    """

    def __init__(self, tags_count: int, tag: Callable[[int], bytes], outstanding_max: int) -> None:
        """Raises ValueError when *tags_count* tags don't suffice to tell *outstanding_max* requests apart."""
        if tags_count == 1:
            outstanding_max = 1
        elif not 0 < 2 * outstanding_max < tags_count:
            raise ValueError(f"{tags_count} different headers can't tell {outstanding_max} requests apart")
        self._tag = tag
        self._tags_count = tags_count
        self._outstanding_max = outstanding_max
        self._given_up_max = max(0, tags_count - outstanding_max - 1)
        self._number = 0
        self._outstanding: dict[bytes, T] = {}
        self._given_up: set[bytes] = set()

    def __len__(self) -> int:
        """How many requests are under way; those given up are not counted."""
        return len(self._outstanding)

    @property
    def has_room(self) -> bool:
        return len(self._outstanding) < self._outstanding_max and not self.spent

    @property
    def spent(self) -> bool:
        return len(self._given_up) > self._given_up_max

    def put(self, asked: T) -> bytes:
        """Take *asked* in; the tag to send it under.  Only while there is room."""
        assert self.has_room
        while True:
            self._number = (self._number + 1) % self._tags_count
            tag = self._tag(self._number)
            if tag not in self._outstanding and tag not in self._given_up:
                self._outstanding[tag] = asked
                return tag

    def take(self, tag: bytes) -> T | None:
        """The request that a reply with *tag* answers, or None for one that was given up.  Raises Stray."""
        if tag in self._outstanding:
            return self._outstanding.pop(tag)
        if tag not in self._given_up:
            raise Stray
        self._given_up.remove(tag)
        return None

    def give_up(self, tag: bytes) -> None:
        """The reply with *tag*, which is under way, is not waited for any longer."""
        del self._outstanding[tag]
        self._given_up.add(tag)

    def clear(self) -> list[T]:
        """The connection is gone: what was under way on it, in the order it was put."""
        lost = list(self._outstanding.values())
        self._outstanding.clear()
        self._given_up.clear()
        return lost
