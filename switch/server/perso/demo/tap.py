"""A tap on the line between the parts and an HSM: what goes over it, both ways, in a file."""

from __future__ import annotations

import os
import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BufferedIOBase
from pathlib import Path

CHUNK_BYTES = 65_536


class _Tapped(socketserver.ThreadingTCPServer):
    """Relays connections to *port*; *record* gets what goes over them."""

    daemon_threads = True

    def __init__(self, port: int, record: BufferedIOBase) -> None:
        super().__init__(("127.0.0.1", 0), _Relay)
        self.behind = port
        self._record = record
        self._lock = threading.Lock()

    def keep(self, chunk: bytes) -> None:
        with self._lock:
            self._record.write(chunk)


class _Relay(socketserver.BaseRequestHandler):
    """One connection."""

    server: _Tapped

    def handle(self) -> None:
        with socket.create_connection(("127.0.0.1", self.server.behind)) as behind:
            back = threading.Thread(target=self._pump, args=(behind, self.request), daemon=True)
            back.start()
            self._pump(self.request, behind)
            back.join()

    def _pump(self, source: socket.socket, to: socket.socket) -> None:
        with suppress(OSError):
            while chunk := source.recv(CHUNK_BYTES):
                self.server.keep(chunk)
                to.sendall(chunk)
        with suppress(OSError):
            to.shutdown(socket.SHUT_WR)


@contextmanager
def tapped(port: int, file: Path) -> Iterator[int]:
    """The port of a tap before *port*, as long as this lasts; what is heard is added to *file*."""
    opener = lambda path, flags: os.open(path, flags, 0o600)  # noqa: E731  # what open wants
    with open(file, "ab", opener=opener) as record, _Tapped(port, record) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield int(server.server_address[1])
        finally:
            server.shutdown()
            thread.join()
