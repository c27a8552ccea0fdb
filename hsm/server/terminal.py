"""One operator's terminal: keystrokes to a console, and what the console says back, once it is true everywhere.

What a command says is written when its audit entry is kept and every process has its change.  Until then, and while a
terminal does not take what was written, nothing more is read from it; so what it can make us keep is one read and the
text of one command.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from hsm.audit.place import place_of
from hsm.console.line import Console, Screen
from hsm.server.lineeditor import Event, Key, LineEditor, Typed

CANT_HIDE = "This line can't hide what is typed on it.\n"
FAULT = "\nInternal fault: closed.\n"
STOPPING = "\nThe appliance stops: closed.\n"

_log = Logger()

Committed = Callable[[], "Deferred[None]"]
"""Gives what fires when the audit log has all that was done and every process all that was changed."""


@dataclass(frozen=True)
class TerminalLimits:
    """How long a terminal may be silent, silent at a question for a secret, and leave unread what it is shown."""

    idle_seconds: float = 600.0
    secret_seconds: float = 60.0
    unread_seconds: float = 60.0


class Carrier(Protocol):
    """What carries a terminal's bytes."""

    def write(self, shown: bytes, /) -> None:
        """Send *shown* to the terminal."""

    def pause(self) -> None:
        """Bring nothing that is typed until ``resume``."""

    def resume(self) -> None:
        """Bring what is typed again."""

    def close(self) -> None:
        """Close once everything is written."""

    def abort(self) -> None:
        """Close at once."""


class Terminal:
    """Drives one console.  Whoever carries it calls ``dropped`` in the end, whichever side closed."""

    def __init__(
        self,
        console: Console,
        carrier: Carrier,
        clock: IReactorTime,
        committed: Committed,
        limits: TerminalLimits,
        editor: LineEditor,
    ) -> None:
        self._console = console
        self._carrier = carrier
        self._clock = clock
        self._committed = committed
        self._limits = limits
        self._editor = editor
        self._screen = Screen("")
        self._deadline: IDelayedCall | None = None
        self._turn: IDelayedCall | None = None
        self._busy = False
        self._blocked = False
        self._paused = False
        self._ending = False
        self._over = False

    def begin(self) -> None:
        """Greet."""
        if not self._editor.echoes:
            self._editor.show(CANT_HIDE)
        self._answer(self._console.begin())

    # --- what the carrier tells ----------------------------------------------------------------------------------
    def received(self, typed: bytes) -> None:
        """Take what was *typed*."""
        if self._over:
            return
        self._rewind()
        self._editor.feed(typed)
        self._go_on()

    def ended(self) -> None:
        """Nothing more will be typed; what was is still answered."""
        self._ending = True
        self._go_on()

    def blocked(self, blocked: bool) -> None:
        """The terminal does not take what is written, or does again."""
        self._blocked = blocked
        if not self._over:
            self._rewind()
            self._go_on()

    def resized(self, columns: int) -> None:
        """The terminal is *columns* wide."""
        self._editor.resize(columns)

    def cant_hide(self) -> None:
        """The terminal shows by itself what is typed."""
        if self._editor.echoes and not self._over:
            self._editor.echoes = False
            self._editor.show("\n" + CANT_HIDE)
            self._editor.ask(self._screen)
            self._write()

    def dropped(self) -> None:
        """The line is gone."""
        self._stop_clocks()
        if not self._over:
            self._hang_up("dropped")

    def finish(self) -> None:
        """The appliance stops."""
        if not self._over:
            self._close("stopped", STOPPING)

    # --- one event a turn ----------------------------------------------------------------------------------------
    def _go_on(self) -> None:
        if self._over:
            return
        if self._busy or self._blocked or self._turn is not None:
            self._pace(True)
            return
        event = self._editor.step()
        self._write()
        if event is not None:
            self._act(event)
        elif self._ending:
            self._close("ended", "")
        else:
            self._pace(False)

    def _act(self, event: Event) -> None:
        if event is Key.END:
            self._close("ended", "\n")
            return
        self._busy = True
        try:
            screen = self._console.line(event.text) if isinstance(event, Typed) else self._console.interrupt()
            committed = self._committed()
        except Exception as fault:
            _log.critical("a console failed: {where}", where=place_of(fault))
            self._close("fault", FAULT)
            return
        if screen.recall and isinstance(event, Typed):
            self._editor.remember(event.text)
        committed.addCallback(lambda _: self._answer(screen)).addErrback(self._not_committed)
        if self._busy:
            self._pace(True)

    def _answer(self, screen: Screen) -> None:
        """What was done is true everywhere: say so, and ask for the next line."""
        self._busy = False
        if self._over:
            return
        self._editor.show(screen.text)
        if screen.over:
            self._close("ended", "")
            return
        self._screen = screen
        self._editor.ask(screen)
        self._write()
        self._rewind()
        # What is typed ahead waits for the reactor's next round, so that no terminal holds up the others.
        self._turn = self._clock.callLater(0, self._next)

    def _next(self) -> None:
        self._turn = None
        self._go_on()

    def _not_committed(self, failure: Failure) -> None:
        _log.critical("a console's command can't be answered: {where}", where=place_of(failure.value or Exception()))
        if not self._over:
            self._close("fault", FAULT)

    # --- the end -------------------------------------------------------------------------------------------------
    def _close(self, why: str, text: str) -> None:
        self._editor.show(text)
        self._write()
        self._hang_up(why)
        self._stop_clocks()
        # A terminal that does not take the rest is not waited for.
        self._deadline = self._clock.callLater(self._limits.unread_seconds, self._abort)
        self._pace(False)  # a paused line would not hear the other side close
        self._carrier.close()

    def _hang_up(self, why: str) -> None:
        self._over = True
        self._editor.forget()
        try:
            self._console.hang_up(why)
            self._committed().addErrback(self._not_committed)
        except Exception as fault:
            _log.critical("a console's end is not kept: {where}", where=place_of(fault))

    def _abort(self) -> None:
        self._deadline = None
        self._carrier.abort()

    # --- clocks and flow -----------------------------------------------------------------------------------------
    def _rewind(self) -> None:
        """The time allowed begins anew."""
        seconds = self._limits.secret_seconds if self._screen.secret else self._limits.idle_seconds
        if self._blocked:
            seconds = self._limits.unread_seconds
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = self._clock.callLater(seconds, self._overdue, seconds)

    def _overdue(self, seconds: float) -> None:
        self._deadline = None
        if self._busy:
            self._rewind()  # it is us who are slow
            return
        self._close("idle", f"\nNothing typed for {seconds:.0f} seconds: closed.\n")
        if self._blocked:
            self._stop_clocks()
            self._carrier.abort()

    def _stop_clocks(self) -> None:
        for call in (self._deadline, self._turn):
            if call is not None and call.active():
                call.cancel()
        self._deadline = self._turn = None

    def _pace(self, paused: bool) -> None:
        if paused is not self._paused:
            self._paused = paused
            if paused:
                self._carrier.pause()
            else:
                self._carrier.resume()

    def _write(self) -> None:
        if shown := self._editor.shown():
            self._carrier.write(shown)
