"""The console's ways in, with real sockets: telnet, the local socket, several lines at once, worker processes."""

from __future__ import annotations

import os
import select
import signal
import socket
import stat
import sys
from contextlib import suppress
from pathlib import Path

import pexpect
import pytest
from support.auditlogs import commands_entered
from support.echo_console import EchoConsole
from support.served import SECONDS_MAX, Serve, Served
from support.staff import one_each
from twisted.internet.defer import succeed
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport

from hsm.server.consoleport import LINES_MAX, Lines, TelnetLine
from hsm.server.listening import PortUnavailable
from hsm.server.localsocket import bound_locally, connected_locally
from hsm.server.telnet import DO, DONT, ECHO, IAC, SB, SE, TelnetServer
from hsm.server.terminal import TerminalLimits

COMPONENT = "0123456789ABCDEFFEDCBA9876543210"
DO_ECHO, DONT_ECHO = bytes((IAC, DO, ECHO)), bytes((IAC, DONT, ECHO))


class Caller:
    """A line, as bytes."""

    def __init__(self, connected: socket.socket) -> None:
        self.socket = connected
        self.socket.settimeout(SECONDS_MAX)
        self.seen = b""

    def until(self, *wanted: str) -> str:
        """All that comes up to one of *wanted*."""
        found = b""
        while not found.endswith(tuple(each.encode() for each in wanted)):
            byte = self.socket.recv(1)
            assert byte, f"the line ended with {found!r}"
            found += byte
        self.seen += found
        return found.decode("latin-1")

    def types(self, keys: str, *wanted: str) -> str:
        self.socket.sendall(keys.encode())
        return self.until(*wanted or ("> ",))

    def rest(self) -> bytes:
        """All that comes to the end of the line."""
        found = b""
        try:
            while part := self.socket.recv(65536):
                found += part
        except ConnectionResetError:
            pass
        self.seen += found
        return found

    def is_silent(self) -> bool:
        return not select.select([self.socket], [], [], 0.2)[0]


def local(served: Served, path: Path) -> Caller:
    connected = connected_locally(str(path))
    assert connected is not None
    caller = Caller(connected)
    caller.socket.sendall(DO_ECHO)
    caller.until("> ")
    return caller


def telnet(served: Served, *, answer: bytes = DO_ECHO) -> Caller:
    caller = Caller(served.connect("console"))
    caller.socket.sendall(answer)
    assert caller.until("> ").startswith(TelnetServer.OPENING.decode("latin-1"))
    return caller


def test_a_ceremony_over_telnet(serve_console: Serve, tmp_path: Path) -> None:
    served = serve_console("--console-port", "0", "--state-dir", str(tmp_path / "state"))
    assert set(served.ports) == {"thales", "console"}
    caller = telnet(served)
    assert caller.types("XRITE\r\0", "Component: ") == "XRITE\r\nComponent: "
    assert caller.types(COMPONENT + "\r\0", "[N]: ") == "\r\nIt has 32 digits.\r\nContinue? [Y/N] [N]: "
    assert caller.types("y\r\n") == "y\r\nDone: True.\r\nOnline> "
    caller.socket.sendall(b"EXIT\r\0")
    assert caller.rest() == b"EXIT\r\n"
    code, told = served.stop()
    assert code == 0
    entries = commands_entered(tmp_path / "state")
    assert [(each["command"], each["outcome"]) for each in entries] == [("XRITE", "00")]
    assert entries[0]["peer"].startswith("telnet.127.0.0.1:")
    everywhere = (
        caller.seen + told.encode() + b"".join(each.read_bytes() for each in tmp_path.rglob("*.*") if each.is_file())
    )
    assert COMPONENT.encode() not in everywhere


def test_byte_by_byte_and_interrupted(serve_console: Serve) -> None:
    caller = telnet(serve_console("--console-port", "0"))
    for byte in b"XRITE\r\0" + bytes((IAC, SB, 31, 0, 40, 0, 24, IAC, SE)):
        caller.socket.sendall(bytes((byte,)))
    caller.until("Component: ")
    caller.socket.sendall(b"12" + bytes((IAC, 244)))
    assert caller.until("> ") == "^C\r\nGiven up.\r\nOnline> "
    caller.socket.sendall(b"V" * 60)
    caller.socket.sendall(b"\x15")
    assert "\x1b[K" in caller.until("\x1b[8C")
    caller.socket.sendall(b"x" * 201 + b"\r")
    caller.until("Too long: at most 200 characters.  The line was not taken.\r\nOnline> ")


def test_a_client_that_echoes_by_itself_is_told_what_that_means(serve_console: Serve) -> None:
    caller = telnet(serve_console("--console-port", "0"), answer=DONT_ECHO)
    caller.until("can't hide what is typed on it.\r\nOnline> ")
    assert caller.types("XQUIZ\r\n", "Name: ") == "Name: "


def test_python_s_telnet_client(serve_console: Serve) -> None:
    """A client of somebody else's.  It refuses every option, ECHO too, so it hides nothing, and is told so."""
    pytest.importorskip("telnetlib", reason="Python 3.13 has none")
    served = serve_console("--console-port", "0")
    words = ["-W", "ignore", "-m", "telnetlib", "127.0.0.1", str(served.ports["console"])]
    client = pexpect.spawn(sys.executable, words, timeout=SECONDS_MAX, encoding="utf-8")
    client.expect_exact("This line can't hide what is typed on it.")
    client.sendline("XQUIZ")
    client.expect_exact("Name: ")
    client.sendline("Ada")
    client.expect_exact("Hello Ada.")
    client.sendline("EXIT")
    client.expect(pexpect.EOF)


def test_two_lines_and_one_ceremony(serve_console: Serve, tmp_path: Path) -> None:
    served = serve_console("--console-port", "0", "--state-dir", str(tmp_path / "state"))
    one, other = telnet(served), local(served, tmp_path / "state" / "console.sock")
    one.types("XRITE\r", "Component: ")
    number = one.socket.getsockname()[1]
    assert f"A ceremony is in progress on telnet 127.0.0.1:{number}" in other.types("XRITE\r")
    one.socket.close()  # in the middle of it
    for _ in range(1_000):
        if other.types("XRITE\r", "Component: ", "Online> ").endswith("Component: "):
            break
    else:
        raise AssertionError("the ceremony of a line that is gone goes on")
    other.types("\x03", "Online> ")


def test_no_more_lines_than_there_are(serve_console: Serve) -> None:
    served = serve_console("--console-port", "0")
    callers = [telnet(served) for _ in range(LINES_MAX)]
    refused = Caller(served.connect("console"))
    assert refused.rest() == b"All 8 lines are taken.\r\n"
    callers[0].socket.sendall(b"EXIT\r")
    callers[0].rest()
    telnet(served).types("XQUIZ\r", "Name: ")
    assert callers[1].types("XQUIZ\r", "Name: ")


def test_lines_are_closed_when_the_appliance_stops(serve_console: Serve) -> None:
    served = serve_console("--console-port", "0")
    caller = telnet(served)
    caller.types("XRITE\r", "Component: ")
    served.process.send_signal(signal.SIGTERM)
    assert caller.rest().endswith(b"The appliance stops: closed.\r\n")
    assert served.process.wait(SECONDS_MAX) == 0


def test_a_line_that_reads_nothing_costs_little(serve_console: Serve) -> None:
    served = serve_console("--console-port", "0")
    deaf = telnet(served)
    before_kib = served.resident_kib()
    deaf.socket.setblocking(False)
    with suppress(BlockingIOError):
        for _ in range(10_000):
            deaf.socket.sendall(b"XLONG 2000\r" * 100)
        raise AssertionError("the server takes everything")
    telnet(served).types("XQUIZ\r", "Name: ")
    assert served.resident_kib() - before_kib < 16_384


def test_the_end_of_a_script_waits_for_its_answers(serve_console: Serve) -> None:
    caller = telnet(serve_console("--console-port", "0"))
    caller.socket.sendall(b"XQUIZ\rAda\rXLONG 3000\rXQUIZ\rBob\r")
    caller.socket.shutdown(socket.SHUT_WR)
    told = caller.rest()
    assert told.count(b"x" * 79) == 3000
    assert told.endswith(b"Hello Bob.\r\nOnline> ")


# --- worker processes ---------------------------------------------------------------------------------------------
def test_what_a_command_says_is_true_in_every_worker(serve_console: Serve) -> None:
    served = serve_console("--console-port", "0", "--workers", "2")
    caller = telnet(served)
    hosts = one_each(served, 2)
    stopped = next(iter(hosts))
    os.kill(stopped, signal.SIGSTOP)
    try:
        assert caller.types("XAWAY\r", "\r\n") == "XAWAY\r\n"
        caller.socket.sendall(b"XBACK\r")
        assert caller.is_silent()
    finally:
        os.kill(stopped, signal.SIGCONT)
    assert caller.until("> ") == "Offline> "
    assert caller.until("> ") == "XBACK\r\nOnline> "
    assert caller.types("XAWAY\r") == "XAWAY\r\nOffline> "
    assert [host.command("A00002U")[2:4] for host in hosts.values()] == ["68", "68"]


# --- the local socket ---------------------------------------------------------------------------------------------
def test_the_local_socket_is_its_owner_s(serve_console: Serve, tmp_path: Path) -> None:
    path = tmp_path / "console.sock"
    served = serve_console("--console-socket", str(path))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    local(served, path).types("XQUIZ\r", "Name: ")
    assert set(served.ports) == {"thales"}
    assert served.stop()[0] == 0
    assert not path.exists()


def test_what_a_killed_appliance_left_is_replaced_and_what_lives_is_not(serve_console: Serve, tmp_path: Path) -> None:
    path = tmp_path / "console.sock"
    killed = serve_console("--console-socket", str(path))
    with pytest.raises(PortUnavailable, match="another appliance"):
        bound_locally(str(path))
    killed.process.kill()
    killed.process.wait(SECONDS_MAX)
    assert path.exists()
    assert connected_locally(str(path)) is None
    served = serve_console("--console-socket", str(path))
    local(served, path).types("XQUIZ\r", "Name: ")


def test_a_path_too_long_for_a_socket_will_do(tmp_path: Path) -> None:
    folder = tmp_path / ("x" * 120)
    folder.mkdir()
    path = folder / "console.sock"
    with bound_locally(str(path)) as opened:
        opened.listen()
        connected = connected_locally(str(path))
        assert connected is not None
        connected.close()
    assert connected_locally(str(path)) is None


def test_what_is_no_socket_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(PortUnavailable, match="something else"):
        bound_locally(str(tmp_path / "file"))
    with pytest.raises(PortUnavailable, match="No such file"):
        bound_locally(str(tmp_path / "none" / "console.sock"))
    assert (tmp_path / "file").read_text() == "mine"


class OneEnd(StringTransport):
    """A transport over a real Unix socket, as far as its peer's credentials go."""

    def __init__(self, opened: socket.socket) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Twisted's own double
        self.socket = opened
        self.aborted = False

    def abortConnection(self) -> None:
        self.aborted = True


@pytest.mark.parametrize("same", [True, False])
def test_another_user_at_the_local_socket_is_turned_away(monkeypatch: pytest.MonkeyPatch, same: bool) -> None:
    """The kernel tells who calls (unix(7), SO_PEERCRED); here it is we who are somebody else."""
    lines = Lines(lambda line: EchoConsole(), Clock(), lambda: succeed(None), TerminalLimits())
    ours, theirs = socket.socketpair()
    if not same:
        another = os.geteuid() + 1
        monkeypatch.setattr(os, "geteuid", lambda: another)
    with ours, theirs:
        line, transport = TelnetLine(lines, local=True), OneEnd(ours)
        line.makeConnection(transport)  # type: ignore[no-untyped-call]  # as above
        line.dataReceived(b"V\r")
        assert transport.aborted is not same
        assert (b"Hello" in transport.value()) is same  # type: ignore[no-untyped-call]  # as above
        line.connectionLost()
