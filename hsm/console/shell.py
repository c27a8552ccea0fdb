"""One operator's line: prompt, commands, refusals in words, and an audit entry for each command."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from time import perf_counter

from hsm.audit.place import place_of
from hsm.audit.record import HOLDERS_MAX, Category
from hsm.console.declaration import ConsoleCommand, console
from hsm.console.desk import CeremonyElsewhere, Desk
from hsm.console.dialogue import Abandoned, Ask, Dialogue, Say
from hsm.console.line import Screen
from hsm.policy.authority import Interface
from hsm.refusal import Refusal
from hsm.storage.cards import CardError
from hsm.storage.database import StorageError

GREETING = "Zonekey console. This is an emulator: test keys only. HELP lists the commands.\n"
DONE, REFUSED, GIVEN_UP, FAULT = "00", "NO", "GU", "41"
UNKNOWN = "$$"


def reason(refusal: Refusal) -> str:
    """*refusal* in words: the first line that documents it."""
    return (type(refusal).__doc__ or type(refusal).__name__).partition("\n")[0]


class Shell:
    """See ``hsm.console.line.Console``; *peer* is what the audit log calls the line."""

    def __init__(self, desk: Desk, peer: str = "local") -> None:
        self._desk = desk
        self._peer = peer
        self._command: ConsoleCommand | None = None
        self._dialogue: Dialogue[None] | None = None
        self._asking: Ask | None = None
        self._held = ExitStack()
        self._began = 0.0

    def begin(self) -> Screen:
        return self._prompted(GREETING)

    def line(self, text: str) -> Screen:
        if not text.isprintable():
            return self._again("Only printable characters, please.\n")
        if self._dialogue is not None:
            return self._go_on(text)
        words = text.split()
        if not words:
            return self._prompted("")
        name = words[0].upper()
        # What is no command may be a component, typed a moment too late.
        return replace(self._run(name, tuple(words[1:])), recall=name in console.by_name)

    def interrupt(self) -> Screen:
        if self._dialogue is None:
            return self._prompted("\n")
        self._end(GIVEN_UP)
        return self._prompted("\nGiven up.\n")

    def hang_up(self, why: str) -> None:
        if self._dialogue is not None:
            self._end(GIVEN_UP)

    # --- within a command ----------------------------------------------------------------------------------------
    def _run(self, name: str, words: tuple[str, ...]) -> Screen:
        appliance = self._desk.appliance
        command = console.by_name.get(name)
        self._began = perf_counter()
        if name in ("EXIT", "QUIT", "LOGOUT"):
            return Screen("", over=True)
        if command is None:
            self._audited(UNKNOWN, REFUSED)
            return self._prompted("There is no such command; HELP lists them.\n")
        self._command = command
        try:
            if words and not command.words:
                raise Abandoned(f"{name} takes nothing behind its name.")
            if appliance.state.position not in command.positions:
                where = " or ".join(sorted(each.value for each in command.positions))
                raise Abandoned(f"{name} needs the {where} state.")
            if not appliance.audit.admits(Category.CONSOLE):
                raise Abandoned("The audit log can't be written; nothing is done that it could not tell of.")
            if command.needs is not None:
                appliance.gate.authorise(command.needs, "00", Interface.CONSOLE)
            if command.ceremony:
                self._held.enter_context(self._desk.ceremonies.held(self._desk.line))
            self._dialogue = command.does(self._desk, words)
        except (Abandoned, CeremonyElsewhere) as why:
            return self._ended(REFUSED, f"{why}\n")
        except Refusal as refusal:
            return self._ended(REFUSED, f"{reason(refusal)}\n")
        return self._go_on(None)

    def _go_on(self, answer: str | None) -> Screen:
        assert self._dialogue is not None
        said: list[str] = []
        try:
            step = next(self._dialogue) if answer is None else self._dialogue.send(answer)
            while isinstance(step, Say):
                said.append(step.text + "\n")
                step = next(self._dialogue)
        except StopIteration:
            return self._ended(DONE, "".join(said))
        except Refusal as refusal:
            return self._ended(REFUSED, "".join(said) + reason(refusal) + "\n")
        except (Abandoned, CardError, StorageError) as why:
            return self._ended(REFUSED, "".join(said) + f"{why}\n")
        except Exception as fault:  # whatever is broken in us, the operator keeps the line
            text = "Internal fault; the audit log has the place.\n"
            return self._ended(FAULT, "".join(said) + text, place_of(fault))
        self._asking = step
        return Screen("".join(said), step.prompt, step.secret, step.chars_max)

    def _again(self, text: str) -> Screen:
        if self._asking is None:
            return self._prompted(text)
        return Screen(text, self._asking.prompt, self._asking.secret, self._asking.chars_max)

    def _ended(self, outcome: str, text: str, place: str = "") -> Screen:
        self._end(outcome, place)
        return self._prompted(text)

    def _end(self, outcome: str, place: str = "") -> None:
        if self._dialogue is not None:
            self._dialogue.close()
        name = self._command.name if self._command is not None else UNKNOWN
        self._dialogue = self._asking = self._command = None
        self._held.close()
        self._audited(name, outcome, place)
        self._desk.present.clear()

    def _audited(self, name: str, outcome: str, place: str = "") -> None:
        self._desk.appliance.audit.done(
            name,
            outcome,
            Category.CONSOLE,
            self._peer,
            interface=Interface.CONSOLE,
            began=self._began,
            place=place,
            who=tuple(dict.fromkeys(self._desk.present))[:HOLDERS_MAX],
            lasting=True,
        )

    def _prompted(self, text: str) -> Screen:
        appliance = self._desk.appliance
        position = appliance.state.position.value.capitalize()
        authorised = "-AUTH" if appliance.authority.active(appliance.clock.monotonic()) else ""
        return Screen(text, f"{position}{authorised}> ")
