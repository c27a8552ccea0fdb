"""Every witnessed Eracom exchange: in process, or with ``--target tcp://host:port`` against any server or device.

The target needs the KM test-2266 and, group by group, the stored keys that the exchanges name.
"""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from support.eracom import make_eracom

from hsm.dialects.eracom.codes import eracom
from hsm.dialects.eracom.families import load
from hsm.spec.witnessed import Exchange, exchanges
from hsm.wire.codec import codec_of

load()
ALL = exchanges(Path(__file__).parents[2] / "protocol-spec" / "eracom" / "vectors", eracom.spelling)


def framed(body: bytes) -> bytes:
    return b"\x01\x01\x12\x34" + len(body).to_bytes(2, "big") + body


def over_tcp(target: str, request: bytes) -> bytes:
    host, _, port = target.removeprefix("tcp://").rpartition(":")
    with socket.create_connection((host, int(port)), 5) as link, link.makefile("rb") as replies:
        link.sendall(request)
        head = replies.read(6)
        return head + replies.read(int.from_bytes(head[4:], "big"))


def in_process(exchange: Exchange, request: bytes) -> bytes:
    session = make_eracom(dict(exchange.settings), dict(exchange.stored_keys), exchange.km).session()
    session.feed(request)
    return session.work(1)


@pytest.mark.parametrize("exchange", ALL, ids=lambda each: each.id)
def test_exchange(exchange: Exchange, pytestconfig: pytest.Config) -> None:
    target, request = pytestconfig.getoption("--target"), framed(exchange.request)
    reply = in_process(exchange, request) if target is None else over_tcp(target, request)
    assert reply == framed(reply[6:])
    assert exchange.answered_by(reply[6:]), reply.hex()


@pytest.mark.parametrize("exchange", ALL, ids=lambda each: each.id)
def test_both_sides_are_read_and_written_back(exchange: Exchange) -> None:
    command = eracom.commands[exchange.command]
    size = len(exchange.command) // 2
    if not exchange.refused:
        asks = codec_of(command.asks)
        assert asks.build(asks.parse(exchange.request[size:].decode("latin-1"))) == exchange.request[size:]
    if not exchange.refused and not exchange.open_ended:
        answers = codec_of(command.answers)
        body = exchange.reply[size + 1 :]
        assert answers.build(answers.parse(body.decode("latin-1"))) == body


def test_every_witnessed_function_is_there() -> None:
    assert {each.command for each in ALL} <= set(eracom.commands)
