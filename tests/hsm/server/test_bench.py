"""The load generator, against servers that answer rightly, wrongly, late in pieces, or not at all."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from support.echo_household import framed
from support.served import SECONDS_MAX, exactly

from hsm.server.bench import Load, Tally, command, payload_of, run
from hsm.server.main import main

Answer = Callable[[bytes], bytes]


def right(request: bytes) -> bytes:
    return framed(request[:4] + b"ND00")


@pytest.fixture
def answering() -> Iterator[Callable[[Answer], int]]:
    """A server that answers each request by the function given; its port number."""
    listening: list[socket.socket] = []

    def converse(connected: socket.socket, answer: Answer) -> None:
        # The load generator closes when it has seen enough, whatever we are still sending.
        with connected, suppress(ConnectionError):
            while length := exactly(connected, 2):
                reply = answer(exactly(connected, int.from_bytes(length, "big")))
                if not reply:
                    return
                connected.sendall(reply[:3])  # in two pieces, so that replies have to be put together
                connected.sendall(reply[3:])

    def accept(server: socket.socket, answer: Answer) -> None:
        while True:
            try:
                connected, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=converse, args=(connected, answer), daemon=True).start()

    def start(answer: Answer) -> int:
        server = socket.create_server(("127.0.0.1", 0))
        listening.append(server)
        threading.Thread(target=accept, args=(server, answer), daemon=True).start()
        return int(server.getsockname()[1])

    yield start
    for each in listening:
        each.shutdown(socket.SHUT_RDWR)
        each.close()


def load(port: int, *, requests: int | None = 100, seconds: float = SECONDS_MAX) -> Load:
    return Load("127.0.0.1", port, b"NC", connections=3, outstanding=4, requests=requests, seconds=seconds)


def test_the_number_of_requests_is_kept_and_every_reply_counted(answering: Callable[[Answer], int]) -> None:
    tally = run(load(answering(right)))
    assert (tally.good, tally.errors, len(tally.times)) == (100, {}, 100)
    assert tally.per_second > 0
    assert 0 < tally.percentile_us(0.5) <= tally.percentile_us(0.99)


def test_time_ends_a_load_without_a_number(answering: Callable[[Answer], int]) -> None:
    tally = run(load(answering(right), requests=None, seconds=0.1))
    assert tally.good >= 12
    assert tally.seconds < SECONDS_MAX


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (lambda request: framed(b"XXXXND00"), "header"),
        (lambda request: framed(request[:4] + b"NE00"), "response code"),
        (lambda request: framed(request[:4] + b"ND15"), "error code 15"),
        (lambda request: framed(b""), "header"),
    ],
)
def test_wrong_replies_are_told_apart(answering: Callable[[Answer], int], answer: Answer, kind: str) -> None:
    tally = run(load(answering(answer), requests=10))
    assert (tally.good, tally.errors) == (0, {kind: 10})


def test_surplus_replies_and_closed_connections_are_errors(answering: Callable[[Answer], int]) -> None:
    assert "reply to no request" in run(load(answering(lambda request: right(request) * 3), requests=12)).errors
    assert run(load(answering(lambda request: b""), requests=12)).errors == {"connection closed by the server": 3}


def test_percentiles() -> None:
    tally = Tally(times=[number / 1e6 for number in range(100, 0, -1)])
    assert [round(tally.percentile_us(part)) for part in (0, 0.5, 0.99, 1)] == [1, 51, 100, 100]
    assert Tally().percentile_us(0.5) == 0.0


def test_the_command_prints_figures_and_exits_by_them(answering: Callable[[Answer], int]) -> None:
    words = ["bench", "--requests", "20", "--connections", "2", "--payload", "nc", "--port"]
    good = CliRunner().invoke(main, [*words, str(answering(right))])
    assert good.exit_code == 0
    assert [line.split()[0] for line in good.output.splitlines()] == ["2", "commands/s", "p50", "p99", "errors"]
    bad = CliRunner().invoke(main, [*words, str(answering(lambda request: right(request)[:-1] + b"1"))])
    assert bad.exit_code == 1
    assert "20 x error code 01" in bad.output


def test_a_server_that_is_not_there() -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        done = CliRunner().invoke(command, ["--port", str(reserved.getsockname()[1])])
    assert done.exit_code == 1
    assert "refused" in done.output


def test_payloads(tmp_path: Path) -> None:
    assert payload_of("nc") == b"NC"
    (tmp_path / "request.hex").write_text("4E43 30\n")
    assert payload_of(str(tmp_path / "request.hex")) == b"NC0"
    for wrong in ("4E4", "zz", "4E"):
        (tmp_path / "wrong.hex").write_text(wrong)
        with pytest.raises(click.BadParameter):
            payload_of(str(tmp_path / "wrong.hex"))
    with pytest.raises(click.BadParameter):
        payload_of(str(tmp_path / "none"))
