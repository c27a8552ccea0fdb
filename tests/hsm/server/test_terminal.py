"""A terminal with a fake clock, a fake line and an echoing console; and with the shell, whose ceremonies must end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.appliances import make_speaker
from support.echo_console import EchoConsole
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock

from hsm.console import shell as shell_module
from hsm.console.declaration import Commands
from hsm.console.desk import Ceremonies, Desk
from hsm.console.dialogue import Ask, Dialogue
from hsm.console.line import Console
from hsm.console.shell import Shell
from hsm.server.lineeditor import LineEditor
from hsm.server.terminal import CANT_HIDE, Terminal, TerminalLimits
from hsm.storage.cards import CardRack, MemoryShelf

LIMITS = TerminalLimits(idle_seconds=600, secret_seconds=60, unread_seconds=30)


@dataclass
class Wire:
    """Notes what is written and asked of it."""

    shown: bytes = b""
    paused: bool = False
    closed: bool = False
    aborted: bool = False
    on_close: Callable[[], None] = field(default=lambda: None)

    def write(self, shown: bytes) -> None:
        assert not self.closed
        self.shown += shown

    def pause(self) -> None:
        self.paused = True

    def resume(self) -> None:
        self.paused = False

    def close(self) -> None:
        self.closed = True
        self.on_close()

    def abort(self) -> None:
        self.aborted = True


class Sitting:
    """Somebody at a terminal."""

    def __init__(self, console: Console | None = None, *, plain: bool = False) -> None:
        self.clock = Clock()
        self.wire = Wire()
        self.echo = EchoConsole()
        self.pending: list[Deferred[None]] = []
        self.waits = False
        self.commits = 0
        editor = LineEditor(echoes=not plain)
        self.terminal = Terminal(
            console or self.echo,
            self.wire,
            self.clock,
            self.committed,
            LIMITS,
            editor,
        )
        self.terminal.begin()
        self.clock.advance(0)

    def committed(self) -> Deferred[None]:
        self.commits += 1
        if not self.waits:
            return succeed(None)
        self.pending.append(Deferred())
        return self.pending[-1]

    def types(self, *keys: bytes) -> str:
        """What is shown while *keys* are typed."""
        before = len(self.wire.shown)
        for each in keys:
            self.terminal.received(each)
            for _ in range(100):
                self.clock.advance(0)
        return self.wire.shown[before:].decode()


def test_a_conversation() -> None:
    sitting = Sitting()
    assert sitting.wire.shown == b"Hello\r\n> "
    assert sitting.types(b"hi", b"\r") == "hi\r\necho hi\r\n> "
    assert sitting.types(b"ask\r", b"abc\r") == "ask\r\nAnswer: abc\r\nask: 3 characters\r\n> "
    assert sitting.types(b"secret\r", b"1234\r") == "secret\r\nAnswer: \r\nsecret: 4 characters\r\n> "
    assert sitting.echo.told == ["line hi", "line ask", "line abc", "line secret", "line 1234"]
    assert not sitting.wire.closed


def test_lines_typed_ahead_are_answered_one_by_one() -> None:
    sitting = Sitting()
    shown = sitting.types(b"ask\rone\rsecret\rtwo\rthree\rfo")
    assert sitting.echo.told == [f"line {each}" for each in ("ask", "one", "secret", "two", "three")]
    assert "two" not in shown
    assert shown.endswith("> fo")


def test_history_has_commands_alone() -> None:
    sitting = Sitting()
    sitting.types(b"V\r", b"ask\r", b"answered\r", b"secret\r", b"1234\r", b"nonsense\r")
    up = b"\x1b[A"
    sitting.types(up + b"\r", b"x\r", up * 2 + b"\r", b"x\r", up * 9 + b"\r")
    assert [each for each in sitting.echo.told[6:] if each != "line x"] == ["line secret", "line ask", "line V"]


def test_nothing_is_said_before_it_is_true_everywhere() -> None:
    sitting = Sitting()
    sitting.waits = True
    assert sitting.types(b"change\r", b"and more\r") == "change\r\n"
    assert sitting.wire.paused
    assert sitting.echo.told == ["line change"]
    sitting.clock.advance(5)
    sitting.pending.pop().callback(None)
    assert sitting.types() == ""
    sitting.clock.advance(0)
    assert sitting.wire.shown.endswith(b"echo change\r\n> and more\r\n")
    assert sitting.echo.told == ["line change", "line and more"]
    sitting.pending.pop().callback(None)
    sitting.clock.advance(0)
    assert sitting.wire.shown.endswith(b"echo and more\r\n> ")
    assert not sitting.wire.paused


def test_what_is_not_kept_is_not_said() -> None:
    sitting = Sitting()
    sitting.waits = True
    sitting.types(b"change\r")
    sitting.waits = False
    sitting.pending.pop().errback(ValueError("canary-in-an-exception"))
    assert b"echo" not in sitting.wire.shown
    assert b"canary" not in sitting.wire.shown
    assert sitting.wire.shown.endswith(b"Internal fault: closed.\r\n")
    assert sitting.wire.closed
    assert sitting.echo.told == ["line change", "hang up fault"]


def test_a_console_that_fails_ends_its_line_without_a_word_of_why() -> None:
    sitting = Sitting()
    shown = sitting.types(b"boom\r")
    assert "canary" not in shown
    assert sitting.wire.closed
    assert sitting.echo.told == ["line boom", "hang up fault"]


@pytest.mark.parametrize(("keys", "seconds"), [(b"", 600), (b"V\r", 600), (b"ask\r", 600), (b"secret\r", 60)])
def test_silence_ends_the_line(keys: bytes, seconds: int) -> None:
    sitting = Sitting()
    sitting.types(keys)
    sitting.clock.advance(seconds - 1)
    sitting.types(b"x")
    sitting.clock.advance(seconds - 1)
    assert not sitting.wire.closed
    sitting.clock.advance(1)
    assert sitting.wire.shown.endswith(f"\r\nNothing typed for {seconds} seconds: closed.\r\n".encode())
    assert sitting.wire.closed
    assert sitting.echo.told[-1] == "hang up idle"
    sitting.terminal.received(b"V\r")
    sitting.terminal.dropped()
    assert sitting.echo.told[-1] == "hang up idle"
    assert not sitting.clock.getDelayedCalls()


def test_it_is_not_idle_while_we_are_slow() -> None:
    sitting = Sitting()
    sitting.waits = True
    sitting.types(b"V\r")
    sitting.clock.advance(601)
    assert not sitting.wire.closed
    sitting.pending.pop().callback(None)
    sitting.clock.advance(599)
    assert not sitting.wire.closed
    sitting.waits = False
    sitting.clock.advance(1)
    assert sitting.wire.closed


def test_a_terminal_that_reads_nothing_is_not_read_and_is_cut_off() -> None:
    sitting = Sitting()
    sitting.terminal.blocked(True)
    sitting.types(b"V\r")
    assert sitting.echo.told == []
    assert sitting.wire.paused
    sitting.clock.advance(29)
    assert not sitting.wire.aborted
    sitting.clock.advance(1)
    assert sitting.wire.aborted
    assert sitting.echo.told == ["hang up idle"]


def test_a_terminal_that_reads_again_goes_on() -> None:
    sitting = Sitting()
    sitting.terminal.blocked(True)
    sitting.types(b"V\r")
    sitting.terminal.blocked(False)
    assert sitting.echo.told == ["line V"]
    sitting.clock.advance(0)
    assert not sitting.wire.paused
    sitting.clock.advance(599)
    assert not sitting.wire.closed


def test_a_close_that_is_not_taken_is_an_end_all_the_same() -> None:
    sitting = Sitting()
    sitting.types(b"exit\r")
    assert sitting.wire.closed
    assert not sitting.wire.aborted
    sitting.clock.advance(30)
    assert sitting.wire.aborted


@pytest.mark.parametrize("keys", [b"exit\r", b"\x04", b"ask\r\x04", b"secret\r\x04"])
def test_leaving(keys: bytes) -> None:
    sitting = Sitting()
    sitting.wire.on_close = sitting.terminal.dropped
    sitting.types(keys)
    assert sitting.wire.closed
    assert [each for each in sitting.echo.told if each.startswith("hang up")] == ["hang up ended"]
    assert not sitting.clock.getDelayedCalls()


def test_the_end_of_what_is_typed_waits_for_the_answers() -> None:
    sitting = Sitting()
    sitting.terminal.received(b"a\rb\rhalf")
    sitting.terminal.ended()
    sitting.types()
    for _ in range(5):
        sitting.clock.advance(0)
    assert sitting.echo.told == ["line a", "line b", "hang up ended"]
    assert sitting.wire.closed


def test_ctrl_c_gives_up_what_is_in_progress() -> None:
    sitting = Sitting()
    assert sitting.types(b"secret\r", b"12\x03") == "secret\r\nAnswer: ^C\r\nGiven up.\r\n> "
    assert sitting.types(b"12\x03V\r").endswith("> V\r\necho V\r\n> ")
    assert sitting.echo.told == ["line secret", "interrupt", "interrupt", "line V"]


def test_the_appliance_stops() -> None:
    sitting = Sitting()
    sitting.types(b"secret\r12")
    sitting.terminal.finish()
    assert sitting.wire.shown.endswith(b"The appliance stops: closed.\r\n")
    assert sitting.echo.told[-1] == "hang up stopped"


def test_a_terminal_that_shows_by_itself_is_told_so() -> None:
    sitting = Sitting()
    sitting.types(b"secret\r")
    before = len(sitting.wire.shown)
    sitting.terminal.cant_hide()
    sitting.terminal.cant_hide()
    assert sitting.wire.shown[before:].decode() == "\r\n" + CANT_HIDE.replace("\n", "\r\n") + "Answer: "
    assert sitting.types(b"1234\r") == "secret: 4 characters\r\n> "
    assert Sitting(plain=True).wire.shown.decode().startswith(CANT_HIDE.replace("\n", "\r\n"))


@given(st.lists(st.binary(max_size=30), max_size=8))
def test_garbage_harms_nobody(pieces: list[bytes]) -> None:
    sitting = Sitting()
    for piece in pieces:
        if not sitting.wire.closed:
            sitting.types(piece.replace(b"boom", b"").replace(b"long", b""))
    sitting.terminal.dropped()
    assert [each for each in sitting.echo.told if each.startswith("hang up")][1:] == []
    assert not sitting.clock.getDelayedCalls()


# --- with the shell -----------------------------------------------------------------------------------------------
table = Commands()
ended: list[str] = []


@table.command("RITE", ceremony=True)
def rite(desk: Desk, words: tuple[str, ...]) -> Dialogue[None]:
    """A ceremony with a secret."""
    try:
        yield Ask("Component: ", secret=True)
        yield Ask("Sure? ")
    finally:
        ended.append(desk.line)


@pytest.fixture
def ceremonies(monkeypatch: pytest.MonkeyPatch) -> Ceremonies:
    monkeypatch.setattr(shell_module, "console", table)
    ended.clear()
    return Ceremonies()


def sitting_at(ceremonies: Ceremonies, line: str) -> Sitting:
    rack = CardRack(MemoryShelf(), bytes(32))
    return Sitting(Shell(Desk(make_speaker().appliance, rack, ceremonies, line)))


@pytest.mark.parametrize("how", ["dropped", "idle", "stopped", "ctrl-c", "ctrl-d"])
@pytest.mark.parametrize("answers", [(), (b"31313131\r",)])
def test_however_a_line_ends_its_ceremony_ends(ceremonies: Ceremonies, how: str, answers: tuple[bytes, ...]) -> None:
    one, other = sitting_at(ceremonies, "ssh alice"), sitting_at(ceremonies, "ssh bob")
    one.types(b"RITE\r", *answers, b"")
    assert "A ceremony is in progress on ssh alice" in other.types(b"RITE\r")
    assert ended == []
    ways: dict[str, Callable[[], object]] = {
        "dropped": one.terminal.dropped,
        "idle": lambda: one.clock.advance(600),
        "stopped": one.terminal.finish,
        "ctrl-c": lambda: one.types(b"\x03"),
        "ctrl-d": lambda: one.types(b"\x04"),
    }
    ways[how]()
    assert ended == ["ssh alice"]
    assert other.types(b"RITE\r").endswith("Component: ")
    assert b"31313131" not in one.wire.shown
    other.terminal.dropped()
    assert ended == ["ssh alice", "ssh bob"]
