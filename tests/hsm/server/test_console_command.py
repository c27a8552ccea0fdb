"""``hsm console`` at a terminal and in a pipe, with an appliance and without."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import termios
from pathlib import Path

import pexpect
import pytest
from support.auditlogs import commands_entered
from support.echo_console import EchoConsole
from support.served import CONSOLE_WORDS, SECONDS_MAX, Serve, echo_environment

from hsm.server.config import Config
from hsm.server.console_command import Alone
from hsm.server.counters import Counters
from hsm.server.founding import counter_names, found
from hsm.server.terminal import TerminalLimits

COMPONENT = "00112233445566778899AABBCCDDEEFF"
ALONE = "No appliance runs here"


def words(*options: str) -> list[str]:
    return ["-m", CONSOLE_WORDS, "console", *options]


def piped(*options: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words(*options)],
        input=typed,
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        env=echo_environment(),
    )


def at_terminal(*options: str) -> pexpect.spawn[str]:
    return pexpect.spawn(
        sys.executable, words(*options), timeout=SECONDS_MAX, encoding="utf-8", env=echo_environment(), echo=True
    )


@pytest.fixture(params=["running", "alone"])
def state(request: pytest.FixtureRequest, serve_console: Serve, tmp_path: Path) -> str:
    """A state directory, with an appliance running on it or not."""
    path = str(tmp_path / "state")
    if request.param == "running":
        serve_console("--state-dir", path)
    return path


def test_a_ceremony_at_a_terminal(state: str) -> None:
    terminal = at_terminal("--state-dir", state)
    seen = ""

    def until(text: str) -> None:
        nonlocal seen
        terminal.expect_exact(text)
        seen += terminal.before + text

    until("Online> ")
    terminal.send("XRITEX\x7f\r")
    until("Component: ")
    terminal.send(COMPONENT + "\r")
    until("It has 32 digits.")
    until("[N]: ")
    terminal.send("y\r")
    until("Done: True.")
    until("> ")
    terminal.send("\x1b[A\r")
    until("XRITE")
    until("Component: ")
    terminal.send("123\x03")
    until("Given up.")
    until("> ")
    terminal.send("\x04")
    terminal.expect(pexpect.EOF)
    seen += terminal.before
    terminal.close()
    assert terminal.exitstatus == 0
    assert COMPONENT not in seen
    entries = commands_entered(Path(state))
    assert [(each["peer"], each["outcome"]) for each in entries] == [("local", "00"), ("local", "GU")]
    assert all(COMPONENT.encode() not in each.read_bytes() for each in Path(state).iterdir() if each.is_file())


def test_a_script(state: str) -> None:
    done = piped("--state-dir", state, typed="XQUIZ\nAda\nXLONG 3000\nXRITE\n" + COMPONENT + "\ny\nEXIT\nXQUIZ\n")
    assert done.returncode == 0
    assert "Name: Hello Ada.\n" in done.stdout
    assert done.stdout.count("x" * 79 + "\n") == 3000
    assert "It has 32 digits.\n" in done.stdout
    assert done.stdout.endswith("Online> ")
    assert done.stdout.count("Name:") == 1
    assert COMPONENT not in done.stdout
    assert "\r" not in done.stdout


def test_the_end_of_a_script_in_a_ceremony_ends_it(state: str) -> None:
    for _ in range(2):
        done = piped("--state-dir", state, typed="XRITE\n" + COMPONENT + "\n")
        assert (done.returncode, done.stderr) == (0, "")
        assert "It has 32 digits." in done.stdout
    assert [each["outcome"] for each in commands_entered(Path(state))] == ["GU", "GU"]


def test_alone_says_so_and_changes_are_at_rest(tmp_path: Path) -> None:
    path = str(tmp_path / "state")
    assert ALONE in piped("--state-dir", path, typed="XQUIZ\nAda\n").stdout
    again = piped("--state-dir", path, typed="EXIT\n")
    assert again.returncode == 0
    assert not (tmp_path / "state" / "console.sock").exists()


def test_a_running_appliance_is_not_alone(serve_console: Serve, tmp_path: Path) -> None:
    socket = tmp_path / "at" / "some.sock"
    socket.parent.mkdir()
    serve_console("--console-socket", str(socket))
    done = piped("--socket", str(socket), typed="XQUIZ\nAda\n")
    assert ALONE not in done.stdout
    assert "Hello Ada." in done.stdout


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_the_terminal_is_as_before_whatever_happens(state: str, number: int) -> None:
    ours, theirs = os.openpty()
    before = termios.tcgetattr(theirs)
    process = subprocess.Popen(
        [sys.executable, *words("--state-dir", state)], stdin=theirs, stdout=theirs, env=echo_environment()
    )
    shown = b""
    while not shown.endswith(b"Online> "):
        shown += os.read(ours, 1)
    assert termios.tcgetattr(theirs) != before
    os.write(ours, b"XRITE\r")
    while not shown.endswith(b"Component: "):
        shown += os.read(ours, 1)
    process.send_signal(number)
    assert process.wait(SECONDS_MAX) == 128 + number
    assert termios.tcgetattr(theirs) == before
    os.close(ours)
    os.close(theirs)


def test_the_terminal_is_as_before_when_the_appliance_is_gone(serve_console: Serve, tmp_path: Path) -> None:
    path = str(tmp_path / "state")
    served = serve_console("--state-dir", path)
    ours, theirs = os.openpty()
    before = termios.tcgetattr(theirs)
    process = subprocess.Popen(
        [sys.executable, *words("--state-dir", path)], stdin=theirs, stdout=theirs, env=echo_environment()
    )
    shown = b""
    while not shown.endswith(b"Online> "):
        shown += os.read(ours, 1)
    served.process.kill()
    assert process.wait(SECONDS_MAX) == 0
    assert termios.tcgetattr(theirs) == before
    os.close(ours)
    os.close(theirs)


def test_the_window_is_as_wide_as_it_is_told(serve_console: Serve, tmp_path: Path) -> None:
    path = str(tmp_path / "state")
    serve_console("--state-dir", path)
    terminal = at_terminal("--state-dir", path)
    terminal.expect_exact("Online> ")
    terminal.send("A" * 70 + "B" * 70)
    terminal.expect_exact("\r\x1b[")
    terminal.close(force=True)
    wide = pexpect.spawn(
        sys.executable,
        words("--state-dir", path),
        timeout=SECONDS_MAX,
        encoding="utf-8",
        env=echo_environment(),
        dimensions=(24, 200),
    )
    wide.expect_exact("Online> ")
    wide.send("A" * 70 + "B" * 70)
    wide.expect_exact("A" * 70 + "B" * 70)
    wide.close(force=True)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ((), "say which appliance"),
        (("--socket", "/nonexistent/console.sock"), "no appliance listens there"),
        (("--config", "/nonexistent/hsm.toml"), "a readable file"),
        (("--state-dir", "/proc/nonexistent"), "--state-dir"),
    ],
)
def test_what_cant_be_reached(options: tuple[str, ...], told: str) -> None:
    done = piped(*options)
    assert done.returncode != 0
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_nobody_reads_what_is_said(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, *words("--state-dir", str(tmp_path / "state"))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=echo_environment(),
    )
    assert process.stdout is not None
    process.stdout.close()
    assert process.stdin is not None
    process.stdin.write(b"XLONG 100\n")
    process.stdin.close()
    assert process.stderr is not None
    told = process.stderr.read()
    process.wait(SECONDS_MAX)
    process.stderr.close()
    assert b"Traceback" not in told


def test_alone_nobody_is_waited_for(tmp_path: Path) -> None:
    household = found(Config(), Counters(1, counter_names))
    console = EchoConsole()
    keyboard, typing = os.pipe()
    with open(tmp_path / "screen", "w+b") as screen:
        os.write(typing, b"V\nsecret\n12")
        Alone(console, household, TerminalLimits(600, 0.05), keyboard, screen.fileno()).run()
        screen.seek(0)
        shown = screen.read().decode()
    assert shown.endswith("Answer: \nNothing typed for 0 seconds: closed.\n")
    assert console.told == ["line V", "line secret", "hang up ended"]
    os.close(keyboard)
    os.close(typing)
    household.close()
