"""The console over SSH, with OpenSSH's client as it comes."""

from __future__ import annotations

import os
import shutil
import socket
import struct
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pexpect
import pytest
from support.auditlogs import commands_entered
from support.echo_console import EchoConsole
from support.served import SECONDS_MAX, Serve, Served
from twisted.conch.error import ConchError, ValidPublicKey
from twisted.conch.ssh.connection import MSG_CHANNEL_WINDOW_ADJUST
from twisted.conch.ssh.keys import Key
from twisted.cred.credentials import SSHPrivateKey
from twisted.cred.error import UnauthorizedLogin
from twisted.internet.defer import succeed
from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from hsm.server.config import ConsoleConfig
from hsm.server.consoleport import Lines
from hsm.server.ssh import (
    CONNECTIONS_MAX,
    GRACE_SECONDS,
    PACKET_BYTES_MAX,
    WINDOW_BYTES,
    ConsoleChannel,
    ConsoleConnection,
    ConsoleTransport,
    KeyChecker,
    Operator,
    ssh_port,
)
from hsm.server.terminal import TerminalLimits

pytestmark = pytest.mark.skipif(shutil.which("ssh") is None, reason="there is no OpenSSH client")
COMPONENT = "FEDCBA98765432100123456789ABCDEF"
NO_KEY_OF_OURS = {name: value for name, value in os.environ.items() if name != "SSH_AUTH_SOCK"}


@dataclass(frozen=True)
class Site:
    """A server, and the keys that its operators have."""

    served: Served
    folder: Path
    authorized: Path
    keys: Path

    def words(self, user: str, key: str, *options: str) -> list[str]:
        """Arguments of ssh: nothing but what tells it the key, the port and where to remember the host."""
        known = f"UserKnownHostsFile={self.folder / 'known'}"
        found = ["-F", "none", "-p", str(self.served.ports["ssh"]), "-i", str(self.keys / key), "-o", known]
        return [*found, "-o", "StrictHostKeyChecking=accept-new", *options, f"{user}@127.0.0.1"]

    def run(self, *words: str, typed: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["ssh", *words], input=typed, capture_output=True, text=True, timeout=SECONDS_MAX, env=NO_KEY_OF_OURS
        )

    def terminal(self, user: str, key: str) -> pexpect.spawn[str]:
        words = self.words(user, key, "-o", "LogLevel=ERROR")
        return pexpect.spawn("ssh", words, timeout=SECONDS_MAX, encoding="utf-8", env=NO_KEY_OF_OURS)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the keys of three people."""
    folder = tmp_path_factory.mktemp("keys")
    for user, kind in (("alice", "ed25519"), ("bob", "rsa"), ("eve", "ecdsa")):
        subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-C", f"{user}@x", "-f", folder / user], check=True)
    return folder


@pytest.fixture
def site(serve_console: Serve, keys: Path, tmp_path: Path) -> Site:
    authorized = tmp_path / "operators.pub"
    authorized.write_text("".join((keys / f"{user}.pub").read_text() for user in ("alice", "bob")))
    authorized.chmod(0o644)
    options = ("--ssh-authorized-keys", str(authorized), "--state-dir", str(tmp_path / "state"))
    return Site(serve_console("--ssh-port", "0", *options), tmp_path, authorized, keys)


def test_a_ceremony_at_a_terminal(site: Site) -> None:
    terminal = site.terminal("alice", "alice")
    seen = ""

    def until(text: str) -> str:
        nonlocal seen
        terminal.expect_exact(text)
        seen += terminal.before + text
        return str(terminal.before)

    until("Online> ")
    terminal.send("XRITEX\x7f\r")
    until("Component: ")
    terminal.send("12\x15" + COMPONENT + "\r")
    assert until("Continue? [Y/N] [N]: ") == "\r\nIt has 32 digits.\r\n"
    terminal.send("y\r")
    until("Done: True.")
    until("Online> ")
    terminal.send("\x1b[A\x1b[A")
    until("XRITE")
    terminal.send("\r")
    until("Component: ")
    terminal.send("\x03")
    until("Given up.")
    until("Online> ")
    terminal.send("\x04")
    terminal.expect(pexpect.EOF)
    seen += terminal.before
    terminal.close()
    assert terminal.exitstatus == 0
    _, told = site.served.stop()
    entries = commands_entered(site.folder / "state")
    assert [(each["peer"], each["command"], each["outcome"]) for each in entries] == [
        ("ssh.alice", "XRITE", "00"),
        ("ssh.alice", "XRITE", "GU"),
    ]
    files = b"".join(each.read_bytes() for each in site.folder.rglob("*") if each.is_file())
    assert COMPONENT not in seen + told
    assert COMPONENT.encode() not in files


def test_a_script_without_a_terminal(site: Site) -> None:
    done = site.run(*site.words("bob", "bob", "-T"), typed="XQUIZ\nAda\nXLONG 3000\nEXIT\n")
    assert done.returncode == 0
    assert done.stdout.startswith("This line can't hide what is typed on it.\nZonekey console.")
    assert "Name: Hello Ada.\n" in done.stdout
    assert done.stdout.count("x" * 79 + "\n") == 3000
    assert "\r" not in done.stdout


def test_a_long_script_waits_for_its_turn(site: Site) -> None:
    """More than the window of an SSH channel, typed ahead; none of it is lost."""
    done = site.run(*site.words("alice", "alice", "-T"), typed=f"XQUIZ\n{'Ada' * 60}\n" * 300)
    assert done.returncode == 0
    assert done.stdout.count(f"Hello {'Ada' * 60}.") == 300


def test_who_may_not_log_in(site: Site) -> None:
    for user, key in (("bob", "alice"), ("eve", "eve"), ("alice", "eve"), ("root", "alice")):
        done = site.run(*site.words(user, key))
        assert done.returncode == 255
        assert "Permission denied (publickey)." in done.stderr
        assert done.stdout == ""


def test_a_key_that_is_taken_out_opens_nothing_any_more(site: Site) -> None:
    assert site.run(*site.words("bob", "bob"), typed="EXIT\n").returncode == 0
    site.authorized.write_text((site.keys / "alice.pub").read_text())
    assert "Permission denied" in site.run(*site.words("bob", "bob")).stderr
    site.authorized.write_text("nonsense")
    assert "Permission denied" in site.run(*site.words("alice", "alice")).stderr


def test_there_is_no_other_service(site: Site) -> None:
    words = site.words("alice", "alice")
    done = site.run(*words, "cat", "/etc/passwd")
    assert (done.returncode, done.stdout) == (1, "")
    assert "This is a console: log in without a command." in done.stderr
    done = site.run("-s", *words, "sftp")
    assert done.returncode != 0
    assert "subsystem request failed" in done.stderr
    done = site.run("-o", "ExitOnForwardFailure=yes", "-R", "0:127.0.0.1:1", "-N", *words)
    assert done.returncode == 255
    assert "remote port forwarding failed" in done.stderr
    forwarded = site.run("-W", f"127.0.0.1:{site.served.ports['thales']}", *words)
    assert forwarded.returncode == 255
    assert "stdio forwarding failed" in forwarded.stderr


def test_old_algorithms_are_refused(site: Site) -> None:
    kex, host_key = "KexAlgorithms=diffie-hellman-group14-sha1", "HostKeyAlgorithms=ssh-rsa"
    for options in (("-c", "3des-cbc"), ("-m", "hmac-sha1"), ("-o", kex), ("-o", host_key)):
        done = site.run(*options, *site.words("alice", "alice"))
        assert done.returncode == 255
        assert "no matching" in done.stderr


def test_an_rsa_key_does_not_sign_with_sha_1(site: Site) -> None:
    done = site.run("-o", "PubkeyAcceptedAlgorithms=ssh-rsa", *site.words("bob", "bob"))
    assert done.returncode == 255


@pytest.mark.parametrize(
    ("algorithm", "right"), [(b"rsa-sha2-512", True), (b"rsa-sha2-256", True), (b"ssh-rsa", False)]
)
def test_a_signature_is_checked_and_how_it_was_made(keys: Path, tmp_path: Path, algorithm: bytes, right: bool) -> None:
    authorized = tmp_path / "operators.pub"
    authorized.write_text((keys / "bob.pub").read_text())
    authorized.chmod(0o644)
    checker, key, said = KeyChecker(str(authorized)), Key.fromFile(str(keys / "bob")), b"what is signed"
    signature = key.sign(said, signatureType=algorithm)
    assert key.verify(signature, said), "Conch itself would take it"

    def login(user: bytes, signature: bytes | None) -> object:
        found: list[object] = []
        credentials = SSHPrivateKey(user, algorithm, key.blob(), said, signature)
        checker.requestAvatarId(credentials).addBoth(found.append)
        return found[0].value if isinstance(found[0], Failure) else found[0]

    assert login(b"Bob", signature) == b"bob" if right else isinstance(login(b"Bob", signature), UnauthorizedLogin)
    assert isinstance(login(b"bob", None), ValidPublicKey)
    damaged = signature[:-1] + bytes((signature[-1] ^ 1,))
    for user, wrong in ((b"bob", damaged), (b"bob", b"\0"), (b"alice", signature), (b"\xff", signature)):
        assert type(login(user, wrong)) is UnauthorizedLogin


def test_one_line_dropped_in_a_ceremony_lets_the_next_one_in(site: Site) -> None:
    one = site.terminal("alice", "alice")
    one.expect_exact("Online> ")
    one.send("XRITE\r")
    one.expect_exact("Component: ")
    other = site.terminal("bob", "bob")
    other.expect_exact("Online> ")
    other.send("XRITE\r")
    other.expect_exact("A ceremony is in progress on ssh alice")
    one.close(force=True)
    for _ in range(1_000):
        other.send("XRITE\r")
        if other.expect_exact(["Component: ", "A ceremony is in progress"]) == 0:
            break
    else:
        raise AssertionError("the ceremony of a line that is gone goes on")
    other.close(force=True)


def test_strangers_bytes_and_too_many_of_them(site: Site) -> None:
    for junk in (b"GET / HTTP/1.0\r\n\r\n", b"SSH-2.0-x\r\n" + bytes(5000), b"\xff" * 100_000):
        # Who speaks no SSH is hung up on, perhaps before everything is said.
        with site.served.connect("ssh") as stranger, suppress(OSError):
            stranger.sendall(junk)
            stranger.shutdown(socket.SHUT_WR)
            while stranger.recv(65536):
                pass
    strangers = [site.served.connect("ssh") for _ in range(CONNECTIONS_MAX)]
    for each in strangers:
        assert each.recv(4) == b"SSH-"
    with suppress(ConnectionResetError), site.served.connect("ssh") as refused:
        assert refused.recv(4) == b""
    for each in strangers:
        each.close()
    for _ in range(100):
        if site.run(*site.words("alice", "alice"), typed="EXIT\n").returncode == 0:
            break
    else:
        raise AssertionError("strangers who are gone still count")
    _, told = site.served.stop()
    assert "Traceback" not in told
    assert "HTTP" not in told


def test_a_client_that_reads_nothing_costs_little(site: Site) -> None:
    before_kib = site.served.resident_kib()
    deaf = subprocess.Popen(
        ["ssh", *site.words("alice", "alice", "-T")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=NO_KEY_OF_OURS
    )
    assert deaf.stdin is not None
    assert deaf.stdout is not None
    deaf.stdin.write(b"XLONG 2000\n" * 500)
    deaf.stdin.flush()
    assert deaf.stdout.read(100_000)
    done = site.run(*site.words("bob", "bob", "-T"), typed="XQUIZ\nAda\nEXIT\n")
    assert "Hello Ada." in done.stdout
    assert site.served.resident_kib() - before_kib < 24_576  # Conch's own modules are among it
    told = 100_000 + sum(len(deaf.stdout.read(2000 * 80)) for _ in range(20))
    assert told == 100_000 + 20 * 2000 * 80
    deaf.kill()
    deaf.communicate()


# --- time, without waiting for it ---------------------------------------------------------------------------------
class Cut(StringTransport):
    """Notes that it was cut off."""

    cut = False

    def abortConnection(self) -> None:
        self.cut = True


def connected(clock: Clock, tmp_path: Path) -> tuple[ConsoleTransport, Cut, Lines]:
    (tmp_path / "operators.pub").write_text("")
    (tmp_path / "operators.pub").chmod(0o644)
    lines = Lines(lambda line: EchoConsole(), clock, lambda: succeed(None), TerminalLimits())
    factory = ssh_port(lines, ConsoleConfig(ssh_port=0, authorized_keys=str(tmp_path / "operators.pub")), str(tmp_path))
    factory.doStart()
    connection, transport = factory.buildProtocol(None), Cut()  # type: ignore[no-untyped-call]  # Twisted's own double
    assert isinstance(connection, ConsoleTransport)
    connection.makeConnection(transport)  # type: ignore[no-untyped-call]  # Conch has no annotations
    return connection, transport, lines


def test_whoever_does_not_log_in_is_cut_off(tmp_path: Path) -> None:
    clock = Clock()
    connection, transport, _ = connected(clock, tmp_path)
    assert transport.value().startswith(b"SSH-2.0-Zonekey\r\n")  # type: ignore[no-untyped-call]  # as above
    clock.advance(GRACE_SECONDS - 1)
    assert not transport.cut
    clock.advance(1)
    assert transport.cut
    connection.connectionLost(Failure(ConnectionDone()))
    assert not clock.getDelayedCalls()


@pytest.mark.parametrize("has_console", [True, False])
def test_whoever_logs_in_and_opens_no_console_is_cut_off(tmp_path: Path, has_console: bool) -> None:
    clock = Clock()
    connection, transport, lines = connected(clock, tmp_path)
    operator = connection.avatar = Operator(lines, "alice")
    connection.logoutFunction = lambda: None
    channel = operator.lookupChannel(b"session", 1000, 1000, b"")
    assert isinstance(channel, ConsoleChannel)
    for kind in (b"session", b"direct-tcpip", b"x11", b"auth-agent@openssh.com"):
        with pytest.raises(ConchError):
            operator.lookupChannel(kind, 1000, 1000, b"")
    channel.conn = ConsoleConnection()  # type: ignore[no-untyped-call]  # Conch has no annotations
    channel.conn.transport = connection
    channel.conn.channelsToRemoteChannel[channel] = 0
    if has_console:
        assert channel.request_shell(b"")
        assert not channel.request_shell(b"")
    clock.advance(GRACE_SECONDS)
    assert transport.cut is not has_console
    channel.closed()
    connection.connectionLost(Failure(ConnectionDone()))
    assert not clock.getDelayedCalls()


def test_a_paused_line_gives_its_client_no_more_window(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    connection, _, lines = connected(clock, tmp_path)
    sent: list[int] = []
    monkeypatch.setattr(connection, "sendPacket", lambda kind, payload: sent.append(kind))
    channel = Operator(lines, "alice").lookupChannel(b"session", 1000, 1000, b"")
    assert isinstance(channel, ConsoleChannel)
    channel.conn = ConsoleConnection()  # type: ignore[no-untyped-call]  # Conch has no annotations
    channel.conn.transport = connection
    channel.conn.channels[0] = channel
    channel.conn.channelsToRemoteChannel[channel] = 0
    channel.pause()
    piece = bytes(PACKET_BYTES_MAX)
    while channel.localWindowLeft:
        channel.conn.ssh_CHANNEL_DATA(struct.pack(">2L", 0, len(piece)) + piece)  # type: ignore[no-untyped-call]  # as above
    assert sent == []
    channel.resume()
    assert sent == [MSG_CHANNEL_WINDOW_ADJUST]
    assert channel.localWindowLeft == WINDOW_BYTES
    connection.connectionLost(Failure(ConnectionDone()))
