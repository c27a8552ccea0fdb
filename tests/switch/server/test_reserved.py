"""A port that is ours whether anybody listens there or not."""

from __future__ import annotations

import socket

import pytest

from switch.server.reserved import LOOPBACK, ReservedPort


def listening(number: int) -> socket.socket:
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind((LOOPBACK, number))
    made.listen()
    return made


def test_it_is_listened_at_again_and_again_and_calls_are_refused_between() -> None:
    port = ReservedPort()
    for _ in range(3):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((LOOPBACK, port.number), 5)
        with listening(port.number) as there, socket.create_connection((LOOPBACK, port.number), 5):
            there.accept()[0].close()
    port.close()


def test_nobody_else_is_given_it() -> None:
    port = ReservedPort()
    others = [listening(0) for _ in range(200)]
    assert port.number not in [each.getsockname()[1] for each in others]
    with socket.socket() as rude, pytest.raises(OSError, match="in use"):
        rude.bind((LOOPBACK, port.number))
    for each in others:
        each.close()
    port.close()
