"""A client that waits for each reply: a socket, for tools and tests."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from types import TracebackType
from typing import Self

from hsm.client.codec import HostWire, Reply, Wire
from hsm.wire.message import Message

TIMEOUT_SECONDS = 10.0


class ConnectionLost(Exception):
    """The server closed the connection before it had replied."""


class BlockingClient:
    """One connection to a host port.

    >>> client = BlockingClient("127.0.0.1", 1500)  # doctest: +SKIP
    >>> client.exchange(b"0001NC")  # doctest: +SKIP
    b'0001ND00...'

    *wire* says how the port is spoken to; *on_frame* sees each frame as it goes ('>') and comes ('<').
    """

    def __init__(
        self,
        host: str,
        port: int,
        wire: HostWire | None = None,
        *,
        tls: ssl.SSLContext | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
        on_frame: Callable[[str, bytes], None] | None = None,
    ) -> None:
        """Raises OSError when there is no connection."""
        self.wire: HostWire = wire or Wire()
        self._on_frame = on_frame or (lambda way, frame: None)
        plain = socket.create_connection((host, port), timeout_seconds)
        try:
            self._socket = tls.wrap_socket(plain, server_hostname=host) if tls is not None else plain
        except BaseException:
            plain.close()
            raise

    def call(
        self, code: str, request: Message, *, lmk: str | None = None, header: bytes | None = None, trailer: str = ""
    ) -> Reply:
        """The reply to *request*.  Raises ReplyError, ConnectionLost, OSError (timeouts included)."""
        sent = self.wire.ask(code, request, header, lmk, trailer)
        return self.wire.read_answer(code, self.exchange(sent))

    def command(self, text: str) -> str:
        """The reply's text, from the response code on, to a request text from the command code on."""
        header = b"0" * self.wire.header_chars
        return self.exchange(header + text.encode("latin-1"))[len(header) :].decode("latin-1")

    def exchange(self, frame: bytes) -> bytes:
        """The frame that answers *frame*, both without what leads them.  Raises ConnectionLost, ReplyError, OSError."""
        sent = self.wire.framed(frame)
        self._on_frame(">", frame)
        self._socket.sendall(sent)
        reply = self._take(self.wire.content_bytes(self._take(self.wire.lead_bytes)))
        self._on_frame("<", reply)
        return reply

    def _take(self, count: int) -> bytes:
        taken = b""
        while len(taken) < count:
            more = self._socket.recv(count - len(taken))
            if not more:
                raise ConnectionLost
            taken += more
        return taken

    def close(self) -> None:
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
