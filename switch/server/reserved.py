"""Ports that stay ours while nobody listens at them."""

from __future__ import annotations

import socket

LOOPBACK = "127.0.0.1"


class ReservedPort:
    """A port of this machine, *number*, at which who sets SO_REUSEADDR may listen, as Twisted does, again and again.

    While nobody does, calls are refused; no other socket gets it that takes any free port, and no connection either.
    """

    def __init__(self) -> None:
        """Raises OSError."""
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind((LOOPBACK, 0))
        self.number: int = self._socket.getsockname()[1]

    def close(self) -> None:
        """Anybody may have it."""
        self._socket.close()
