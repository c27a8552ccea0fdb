"""The PIN keys of terminals at work: an ATM is given its key every day, a POS terminal takes one with its sign-on.

A terminal's request for a key (an 0800 with that code and DE 41) is its sign-on.  A POS terminal's is answered with the
key; an ATM's is approved, and the key, a new one if none is under way, is given in a message of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import partial

from switch import asking as q
from switch.codec.message import Message, Value
from switch.flow.ports import Use, WorkingKey
from switch.flow.request import TERMINAL
from switch.keys.config import TerminalConfig
from switch.keys.effects import AskHsm, Effect, Note, Save, SendTerminalKey
from switch.keys.events import HsmRefused, Imported, Made
from switch.keys.forms import APPROVED, PUSH, REFUSALS, FormError
from switch.keys.kept import restored_terminal, terminal_rows
from switch.keys.line import Rules
from switch.keys.network import CODE, MALFUNCTION, answer, approved, request
from switch.keys.slots import ZoneKey
from switch.keys.status import TerminalStatus
from switch.keys.terminal import Clock, Confirmed, Renewal, SignedOn, TerminalEvent, TerminalKeys, step
from switch.keys.terminalforms import Given, form_of
from switch.keys.words import Why
from switch.link.answers import RESPONSE
from switch.server.drive import DrivenLink
from switch.server.keysaving import Saving
from switch.server.keyworld import AboutKeys, World
from switch.store.rows import Row


@dataclass(frozen=True)
class TerminalKeyAsked(AboutKeys):
    """A *terminal* was given the key of *version*."""

    terminal: str
    version: int


def named(message: Message) -> str:
    """DE 41 without blanks at its end; empty when it isn't there."""
    value = message.fields.get(TERMINAL, "")
    return value.rstrip() if isinstance(value, str) else ""


class TerminalDesk:
    """The keys of one terminal."""

    def __init__(self, config: TerminalConfig, rules: Rules, world: World, rows: Mapping[str, Row]) -> None:
        """*rows*, by id, are what the store has of terminals."""
        self.config, self._rules, self._world = config, rules, world
        self.keys = self.kept = restored_terminal(TerminalKeys(config.id, config.renewal, config.tmk), rows)
        self._saving = Saving(world.writer, terminal_rows, self._is_kept, self._not_saved)
        self._link: DrivenLink | None = None
        self._waiting: tuple[DrivenLink, Message] | None = None
        """The sign-on that is answered with the next key."""
        self._errors: tuple[float, ...] = ()

    def _is_kept(self, keys: TerminalKeys) -> None:
        self.kept = keys

    def _not_saved(self, error: Exception) -> None:
        self._world.tell(Note(f"{self.config.id}: not kept in the store: {type(error).__name__}", alarm=True))

    def incoming(self) -> tuple[WorkingKey, ...]:
        """The keys to try: of those committed the ones that no sign-on has done away with since."""
        now = self._world.now()
        good = self.keys.for_decryption(now)
        return tuple(self._working(key) for key in self.kept.for_decryption(now) if key in good)

    def _working(self, key: ZoneKey) -> WorkingKey:
        return WorkingKey(
            self.config.link, Use.PIN, q.Holder.TERMINAL, key.version, key.under_lmk, self.config.id,
            self.config.pin_format,
        )  # fmt: skip

    def proved(self, version: int) -> None:
        """The terminal has used *version*; who uses a key that was given has it."""
        given = self.keys.given
        if given is not None and given.version == version:
            self._happen(Confirmed(version, given.kcv))

    def failed(self) -> None:
        """A PIN lay under no key that is here; too many of them, and an ATM gets another one."""
        errors_max, now = self._rules.sync_errors_max, self._world.now()
        recent = (*(at for at in self._errors if now - at < self._rules.sync_window_s), now)
        self._errors = recent[-(errors_max or 1) :]
        if errors_max is not None and len(self._errors) >= errors_max:
            self._errors = ()
            self._world.tell(Note(f"{self.config.id}: too many PINs under other keys", alarm=True))
            self.renew()

    def renew(self) -> None:
        """A DAILY terminal is to have another key, as soon as the clock tells; one under way is given again."""
        if self.config.renewal is Renewal.DAILY and self.keys.given is None:
            self.keys = replace(self.keys, day=date.min)

    # -- what happens

    def changed(self, link: DrivenLink, up: bool) -> None:
        """The terminal's own link can carry messages about keys, or can't any more."""
        before, self._link = self._link, link if up else None
        if up and before is None and self.config.renewal is Renewal.DAILY:
            self._happen(SignedOn())

    def tick(self) -> None:
        """Time has passed.  Who can't be reached is not given a key in vain."""
        if self._link is not None:
            self._happen(Clock(datetime.fromtimestamp(self._world.now(), UTC).date()))
        self._saving.retry()

    def signed_on(self, link: DrivenLink, message: Message) -> None:
        """The terminal asks for a key."""
        if self.config.renewal is Renewal.SIGN_ON:
            self._waiting = link, message
        else:
            self._say(link, message, {RESPONSE: APPROVED})
            self.renew()
        self._happen(SignedOn())

    def replied(self, link: DrivenLink, message: Message, about: TerminalKeyAsked) -> None:
        """The terminal's answer to a key that it was given."""
        response = approved(message, link.config.profile).fields.get(RESPONSE)
        try:
            kcv = form_of(link.codec).confirmed(message) if response == APPROVED else None
        except FormError as fault:
            kcv = None
            self._world.tell(Note(f"{self.config.id}: a confirmation: {fault}", alarm=True))
        if response == REFUSALS[Why.CHECK_VALUE]:
            kcv = ""
        if kcv is not None:
            self._happen(Confirmed(about.version, kcv))

    def _happen(self, event: TerminalEvent) -> None:
        self.keys, effects = step(self.keys, event, self._world.now(), self._rules)
        for effect in effects:
            self._perform(effect)

    def _perform(self, effect: Effect) -> None:
        match effect:
            case Save():
                self._saving.save(self.keys)
            case SendTerminalKey():
                self._saving.say(partial(self._give, effect))
            case AskHsm(job):
                question = q.NewTerminalKey(self.config.tmk, self.config.export)
                self._world.ask_hsm(question, job, self._hsm_answered)
            case Note():
                self._world.tell(effect)

    def _hsm_answered(self, event: Made | Imported | HsmRefused) -> None:
        if isinstance(event, Imported):
            return
        if isinstance(event, HsmRefused) and self._waiting is not None:
            waiting, self._waiting = self._waiting, None
            self._say(*waiting, {RESPONSE: MALFUNCTION})
        self._happen(event)

    # -- what is said to the terminal

    def _say(self, link: DrivenLink, asked: Message, fields: Mapping[int, Value]) -> None:
        link.answer(answer(asked, fields, link.config.profile))

    def _give(self, sent: SendTerminalKey) -> None:
        waiting, self._waiting = self._waiting, None
        link = waiting[0] if waiting else self._link
        if link is None:
            return
        try:
            fields = dict(form_of(link.codec).give(Given(sent.version, sent.kcv, sent.under_tmk)))
        except (ValueError, FormError) as fault:
            self._world.tell(Note(f"{self.config.id}: its dialect can't carry the key: {fault}", alarm=True))
            if waiting:
                self._say(*waiting, {RESPONSE: MALFUNCTION})
            return
        if waiting:
            self._say(*waiting, {RESPONSE: APPROVED, **fields})
            return
        pushed = Message("0800", {**fields, TERMINAL: self.config.id, CODE: PUSH})
        message = request(pushed, link.config.profile, link.next_stan(), link.transmitted())
        self._world.ask(link, message, TerminalKeyAsked(self.config.id, sent.version), "a terminal's key")

    # -- for operators

    def status(self) -> TerminalStatus:
        """Where the terminal stands."""
        key, given = self.keys.current, self.keys.given
        state = "given" if given else "in force" if key else "none"
        return TerminalStatus(
            self.config.id, self.config.link, self.config.renewal.value, key.version if key else 0,
            key.kcv if key else "", state,
        )  # fmt: skip
