"""One simulated terminal at work: performs what its machine wants done, over its link and with its keypad."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Generic, TypeVar

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from switch.codec.message import Message
from switch.keys.terminalforms import form_of
from switch.link.answers import reply
from switch.link.events import Order
from switch.link.profile import Because
from switch.link.terms import Line, Purpose
from switch.server.chipreader import ChipReader
from switch.server.drive import DrivenLink
from switch.simulators import commands as said
from switch.simulators import keying, trace
from switch.simulators.atm import Atm
from switch.simulators.card import Card
from switch.simulators.commands import Command, CommandRefused, Told
from switch.simulators.config import Placed
from switch.simulators.epp import KeyRefused
from switch.simulators.pos import Pos
from switch.simulators.talk import (
    APPROVED,
    Answered,
    Dispense,
    Effect,
    Finished,
    Outcome,
    Retry,
    RetryLater,
    Return,
    ReversalAnswered,
    ReversalUnanswered,
    Reversed,
    Send,
    Unanswered,
    text_of,
)
from switch.simulators.terminal import Offer
from switch.simulators.wallet import Wallet
from switch.simulators.wording import RESPONSE, Moment

S = TypeVar("S", Atm, Pos)
Reply = Callable[[Told], None]
STANS_PER_SECOND = 10
"""A terminal that starts again takes its trace numbers from the time of day, so that none comes twice in one hour."""


class Kind(Enum):
    """What a message of a terminal is about."""

    REQUEST = "request"
    REVERSAL = "reversal"
    KEY = "key request"


@dataclass(frozen=True)
class About:
    """Whose message it is, and what it is about."""

    terminal: DrivenTerminal[Atm] | DrivenTerminal[Pos]
    kind: Kind


@dataclass(frozen=True)
class Surroundings:
    """What terminals share: *meanings* of DE 39, *tell* for events, *trace* for lines, and times in seconds."""

    clock: IReactorTime
    cards: Mapping[str, Card]
    wallet: Wallet | None
    meanings: Mapping[str, str]
    tell: Callable[[Told], None]
    trace: Callable[[str], None] | None
    reversal_seconds: float
    call_seconds: float
    now: Callable[[], time.struct_time]
    """The terminals' own time."""


@dataclass
class _Under:
    """The command under way; *begun* once the machine has it."""

    command: Command
    offer: Offer | None
    reply: Reply
    begun: bool = False
    kept_card: bool = False


class DrivenTerminal(Generic[S]):
    """A terminal's state, and the command under way; used on the reactor's thread only."""

    def __init__(self, placed: Placed, link: DrivenLink, dial_up: bool, around: Surroundings, state: S) -> None:
        self.terminal, self.epp, self.link = placed.terminal, placed.epp, link
        self.around, self._dial_up = around, dial_up
        self.reader = ChipReader(placed.terminal, around.wallet, around.now)
        self._key_form = form_of(link.codec)
        self.state: S = state
        self.switched_on()
        self._under: _Under | None = None
        self._asking_key = False
        self._pending: deque[tuple[Message, Kind]] = deque()
        self._effects: deque[Effect] = deque()
        self._performing = False
        self._retry: IDelayedCall | None = None
        self._giving_up: IDelayedCall | None = None

    def switched_on(self) -> None:
        """Take trace numbers from the time of day on."""
        now = self.around.now()
        stan = (now.tm_hour * 3600 + now.tm_min * 60 + now.tm_sec) * STANS_PER_SECOND
        self.state = replace(self.state, talk=replace(self.state.talk, stan=stan))

    # -- what the machine of a kind of terminal does

    def begin(self, command: Command, offer: Offer | None) -> None:
        """Give the machine what *command* wants.  Raises CommandRefused."""
        raise NotImplementedError

    def take(self, event: object) -> tuple[S, tuple[Effect, ...]]:
        """One step of the machine."""
        raise NotImplementedError

    def dispense(self, effect: Dispense) -> None:
        """Count notes out."""
        raise NotImplementedError

    def status(self) -> Told:
        """What an operator may see of the state."""
        raise NotImplementedError

    # -- commands

    @property
    def busy(self) -> bool:
        """Is a command under way?"""
        return self._under is not None

    @property
    def resting(self) -> bool:
        """Is nothing under way, and nothing owed?"""
        return not self.busy and self.state.talk.owed is None

    def order(self, command: Command, reply: Reply) -> None:
        """Carry *command* out; *reply* is told once what came of it.  Raises CommandRefused."""
        offer = said.offer_of(command, self.terminal.channel)
        if command.do == said.STATUS:
            owed = self.state.talk.owed is not None
            reply({"terminal": self.terminal.id, "do": command.do, "reversal owed": owed, **self.status()})
            return
        if self._under is not None:
            raise CommandRefused("the terminal is busy")
        self._under = _Under(command, offer, reply)
        if self.state.talk.owed is not None:
            self.step(Retry())
        self._settle()

    def _settle(self) -> None:
        """Begin what waits for a reversal, end it if that is not to be had, and hang up when nothing is left to say."""
        under, owed = self._under, self.state.talk.owed
        if under is not None and not under.begun and (owed is None or not owed.under_way):
            under.begun = True
            try:
                if owed is not None and under.command.do not in (said.FAULT, said.SERVICE):
                    raise CommandRefused("a reversal is not settled yet")
                self._begin(under)
            except CommandRefused as refused:
                self._refuse(under, str(refused))
        if self._dial_up and self._under is None and not self._talking:
            self._stop_giving_up()
            if self.link.state.line not in (Line.CLOSED, Line.CLOSING, Line.LEAVING):
                self.link.order(Order.CLOSE)

    def _begin(self, under: _Under) -> None:
        if under.command.do == said.SIGN_ON:
            self._ask_key()
        else:
            self.begin(under.command, under.offer)

    def _refuse(self, under: _Under, text: str) -> None:
        told: Told = {
            "terminal": self.terminal.id,
            "do": under.command.do,
            "outcome": Outcome.REFUSED.value,
            "text": text,
        }
        self.done(told)

    def done(self, told: Told) -> None:
        """The command has ended."""
        under, self._under = self._under, None
        if under is None:
            return
        if under.command.id is not None:
            told = {"id": under.command.id, **told}
        if under.kept_card:
            told["card"] = "kept"
        if self.reader.told:
            told, self.reader.told = {**told, "chip": self.reader.told}, ""
        under.reply(told)
        self._settle()

    @property
    def moment(self) -> Moment:
        """Now, without a STAN."""
        now = self.around.now()
        return Moment("", time.strftime("%H%M%S", now), time.strftime("%m%d", now))

    # -- the machine

    def step(self, event: object) -> None:
        """Take *event*, and do what follows from it in order."""
        self.state, effects = self.take(event)
        self._effects.extend(effects)
        if self._performing:
            return
        self._performing = True
        try:
            while self._effects:
                self._perform(self._effects.popleft())
        finally:
            self._performing = False
        self._settle()

    def _perform(self, effect: Effect) -> None:
        match effect:
            case Send(message, reversing):
                self._send(message, Kind.REVERSAL if reversing else Kind.REQUEST)
            case RetryLater():
                self._retry_after(self.around.reversal_seconds)
            case Reversed(stan, response, irregular):
                self.around.tell(
                    {
                        "event": "reversal", "terminal": self.terminal.id, "stan": stan, "response": response,
                        "meaning": self.around.meanings.get(response, ""), "irregular": irregular,
                    }
                )  # fmt: skip
            case Dispense():
                self.dispense(effect)
            case Return(keep):
                if self._under is not None:
                    self._under.kept_card = keep
            case Finished():
                self.done(said.told_of(self.terminal, effect, self.around.meanings))

    def _retry_after(self, seconds: float) -> None:
        if self._retry is not None and self._retry.active():
            self._retry.cancel()
        self._retry = self.around.clock.callLater(seconds, self.step, Retry())

    def stop(self) -> None:
        """No timer runs any more."""
        for timer in (self._retry, self._giving_up):
            if timer is not None and timer.active():
                timer.cancel()

    # -- the line

    @property
    def _talking(self) -> bool:
        owed = self.state.talk.owed
        under_way = owed is not None and owed.under_way
        return bool(self._pending or self._asking_key or self.state.talk.asked is not None or under_way)

    def _send(self, message: Message, kind: Kind) -> None:
        if self._dial_up and not self.link.state.may_send(self.link.config.profile):
            self._pending.append((message, kind))
            self._call()
            return
        sending = self.link.ask(message, About(self, kind))
        if sending.accepted:
            self._trace(True, message)
        else:
            self.unanswered(kind, False)

    def _call(self) -> None:
        if self._giving_up is None or not self._giving_up.active():
            self._giving_up = self.around.clock.callLater(self.around.call_seconds, self._not_reached)
        self._dial()

    def _dial(self) -> None:
        # On its way already, or still signing off: then it is dialled when that has ended.
        if self.link.state.line in (Line.CLOSED, Line.CLOSING, Line.PAUSED):
            self.link.order(Order.OPEN)

    def hung_up(self) -> None:
        """The dialled connection has ended; what waits needs another."""
        if self._pending:
            self._dial()

    def _not_reached(self) -> None:
        pending, self._pending = list(self._pending), deque()
        for _, kind in pending:
            self.unanswered(kind, False)
        self._settle()

    def _stop_giving_up(self) -> None:
        if self._giving_up is not None and self._giving_up.active():
            self._giving_up.cancel()

    def reachable(self) -> None:
        """The link may be used (again)."""
        self._stop_giving_up()
        pending, self._pending = list(self._pending), deque()
        for message, kind in pending:
            self._send(message, kind)
        owed = self.state.talk.owed
        if owed is not None and not owed.under_way:
            self.step(Retry())

    def replied(self, kind: Kind, message: Message, late: bool) -> None:
        """*message* answers what this terminal asked; a *late* answer is to what was given up, and counts no more."""
        self._trace(False, message)
        if kind is Kind.REVERSAL:
            # The reversal is owed until it is settled, so an answer to any of its repeats is welcome.
            self.step(ReversalAnswered(message))
        elif late:
            told: Told = {"event": "late answer", "terminal": self.terminal.id, "response": text_of(message, RESPONSE)}
            self.around.tell(told)
        elif kind is Kind.REQUEST:
            self.step(Answered(message, self.reader.accepts(message)))
        else:
            self._key_came(message)

    def unanswered(self, kind: Kind, sent: bool) -> None:
        """What this terminal asked has no answer; not *sent*: the host has certainly not seen it."""
        if kind is Kind.KEY:
            self._asking_key = False
            if self._under is not None:
                self._refuse(self._under, "no answer from the host" if sent else "the host can't be reached")
        else:
            self.step(ReversalUnanswered(sent) if kind is Kind.REVERSAL else Unanswered(sent))

    def asked(self, message: Message, purpose: Purpose | None) -> None:
        """The host asks: it brings a key, or something that a terminal has no answer to."""
        self._trace(False, message)
        profile = self.link.config.profile
        if purpose is Purpose.KEY_CHANGE:
            answer = keying.answered(self.epp, message, profile, self._key_form)
        else:
            answer = reply(message, Because.UNKNOWN_CODE, profile)
        if self.link.answer(answer).accepted:
            self._trace(True, answer)

    # -- the key

    def _ask_key(self) -> None:
        talk = self.state.talk.next_stan()
        self.state = replace(self.state, talk=talk)
        message = keying.key_request(
            self.terminal, self.link.config.profile, replace(self.moment, stan=talk.stan_digits)
        )
        if message is None:
            raise CommandRefused("this link has no code that asks for a key")
        self._asking_key = True
        self._send(message, Kind.KEY)

    def _key_came(self, message: Message) -> None:
        self._asking_key = False
        response, outcome, text = text_of(message, RESPONSE), Outcome.DECLINED, "declined"
        if response == APPROVED:
            try:
                keying.taken(self.epp, message, self._key_form)
                outcome, text = Outcome.APPROVED, "a new PIN key is in force"
            except KeyRefused as refused:
                outcome, text = Outcome.UNABLE, str(refused)
        self.done(
            {
                "terminal": self.terminal.id, "do": said.SIGN_ON, "outcome": outcome.value, "text": text,
                "response": response, "meaning": self.around.meanings.get(response, ""),
            }
        )  # fmt: skip

    def _trace(self, sent: bool, message: Message) -> None:
        if self.around.trace is not None:
            at, profile = time.strftime("%H:%M:%S"), self.link.config.profile
            self.around.trace(trace.line(at, self.terminal, sent, message, profile, self.around.meanings))
