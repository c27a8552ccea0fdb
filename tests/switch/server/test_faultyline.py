"""A proxy that knows frames: what becomes of each, over real sockets."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import suppress

import pytest
from support.linked import Loop, loop

from switch.codec.codec import codec
from switch.scenarios.faults import UNHARMED, Fate
from switch.server.faultyline import FaultyLine
from switch.server.reserved import LOOPBACK

FRAMING = codec("napas").spec.framing
HELLO, AGAIN = FRAMING.frame(b"0200hello"), FRAMING.frame(b"0200again")


class Between:
    """Two plain sockets with a line between them; *fates* of the frames to come, in order."""

    def __init__(self, run: Loop) -> None:
        self.run = run
        self.fates: list[Fate] = []
        self.judged: list[tuple[int, bytes]] = []
        self.line = FaultyLine(run.clock, FRAMING, self.judge, 0.5)
        self.taking = socket.create_server((LOOPBACK, 0))
        self.taking.setblocking(False)
        self.line.target = self.taking.getsockname()[1]

    def judge(self, side: int, frame: bytes) -> Fate:
        self.judged.append((side, frame))
        return self.fates.pop(0) if self.fates else UNHARMED

    def called(self) -> tuple[socket.socket, socket.socket]:
        """Who calls, and who is called."""
        calling = socket.create_connection((LOOPBACK, self.line.port))
        calling.setblocking(False)
        taken: list[socket.socket] = []

        def take() -> bool:
            with suppress(BlockingIOError):
                taken.append(self.taking.accept()[0])
            return bool(taken)

        self.run.until(take)
        taken[0].setblocking(False)
        return calling, taken[0]

    def heard(self, by: socket.socket, bytes_count: int) -> bytes:
        """So many bytes, or fewer when the connection has ended before."""
        came = bytearray()
        ended: list[bool] = []

        def read() -> bool:
            try:
                part = by.recv(bytes_count - len(came))
                came.extend(part)
                ended.extend([] if part else [True])
            except BlockingIOError:
                pass
            except ConnectionResetError:
                ended.append(True)
            return bool(ended) or len(came) == bytes_count

        self.run.until(read)
        return bytes(came)


@pytest.fixture
def between() -> Iterator[Between]:
    with loop() as run:
        made = Between(run)
        yield made
        made.line.close()
        made.taking.close()


def test_frames_pass_both_ways_however_they_are_cut_up(between: Between) -> None:
    calling, called = between.called()
    calling.sendall(HELLO[:3])
    calling.sendall(HELLO[3:] + AGAIN)
    assert between.heard(called, len(HELLO + AGAIN)) == HELLO + AGAIN
    called.sendall(AGAIN)
    assert between.heard(calling, len(AGAIN)) == AGAIN
    assert between.judged == [(0, HELLO), (0, AGAIN), (1, AGAIN)]


@pytest.mark.parametrize(
    ("fate", "comes"),
    [
        (Fate(()), AGAIN),
        (Fate((0.2,)), AGAIN + HELLO),
        (Fate((0.0, 0.0)), HELLO + HELLO + AGAIN),
        (Fate(garbled=True), HELLO[:4] + bytes(len(HELLO) - 4) + AGAIN),
    ],
)
def test_what_becomes_of_one(between: Between, fate: Fate, comes: bytes) -> None:
    between.fates = [fate]
    calling, called = between.called()
    calling.sendall(HELLO + AGAIN)
    assert between.heard(called, len(comes)) == comes


@pytest.mark.parametrize(
    ("fate", "comes"),
    [
        (Fate((), cuts=True), b""),
        (Fate((), cuts=True, halved=True), HELLO[: len(HELLO) // 2]),
        (Fate(cuts=True), HELLO),
    ],
)
def test_the_connection_ends(between: Between, fate: Fate, comes: bytes) -> None:
    between.fates = [fate]
    calling, called = between.called()
    calling.sendall(HELLO)
    assert between.heard(called, 1000) == comes
    assert between.heard(calling, 1000) == b""


def test_calls_are_refused_while_it_is_cut_or_nobody_is_there(between: Between) -> None:
    calling, called = between.called()
    between.line.barred = True
    between.line.cut()
    assert between.heard(calling, 1) == between.heard(called, 1) == b""
    refused(between)
    between.line.barred = False
    between.run.until(lambda: takes_calls(between))
    between.line.target = None
    between.run.until(lambda: not takes_calls(between))


def refused(between: Between) -> None:
    between.run.until(lambda: not takes_calls(between))


def takes_calls(between: Between) -> bool:
    try:
        socket.create_connection((LOOPBACK, between.line.port), 1).close()
    except ConnectionRefusedError:
        return False
    return True
