"""Operators at a real socket: one answer after another, and no operator in another's way."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import cast

import pytest
from support.bookkeeping import transaction
from support.linked import Loop, loop
from support.operating import Kepts, Told
from twisted.internet.interfaces import IReactorTime

from switch.config.switchfile import Address
from switch.operator.ports import Switchboard
from switch.server import consoleport
from switch.server.consoleport import ConsolePort
from switch.store.database import Unavailable

HERE = Address("127.0.0.1", 0)


class Away(Kepts):
    def queues(self) -> list[object]:  # type: ignore[override]  # it never gives any
        raise Unavailable("reading: OperationalError")


class Broken(Told):
    def links(self) -> list[object]:  # type: ignore[override]  # as above
        raise RuntimeError("secret")


class Caller:
    """An operator's socket, read while the reactor turns."""

    def __init__(self, run: Loop, opened: socket.socket) -> None:
        self._run, self.socket = run, opened
        opened.setblocking(False)
        self.read = b""
        self.gone = False

    def take(self) -> bool:
        with suppress(BlockingIOError):
            part = self.socket.recv(1 << 16)
            self.read += part
            self.gone = self.gone or not part
        return self.gone

    def take_some(self) -> bool:
        self.take()
        return bool(self.read)

    def ask(self, line: str, count: int = 1) -> list[str]:
        """The lines of the answer to *line*, or of *count* answers."""
        self.read = b""
        self.socket.sendall(line.encode() + b"\n")

        def answered() -> bool:
            self.take()
            last = [each for each in self.read.decode().splitlines() if each.startswith(("OK", "ERROR"))]
            return len(last) >= count or self.gone

        self._run.until(answered)
        return self.read.decode().splitlines()


class Office:
    """A console that listens."""

    def __init__(self, run: Loop, board: Told | None = None, records: Kepts | None = None) -> None:
        self.run, self.told = run, list[tuple[str, dict[str, object]]]()
        clock = cast(IReactorTime, run.reactor)
        self.port = ConsolePort(clock, cast(Switchboard, board or Told()), records or Kepts(), self._tell)
        self.number = self.port.open(HERE)

    def _tell(self, event: str, /, **fields: object) -> None:
        self.told.append((event, fields))

    def call(self) -> Caller:
        return Caller(self.run, socket.create_connection(("127.0.0.1", self.number)))


@contextmanager
def office(board: Told | None = None, records: Kepts | None = None) -> Iterator[Office]:
    with loop() as run:
        made = Office(run, board, records)
        try:
            yield made
        finally:
            made.port.close()


def test_an_answer_ends_with_ok_or_error() -> None:
    with office() as there:
        caller = there.call()
        lines = caller.ask("links")
        assert [line.split()[0] for line in lines] == ["link", "bank-a", "bank-i", "OK"]
        assert all(line.startswith(" ") for line in lines[:-1])
        assert caller.ask("queues")[-1] == "OK"
        assert caller.ask("nothing") == ["ERROR there is no such command; see help"]
        assert caller.ask("") == ["OK"]
        assert [fields["text"] for _, fields in there.told] == ["links", "queues"]


def test_answers_come_in_the_order_of_the_questions_though_some_take_their_time() -> None:
    records = Kepts([transaction("000001")])
    with office(records=records) as there:
        lines = there.call().ask("transactions\r\nlink bank-a\nqueues\nhelp quit", 4)
        assert [line.split()[0] for line in lines if not line.startswith(" ")] == ["OK"] * 4
        heads = [line.split()[0] for line in lines if line.startswith(" ")]
        assert heads.index("arrived") < heads.index("counted") < heads.index("command")


def test_a_fault_costs_one_answer_and_shows_nothing() -> None:
    with office(cast(Told, Broken()), cast(Kepts, Away())) as there:
        caller = there.call()
        assert caller.ask("links") == ["ERROR this command failed; see the log"]
        assert caller.ask("queues") == ["ERROR the store: reading: OperationalError"]
        assert "secret" not in str(there.told)
        assert caller.ask("figures")[-1] == "OK"


def test_quit_hangs_up_and_what_is_typed_after_it_is_not_done() -> None:
    board = Told()
    with office(board) as there:
        caller = there.call()
        caller.socket.sendall(b"link bank-a echo\nquit\nstop\n")
        there.run.until(caller.take)
        assert caller.read.decode().splitlines()[-1] == "OK"
        assert (len(board.orders), board.stops) == (1, 0)


def test_only_so_many_operators_and_so_much_typing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consoleport, "LINES_MAX", 2)
    with office() as there:
        first, second = there.call(), there.call()
        assert first.ask("links")[-1] == "OK"
        assert second.ask("links")[-1] == "OK"
        third = there.call()
        there.run.until(third.take)
        assert third.read.startswith(b"ERROR")
        second.socket.sendall(b"x" * (consoleport.LINE_BYTES_MAX + 1))
        there.run.until(second.take)
        assert second.read.splitlines()[-1].startswith(b"ERROR a line is at most")
        assert there.call().ask("links")[-1] == "OK"
        assert first.ask("links")[-1] == "OK"


def test_much_typed_ahead_is_answered_while_others_have_their_turn() -> None:
    with office() as there:
        caller, other = there.call(), there.call()
        assert other.ask("links")[-1] == "OK"
        caller.socket.sendall(b"bins 970411\n" * 1_000)
        there.run.until(caller.take_some)
        assert other.ask("links")[-1] == "OK"
        assert caller.read.count(b"OK") < 1_000
        there.run.until(lambda: (caller.take(), caller.read.count(b"OK") == 1_000)[1])


def test_who_does_not_read_is_not_answered_without_end() -> None:
    with office() as there:
        caller = there.call()
        sent, stuck = 0, 0
        while stuck < 200:
            try:
                sent += caller.socket.send(b"help\n" * 200)
                stuck = 0
            except BlockingIOError:
                stuck += 1
            there.run.reactor.iterate(0)
            assert sent < 50_000_000, "the switch reads on and on"
        assert there.call().ask("links")[-1] == "OK"


def test_a_socket_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "console.sock"
    with loop() as run:
        clock = cast(IReactorTime, run.reactor)
        port = ConsolePort(clock, cast(Switchboard, Told()), Kepts(), lambda event, /, **fields: None)
        assert port.open(path) == 0
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
        with pytest.raises(OSError, match="another switch"):
            ConsolePort(clock, cast(Switchboard, Told()), Kepts(), lambda event, /, **fields: None).open(path)
        opened = socket.socket(socket.AF_UNIX)
        opened.connect(str(path))
        assert Caller(run, opened).ask("links")[-1] == "OK"
        port.close()
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    with loop() as run:
        again = ConsolePort(
            cast(IReactorTime, run.reactor), cast(Switchboard, Told()), Kepts(), lambda event, /, **f: None
        )
        again.open(path)
        again.close()
    path.write_text("not a socket")
    with loop() as run, pytest.raises(OSError, match="something else"):
        ConsolePort(
            cast(IReactorTime, run.reactor), cast(Switchboard, Told()), Kepts(), lambda event, /, **fields: None
        ).open(path)
    assert path.read_text() == "not a socket"
