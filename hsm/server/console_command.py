"""``hsm console``: an operator's line to a running appliance or, when none runs, to its state directory itself."""

from __future__ import annotations

import os
import select
import signal
import socket
import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

import click

from hsm.audit.record import AuditUnwritable
from hsm.console.line import Console, Screen
from hsm.server.config import ConfigError
from hsm.server.counters import Counters
from hsm.server.lineeditor import Event, Key, LineEditor, Typed
from hsm.server.localsocket import connected_locally
from hsm.server.ports import Household
from hsm.server.serve import Options, configured
from hsm.server.serving import FOUNDING, founding_module, keep_memory_private
from hsm.server.telnet import TelnetClient, escaped
from hsm.server.terminal import TerminalLimits
from hsm.storage.database import StorageError

READ_BYTES_MAX = 4096
ALONE = "No appliance runs here: this is its state directory itself, without host ports.\n"


def _stop(number: int, _: FrameType | None) -> None:
    sys.exit(128 + number)


@contextmanager
def _raw(keyboard: int) -> Iterator[None]:
    """Every key as it is pressed, and none shown, for a while; the terminal is as before afterwards, whatever happens."""
    before = termios.tcgetattr(keyboard)
    # Not SIGKILL, which nobody can follow.
    signals = {each: signal.signal(each, _stop) for each in (signal.SIGTERM, signal.SIGHUP)}
    try:
        tty.setraw(keyboard)
        yield
    finally:
        termios.tcsetattr(keyboard, termios.TCSAFLUSH, before)
        for each, meaning in signals.items():
            signal.signal(each, meaning)


@contextmanager
def _as_it_is() -> Iterator[None]:
    yield


def _write(screen: int, shown: bytes) -> None:
    while shown:
        shown = shown[os.write(screen, shown) :]


def _size(keyboard: int) -> tuple[int, int]:
    try:
        found = os.get_terminal_size(keyboard)
    except OSError:
        return 0, 0
    return found.columns, found.lines


class Relay:
    """Carries bytes between a terminal or a pipe and an appliance's local socket."""

    def __init__(self, opened: socket.socket, keyboard: int, screen: int) -> None:
        self._opened = opened
        self._keyboard = keyboard
        self._screen = screen
        self._is_terminal = os.isatty(keyboard)
        self._telnet = TelnetClient()
        self._unsent = b""

    def run(self) -> None:
        """Until the appliance closes the line."""
        self._opened.setblocking(False)
        self._unsent = TelnetClient.opening(_size(self._keyboard) if self._is_terminal else None)
        if not self._is_terminal:
            self._carry()
            return
        with _raw(self._keyboard):
            before = signal.signal(signal.SIGWINCH, self._resized)
            try:
                self._carry()
            finally:
                signal.signal(signal.SIGWINCH, before)

    def _resized(self, *_: object) -> None:
        self._unsent += TelnetClient.window(_size(self._keyboard))

    def _carry(self) -> None:
        typing = True
        while True:
            # While the appliance takes nothing, nothing is read here, but what it says is still shown.
            reading = [self._opened.fileno(), *([self._keyboard] if typing and not self._unsent else [])]
            writing = [self._opened.fileno()] if self._unsent else []
            readable, writable, _ = select.select(reading, writing, [])
            with suppress(BlockingIOError):
                if self._opened.fileno() in readable and not self._hear():
                    return
                if writable:
                    self._unsent = self._unsent[self._opened.send(self._unsent) :]
            if self._keyboard in readable:
                typed = os.read(self._keyboard, READ_BYTES_MAX)
                self._unsent += escaped(typed)
                if not typed:
                    typing = False
                    self._opened.shutdown(socket.SHUT_WR)

    def _hear(self) -> bool:
        try:
            arrived = self._opened.recv(READ_BYTES_MAX)
        except ConnectionResetError:
            return False
        shown = self._telnet.received(arrived)
        _write(self._screen, shown if self._is_terminal else shown.replace(b"\r\n", b"\n"))
        return bool(arrived)


class Alone:
    """A console in this process, on *keyboard* and *screen*."""

    def __init__(
        self, console: Console, household: Household, limits: TerminalLimits, keyboard: int, screen: int
    ) -> None:
        self._console = console
        self._household = household
        self._keyboard = keyboard
        self._screen = screen
        self._limits = limits
        self._is_terminal = os.isatty(keyboard)
        self._editor = LineEditor(echoes=self._is_terminal, newline=b"\r\n" if self._is_terminal else b"\n")
        self._asked = Screen("")

    def run(self) -> None:
        """Until the operator leaves.  Raises AuditUnwritable."""
        why = "dropped"
        with _raw(self._keyboard) if self._is_terminal else _as_it_is():
            try:
                self._editor.show(ALONE)
                self._answer(self._console.begin())
                while (event := self._next()) is not Key.END:
                    screen = self._console.line(event.text) if isinstance(event, Typed) else self._console.interrupt()
                    if screen.recall and isinstance(event, Typed):
                        self._editor.remember(event.text)
                    self._household.flush()
                    self._answer(screen)
                    if screen.over:
                        break
                why = "ended"
            finally:
                self._editor.forget()
                self._console.hang_up(why)
                self._household.flush()

    def _answer(self, screen: Screen) -> None:
        self._editor.show(screen.text)
        self._asked = screen
        if not screen.over:
            self._editor.resize(_size(self._keyboard)[0])
            self._editor.ask(screen)
        _write(self._screen, self._editor.shown())

    def _next(self) -> Event:
        while True:
            event = self._editor.step()
            _write(self._screen, self._editor.shown())
            if event is not None:
                return event
            seconds = self._limits.secret_seconds if self._asked.secret else self._limits.idle_seconds
            if not select.select([self._keyboard], [], [], seconds)[0]:
                self._editor.show(f"\nNothing typed for {seconds:.0f} seconds: closed.\n")
                _write(self._screen, self._editor.shown())
                return Key.END
            typed = os.read(self._keyboard, READ_BYTES_MAX)
            if not typed:
                return Key.END
            self._editor.feed(typed)


def alone(options: Options) -> None:
    """A console on the state directory that *options* name.  Raises ConfigError, AuditUnwritable."""
    keep_memory_private()
    founding = founding_module(FOUNDING)
    config = configured(options)
    household = founding.found(config, Counters(1, founding.names_counted(config.dialects)))
    limits = TerminalLimits(idle_seconds=config.console.idle_seconds)
    try:
        Alone(household.console("local"), household, limits, sys.stdin.fileno(), sys.stdout.fileno()).run()
    finally:
        household.close()


@click.command("console")
@click.option("--state-dir", metavar="DIR", help="State directory of the appliance.")
@click.option("--socket", "path", metavar="PATH", help="The socket of one that has none (--console-socket).")
@click.option("--config", metavar="FILE", help="What `hsm serve` is given, for when none runs.")
@click.option("--passphrase-file", metavar="FILE", help="As for `hsm serve`, for when none runs.")
@click.option("--key-file", metavar="FILE", help="As for `hsm serve`, for when none runs.")
def command(
    state_dir: str | None, path: str | None, config: str | None, passphrase_file: str | None, key_file: str | None
) -> None:
    """Speak to the console of a running appliance; when none runs on the state directory, open that itself.

    Standard input may be a pipe: then nothing is echoed, and each line is taken as it is.
    """
    options = Options(config=config, state_dir=state_dir, passphrase_file=passphrase_file, key_file=key_file)
    try:
        configuration = configured(options)
        path = path or configuration.console.socket_path(configuration.state_dir)
        if path is None:
            raise click.UsageError("say which appliance: --state-dir, --socket or --config")
        opened = connected_locally(path)
        if opened is not None:
            with opened:
                Relay(opened, sys.stdin.fileno(), sys.stdout.fileno()).run()
        elif configuration.state_dir is None:
            raise click.ClickException(f"{path}: no appliance listens there")
        else:
            alone(options)
    except (AuditUnwritable, ConfigError, StorageError) as fault:
        raise click.ClickException(str(fault)) from None
    except BrokenPipeError:
        sys.exit(1)  # nobody reads what is said any more
    except OSError as fault:
        raise click.ClickException(f"{fault.filename or path}: {fault.strerror}") from None
