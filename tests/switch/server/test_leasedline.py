"""A slow line carries everything, in order, no faster than it may."""

from __future__ import annotations

import socket
from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st
from support.linked import Loop, loop
from twisted.internet.task import Clock

from switch.server.leasedline import UNDER_WAY_BYTES_MAX, Direction, LeasedLine
from switch.simulators.config import Wire


@given(st.lists(st.tuples(st.binary(min_size=1, max_size=50), st.floats(0, 2)), max_size=20))
def test_pieces_arrive_in_order_when_their_bits_have_gone(pieces: list[tuple[bytes, float]]) -> None:
    clock, came = Clock(), list[tuple[float, bytes]]()
    wire = Wire(800, 0.5)
    direction = Direction(clock, wire, lambda piece: came.append((clock.seconds(), piece)))
    free, expected = 0.0, []
    for piece, pause in pieces:
        clock.pump([0.01] * int(pause * 100))
        free = max(clock.seconds(), free) + len(piece) / 100
        direction.carry(piece)
        expected.append(free + 0.5)
    clock.pump([0.01] * 3000)
    assert [piece for _, piece in came] == [piece for piece, _ in pieces]
    assert all(due - 1e-6 <= at <= due + 0.02 for (at, _), due in zip(came, expected, strict=True))
    assert direction.bytes_count == 0


def test_a_connection_over_the_line_and_its_end() -> None:
    with loop() as run, socket.create_server(("127.0.0.1", 0)) as host:
        host.setblocking(False)
        line = LeasedLine(run.clock, "127.0.0.1", host.getsockname()[1], Wire(0, 0.01))
        terminal = socket.create_connection(("127.0.0.1", line.open()))
        terminal.setblocking(False)
        terminal.sendall(b"early")
        accepted: list[socket.socket] = []

        def called() -> bool:
            with suppress(BlockingIOError):
                accepted.append(host.accept()[0])
            return bool(accepted)

        run.until(called)
        (there,) = accepted
        there.setblocking(False)
        assert _read(run, there, 5) == b"early"
        there.sendall(b"x" * 3 * UNDER_WAY_BYTES_MAX)
        assert _read(run, terminal, 3 * UNDER_WAY_BYTES_MAX) == b"x" * 3 * UNDER_WAY_BYTES_MAX
        there.sendall(b"last")
        there.close()
        assert _read(run, terminal, 5) == b"last", "the end comes behind what was under way"
        terminal.close()
        line.close()


def test_where_no_host_is_the_call_ends() -> None:
    with loop() as run, socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        line = LeasedLine(run.clock, "127.0.0.1", unused.getsockname()[1], Wire(64_000))
        terminal = socket.create_connection(("127.0.0.1", line.open()))
        terminal.setblocking(False)
        assert _read(run, terminal, 1) == b""
        terminal.close()
        line.close()


def _read(run: Loop, connected: socket.socket, count: int) -> bytes:
    """Up to *count* bytes, fewer when the connection ends."""
    got, ended = bytearray(), list[bool]()

    def enough() -> bool:
        with suppress(BlockingIOError):
            piece = connected.recv(65_536)
            got.extend(piece)
            if not piece:
                ended.append(True)
        return len(got) >= count or bool(ended)

    run.until(enough)
    return bytes(got)
