"""A link's machine, led through events by hand."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

from switch.codec.message import Message
from switch.link import events as ev
from switch.link.events import Order
from switch.link.machine import step
from switch.link.profile import CONTROLS, Automatic, Control, Profile
from switch.link.state import State
from switch.link.terms import Timer


@dataclass(frozen=True)
class Fixed:
    """A moment that was agreed on."""

    stan: str
    transmitted: str
    jitter: float


class Walk:
    """A link led through events; ``stan`` counts upwards."""

    def __init__(self, profile: Profile | None = None) -> None:
        self.profile = profile or Profile()
        self.state = State()
        self.stan = 0

    def __call__(self, *events: ev.Event) -> tuple[ev.Effect, ...]:
        effects: tuple[ev.Effect, ...] = ()
        for event in events:
            self.stan += 1
            self.state, effects = step(
                self.state, event, self.profile, Fixed(f"{self.stan:06d}", "1122334455", 0.0)
            )  # fmt: skip
        return effects

    def connected(self) -> tuple[ev.Effect, ...]:
        return self(ev.Ordered(Order.OPEN), ev.Connected())

    def signed_on(self) -> Walk:
        asked = sent(self.connected())[0]
        self(answer(asked), received("0800", {7: "1122334455", 11: "777777", 70: "001"}))
        return self


def sent(effects: tuple[ev.Effect, ...]) -> list[Message]:
    return [each.message for each in effects if isinstance(each, ev.Send)]


def received(mti: str, fields: dict[int, str]) -> ev.Received:
    return ev.Received(Message(mti, fields))


def answer(asked: Message, response: str = "00") -> ev.Received:
    return ev.Received(asked.changed(mti="0810", fields={39: response}))


def elapsed(timer: Timer, quiet_seconds: float = 1e6) -> ev.Elapsed:
    return ev.Elapsed(timer, quiet_seconds)


def controls(**said: Control) -> MappingProxyType[Automatic, Control]:
    return MappingProxyType({**CONTROLS, **{Automatic[name]: control for name, control in said.items()}})
