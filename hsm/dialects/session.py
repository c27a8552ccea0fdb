"""What a transport drives: a host's conversation as bytes in and bytes out.

A session knows no socket, so TCP, TLS, UDP, a test or another event loop can all carry it.  Replies come out in the
order of the requests.  In a worker process a request that changes shared state is not executed but *owed*: the transport
has it executed by the process that owns the state, hands the reply back with ``settle``, and only then goes on.
"""

from __future__ import annotations

from typing import Protocol


class FramingError(Exception):
    """The byte stream can't be followed any further: the connection must be closed."""


class HostSession(Protocol):
    """One host connection in some dialect."""

    def feed(self, data: bytes) -> None:
        """Take bytes as they arrive, in pieces of any size.  Raises FramingError when the stream is beyond repair."""

    def work(self, frames_max: int) -> bytes:
        """Execute up to *frames_max* complete requests and return their framed replies, joined.

        Stops early at a request that is *owed* to the owner of the state.
        """

    @property
    def busy(self) -> bool:
        """Is a complete request waiting (and not owed)?"""

    @property
    def partial(self) -> bool:
        """Has a request begun to arrive that is not complete?  Such a client is held to a deadline."""

    @property
    def owed(self) -> bytes | None:
        """The unframed request that the owner of the state must execute, if work() stopped at one."""

    def settle(self, reply: bytes) -> None:
        """The owner's unframed *reply* to the owed request; the next work() returns it framed and goes on."""

    def datagram(self, data: bytes) -> bytes:
        """The reply to one datagram holding one framed request; empty when nothing is to be sent."""
