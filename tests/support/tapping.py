"""Taps on loopback connections: everything that crosses them is kept."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress


class Taps:
    """In front of each port that is to be reached, a port of its own, whose bytes go on and are kept."""

    def __init__(self) -> None:
        self.captured: dict[str, list[bytes]] = {}
        self._lock = threading.Lock()
        self._opened: list[socket.socket] = []

    def reach(self, name: str, port: int) -> int:
        """The port of a tap on *port*, which is called *name*."""
        listening = socket.create_server(("127.0.0.1", 0))
        self._opened.append(listening)
        threading.Thread(target=self._listen, args=(name, listening, port), daemon=True).start()
        return int(listening.getsockname()[1])

    def close(self) -> None:
        """No more calls, and none goes on."""
        for each in self._opened:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def everything(self) -> bytes:
        """All that was captured; each direction of each connection in a piece."""
        return b"\0\0\0\0".join(b"".join(parts) for parts in self.captured.values())

    def by_port(self) -> dict[str, bytes]:
        """The same, by what each port is called."""
        found: dict[str, bytes] = {}
        for name, parts in self.captured.items():
            port = name.rsplit(" ", 2)[0]
            found[port] = found.get(port, b"") + b"".join(parts)
        return found

    def _listen(self, name: str, listening: socket.socket, port: int) -> None:
        while True:
            try:
                near, _ = listening.accept()
                far = socket.create_connection(("127.0.0.1", port))
            except OSError:
                return
            self._opened += [near, far]
            for number, (source, target) in enumerate(((near, far), (far, near))):
                kept: list[bytes] = []
                with self._lock:
                    self.captured[f"{name} {len(self.captured)} {number}"] = kept
                threading.Thread(target=self._carry, args=(source, target, kept), daemon=True).start()

    @staticmethod
    def _carry(source: socket.socket, target: socket.socket, kept: list[bytes]) -> None:
        with suppress(OSError):
            while taken := source.recv(65_536):
                kept.append(taken)
                target.sendall(taken)
            target.shutdown(socket.SHUT_WR)
