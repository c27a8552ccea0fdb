"""One step of a link: (state, event) → (state, effects)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Protocol as Shape

from switch.codec.message import Message
from switch.link import events as ev
from switch.link.answers import (
    ADMINISTRATIVE,
    FUNCTIONS_ANSWERED,
    RESPONSE,
    SECURITY,
    STAN,
    rejection,
    reply,
    request,
)
from switch.link.events import Counted, Order
from switch.link.incoming import Kind, kind
from switch.link.profile import Automatic, Because, Control, Profile, SignOn
from switch.link.state import State
from switch.link.table import ECHO, LINE, OURS, THEIRS
from switch.link.terms import Act, Line, Ours, Purpose, Signal, Timer


class Moment(Shape):
    """What a step needs of the world.  One step sends one request at most, so one STAN is enough."""

    @property
    def stan(self) -> str:
        """Unused, as many digits as the dialect's DE 11; the same for the whole step."""

    @property
    def transmitted(self) -> str:
        """The time as DE 7: MMDDhhmmss, GMT."""

    @property
    def jitter(self) -> float:
        """By chance, from 0 to less than 1."""


def step(
    state: State, event: ev.Event, profile: Profile, moment: Moment
) -> tuple[State, tuple[ev.Effect, ...]]:  # fmt: skip
    """Where the link stands after *event*, and what is to be done, in this order."""
    taken = _Step(state, profile, moment)
    taken.take(event)
    return taken.state, tuple(taken.effects)


_ORDERS: Mapping[Order, tuple[Signal, Automatic | None]] = {
    Order.OPEN: (Signal.OPEN, Automatic.CALL),
    Order.CLOSE: (Signal.CLOSE, None),
    Order.SIGN_ON: (Signal.SIGN_ON, Automatic.SIGN_ON),
    Order.SIGN_OFF: (Signal.SIGN_OFF, Automatic.SIGN_OFF),
    Order.ECHO: (Signal.ASK_ECHO, Automatic.ECHO),
}
_ANSWERED: Mapping[Purpose, Automatic] = {
    Purpose.SIGN_ON: Automatic.ANSWER_SIGN_ON,
    Purpose.SIGN_OFF: Automatic.ANSWER_SIGN_OFF,
    Purpose.ECHO: Automatic.ANSWER_ECHO,
}


def _checks_keys(purpose: Purpose | None, message: Message) -> bool:
    """Is it an echo that tells which keys are in force (DE 53), which is for those above?"""
    return purpose is Purpose.ECHO and SECURITY in message.fields


class _Step:
    """One step under way; it changes until ``step`` hands out what came of it."""

    def __init__(self, state: State, profile: Profile, moment: Moment) -> None:
        self.state, self.profile, self.moment = state, profile, moment
        self.effects: list[ev.Effect] = []

    def take(self, event: ev.Event) -> None:
        match event:
            case ev.Received(message):
                self._received(message)
            case ev.Elapsed(timer, quiet_seconds):
                self._elapsed(timer, quiet_seconds)
            case ev.Ordered(order):
                self._ordered(order)
            case ev.Connected():
                self._signal(Signal.CONNECTED)
            case ev.Disconnected():
                calls = Signal.CUT_CALLS if self.profile.calls else Signal.CUT_AWAITS
                self._signal(calls if self.profile.automatic(Automatic.CALL) else Signal.CUT_STAYS)
            case ev.Garbled():
                self._garbled(event)
            case ev.Overloaded(message):
                self._refuse(message, Because.BUSY)

    # -- moves

    def _signal(self, signal: Signal) -> bool:
        """Move every table that *signal* moves; did any?"""
        state = self.state
        moved = False
        line, ours = LINE.get((state.line, signal)), OURS.get((state.ours, signal))
        theirs, echo = THEIRS.get((state.theirs, signal)), ECHO.get((state.echo, signal))
        # Each aspect is read before an act of another can give a further signal.
        if line:
            self.state = replace(self.state, line=line[0])
        if ours:
            self.state = replace(self.state, ours=ours[0])
        if theirs:
            self.state = replace(self.state, theirs=theirs[0])
        if echo:
            self.state = replace(self.state, echo=echo[0])
        for found in (line, ours, theirs, echo):
            if found:
                moved = True
                for act in found[1]:
                    _ACTS[act](self)
        return moved

    def _do(self, *effects: ev.Effect) -> None:
        self.effects += effects

    def _pause(self) -> None:
        seconds = self.profile.pause(self.state.attempts, self.moment.jitter)
        self.state = replace(self.state, attempts=self.state.attempts + 1)
        self._do(ev.StartTimer(Timer.PAUSE, seconds))

    def _begin(self) -> None:
        if self._says(Purpose.SIGN_ON, Automatic.SIGN_ON):
            self._signal(Signal.SIGN_ON)
        self._watch()

    def _leave(self) -> None:
        said = self.state.ours is not Ours.OFF and self._says(Purpose.SIGN_OFF, Automatic.SIGN_OFF)
        if not said or not (self.state.ours is Ours.ASKING_OFF or self._signal(Signal.SIGN_OFF)):
            self._signal(Signal.PARTED)

    def _says(self, purpose: Purpose, automatic: Automatic) -> bool:
        """Does the link say *purpose* by itself?"""
        known = self.profile.sign_on is not SignOn.NONE or purpose is Purpose.ECHO
        return known and self.profile.code(purpose) is not None and self.profile.automatic(automatic)

    def _lose(self) -> None:
        self._signal(Signal.GONE)
        self.state = replace(self.state, sign_tries=0, signing=None, echoing=None, waiting=None)
        self._do(*map(ev.StopTimer, (Timer.SIGN, Timer.IDLE, Timer.ECHO)))

    def _ask(self, purpose: Purpose) -> None:
        message = request(purpose, self.profile, self.moment.stan, self.moment.transmitted)
        if message is not None:
            self._do(ev.Send(message))

    def _ask_sign(self, purpose: Purpose, tries: int) -> None:
        self.state = replace(self.state, signing=self.moment.stan, sign_tries=tries)
        self._ask(purpose)
        self._do(ev.StartTimer(Timer.SIGN, self.profile.sign_answer_seconds))

    def _rest(self) -> None:
        if self.profile.automatic(Automatic.SIGN_ON):
            self._do(ev.StartTimer(Timer.SIGN, self.profile.sign_rest_seconds))

    def _settle(self) -> None:
        self.state = replace(self.state, signing=None, sign_tries=0)
        self._do(ev.StopTimer(Timer.SIGN))

    def _part(self) -> None:
        self._settle()
        self._signal(Signal.PARTED)

    def _echo(self) -> None:
        self.state = replace(self.state, echoing=self.moment.stan)
        self._ask(Purpose.ECHO)
        self._do(ev.StopTimer(Timer.IDLE), ev.StartTimer(Timer.ECHO, self.profile.echo_answer_seconds))

    def _watch(self) -> None:
        self.state = replace(self.state, echoing=None)
        self._do(ev.StopTimer(Timer.ECHO))
        if self._says(Purpose.ECHO, Automatic.ECHO):
            self._do(ev.StartTimer(Timer.IDLE, self.profile.echo_idle_seconds))

    # -- what happened

    def _ordered(self, order: Order) -> None:
        if order in (Order.ADMIT, Order.TURN_AWAY):
            if self.state.waiting is None:
                self._do(ev.Refused(order))
                return
            (purpose, asked), self.state = self.state.waiting, replace(self.state, waiting=None)
            self._answer(purpose, asked, order is Order.ADMIT)
            return
        signal, automatic = _ORDERS[order]
        forbidden = automatic is not None and self.profile.control(automatic) is Control.NEVER
        speaks = order in (Order.SIGN_ON, Order.SIGN_OFF, Order.ECHO)
        unsaid = speaks and (self.state.line is not Line.CONNECTED or self.profile.code(Purpose(order.value)) is None)
        if forbidden or unsaid or not self._signal(signal):
            self._do(ev.Refused(order))

    def _elapsed(self, timer: Timer, quiet_seconds: float) -> None:
        profile = self.profile
        if timer is Timer.PAUSE:
            self._signal(Signal.PAUSE_OVER)
        elif timer is Timer.SIGN:
            asking = self.state.ours is Ours.ASKING_ON
            spent = asking and self.state.sign_tries >= profile.sign_tries_max
            self._signal(Signal.SPENT if spent else Signal.OVERDUE)
        elif timer is Timer.ECHO:
            heard = quiet_seconds < profile.echo_answer_seconds
            if not heard:
                self._do(ev.Count(Counted.ECHOES_MISSED))
            self._signal(Signal.ANSWERED if heard else Signal.MISSED)
        elif quiet_seconds < profile.echo_idle_seconds:
            self._do(ev.StartTimer(Timer.IDLE, profile.echo_idle_seconds - quiet_seconds))
        elif self.state.signing is not None:
            # The unanswered sign-on finds out whether the peer lives.
            self._do(ev.StartTimer(Timer.IDLE, profile.echo_idle_seconds))
        else:
            self._signal(Signal.ASK_ECHO)

    def _received(self, message: Message) -> None:
        if not self.state.listens:
            self._do(ev.Count(Counted.OUT_OF_PLACE))
            return
        if self.state.attempts:
            self.state = replace(self.state, attempts=0)
        match kind(message.mti, self.profile):
            case Kind.NETWORK_REQUEST:
                self._asked(message)
            case Kind.NETWORK_REPLY:
                self._replied(message)
            case Kind.REQUEST if not self.state.may_receive(self.profile):
                self._refuse(message, Because.NOT_SIGNED_ON)
            case Kind.NOTICE if not self.state.may_receive(self.profile):
                self._do(ev.Count(Counted.DROPPED))
            case Kind.REQUEST | Kind.REPLY | Kind.NOTICE:
                self._do(ev.Deliver(message))
            case Kind.REJECTION:
                if self.profile.automatic(Automatic.ANSWER_REJECT):
                    self._do(ev.Send(reply(message, Because.APPROVED, self.profile)))
                self._do(ev.Deliver(message))
            case Kind.UNKNOWN:
                self._reject(message.mti, "MTI")

    def _asked(self, message: Message) -> None:
        purpose = self.profile.peers_code(message.fields.get(self.profile.code_field))
        if purpose is None:
            self._reply(message, Because.UNKNOWN_CODE, Automatic.ANSWER_UNKNOWN)
        elif purpose not in _ANSWERED or _checks_keys(purpose, message):
            self._do(ev.Deliver(message, purpose))
        elif self.profile.control(_ANSWERED[purpose]) is Control.MANUAL:
            self.state = replace(self.state, waiting=(purpose, message))
            self._do(ev.AskOperator(purpose))
        elif self.profile.control(_ANSWERED[purpose]) is Control.NEVER:
            self._do(ev.Count(Counted.DROPPED))
        else:
            self._answer(purpose, message, self.state.line is Line.CONNECTED or purpose is not Purpose.SIGN_ON)

    def _answer(self, purpose: Purpose, asked: Message, admitted: bool) -> None:
        because = Because.APPROVED if admitted else Because.NOT_ADMITTED
        self._do(ev.Send(reply(asked, because, self.profile)))
        if purpose is Purpose.SIGN_ON and admitted:
            self._signal(Signal.PEER_SIGNS_ON)
        elif purpose is Purpose.SIGN_OFF and admitted:
            self._signal(Signal.PEER_SIGNS_OFF)
            if self.profile.sign_on is SignOn.EITHER:
                self._signal(Signal.SHARED_OFF)

    def _replied(self, message: Message) -> None:
        """A reply to a question of the link itself, or of the layer above."""
        profile, stan = self.profile, message.fields.get(STAN)
        purpose = profile.peers_code(message.fields.get(profile.code_field))
        response = str(message.fields.get(RESPONSE, ""))
        approved = response == profile.responses[Because.APPROVED]
        asking_on = self.state.ours is Ours.ASKING_ON
        asked = Purpose.SIGN_ON if asking_on else Purpose.SIGN_OFF
        if stan is not None and stan == self.state.signing and purpose in (None, asked):
            if not approved:
                self._do(ev.PeerRefused(asked, response))
            self._signal(Signal.APPROVED if approved else Signal.REFUSED)
        elif stan is not None and stan == self.state.echoing and purpose in (None, Purpose.ECHO):
            self._signal(Signal.ANSWERED)
        elif purpose in _ANSWERED and not _checks_keys(purpose, message):
            self._do(ev.Count(Counted.OUT_OF_PLACE))
        else:
            self._do(ev.Deliver(message))

    def _garbled(self, event: ev.Garbled) -> None:
        self._do(ev.Count(Counted.GARBLED))
        if not self.state.listens:
            return
        fields = dict(event.fields)
        known = event.mti is not None and kind(event.mti, self.profile) in (Kind.REQUEST, Kind.NETWORK_REQUEST)
        if event.mti is not None and known and STAN in fields:
            self._refuse(Message(event.mti, fields, event.header), Because.FORMAT)
        else:
            self._reject(event.mti, event.place)

    # -- replies

    def _refuse(self, message: Message, because: Because) -> None:
        if message.mti[2] in FUNCTIONS_ANSWERED:
            self._reply(message, because, Automatic.REFUSE)
        else:
            self._do(ev.Count(Counted.DROPPED))

    def _reply(self, message: Message, because: Because, automatic: Automatic) -> None:
        if not self.profile.automatic(automatic):
            self._do(ev.Count(Counted.DROPPED))
            return
        self._do(ev.Count(Counted.REFUSED, because), ev.Send(reply(message, because, self.profile)))

    def _reject(self, mti: str | None, place: str) -> None:
        """Tell the peer that it said what has no meaning; never about a rejection, or two switches would go on for ever."""
        about_rejection = mti is not None and mti[1] == ADMINISTRATIVE
        if about_rejection or not self.profile.automatic(Automatic.REJECT):
            self._do(ev.Count(Counted.DROPPED))
            return
        message = rejection(place, self.profile, self.moment.stan, self.moment.transmitted)
        self._do(ev.Count(Counted.REJECTED), ev.Send(message))


_ACTS: Mapping[Act, Callable[[_Step], object]] = {
    Act.SEEK: lambda taken: taken._do(ev.Seek()),
    Act.CEASE: lambda taken: taken._do(ev.Cease()),
    Act.PAUSE: _Step._pause,
    Act.END_PAUSE: lambda taken: taken._do(ev.StopTimer(Timer.PAUSE)),
    Act.BEGIN: _Step._begin,
    Act.LEAVE: _Step._leave,
    Act.HANG_UP: lambda taken: taken._do(ev.HangUp()),
    Act.LOSE: _Step._lose,
    Act.ASK_ON: lambda taken: taken._ask_sign(Purpose.SIGN_ON, taken.state.sign_tries + 1),
    Act.ASK_OFF: lambda taken: taken._ask_sign(Purpose.SIGN_OFF, 0),
    Act.REST: _Step._rest,
    Act.SETTLE: _Step._settle,
    Act.PART: _Step._part,
    Act.FAIL: lambda taken: taken._signal(Signal.FAILED),
    Act.ECHO: _Step._echo,
    Act.WATCH: _Step._watch,
}
