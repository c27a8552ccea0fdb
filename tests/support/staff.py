"""Which worker process a connection ended up with, as Linux tells it."""

from __future__ import annotations

import os
import re
import select
from contextlib import suppress
from pathlib import Path

from support.lines import HEADER, SECONDS_MAX
from support.served import Served, exactly

from hsm.client.blocking import BlockingClient
from hsm.client.codec import Wire

CONNECTIONS_TRIED_MAX = 2_000


class Counter(BlockingClient):
    """A host's connection that knows its own address and may send ahead."""

    def __init__(self, port: int) -> None:
        super().__init__("127.0.0.1", port, Wire(header_chars=len(HEADER)), timeout_seconds=SECONDS_MAX)
        host, own = self._socket.getsockname()
        self.own_port = int(own)
        self.peer = f"{host}:{own}"

    def send_ahead(self, requests: list[str]) -> None:
        """Send *requests* without waiting for their replies."""
        frames = (HEADER + each.encode() for each in requests)
        self._socket.sendall(b"".join(len(frame).to_bytes(2, "big") + frame for frame in frames))

    def replies_to_the_end(self) -> list[str]:
        """Every whole reply that still comes before the connection ends."""
        found = []
        with suppress(ConnectionError):
            while length := int.from_bytes(exactly(self._socket, 2), "big"):
                reply = exactly(self._socket, length)
                if len(reply) == length:
                    found.append(reply[len(HEADER) :].decode())
        return found

    def is_silent(self) -> bool:
        """Is there nothing to read yet?"""
        return not select.select([self._socket], [], [], 0)[0]

    def reply(self) -> str:
        """The next reply."""
        return exactly(self._socket, int.from_bytes(exactly(self._socket, 2), "big"))[len(HEADER) :].decode()


def workers_of(served: Served) -> set[int]:
    """Process ids of the workers."""
    pid = served.process.pid
    return {int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}


def worker_at(served: Served, connection: Counter) -> int:
    """The worker that has *connection*, 0 while none has accepted it."""
    ends = f":{served.ports['thales']:04X} [0-9A-F]{{8}}:{connection.own_port:04X} "
    for line in Path("/proc/net/tcp").read_text().splitlines():
        if re.search(ends, line):
            inode = line.split()[9]
            for worker in workers_of(served):
                if f"socket:[{inode}]" in _open_files(worker):
                    return worker
    return 0


def _open_files(pid: int) -> set[str]:
    found = set()
    with suppress(OSError):
        for each in os.listdir(f"/proc/{pid}/fd"):
            with suppress(OSError):
                found.add(os.readlink(f"/proc/{pid}/fd/{each}"))
    return found


def one_each(served: Served, count: int, *, other_than: int = 0) -> dict[int, Counter]:
    """A connection to each of *count* workers; the kernel spreads connections by a hash of their ports."""
    found: dict[int, Counter] = {}
    for _ in range(CONNECTIONS_TRIED_MAX):
        connection = Counter(served.ports["thales"])
        try:
            assert connection.command("B20002ok") == "B300ok"  # so that it is accepted
            worker = worker_at(served, connection)
        except OSError:
            worker = 0  # a worker that was just killed had it in its queue
        if not worker or worker in found or worker == other_than:
            connection.close()
        else:
            found[worker] = connection
        if len(found) == count:
            return found
    raise AssertionError(f"only {len(found)} workers answer")
