"""What can happen to a link, and what a link wants done."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from switch.codec.message import Message, Value
from switch.link.profile import Because
from switch.link.terms import Purpose, Timer


class Order(Enum):
    """What an operator, or who runs the link, can tell it."""

    OPEN = "open"
    CLOSE = "close"
    SIGN_ON = "sign-on"
    SIGN_OFF = "sign-off"
    ECHO = "echo"
    ADMIT = "admit"
    """Approve what the peer asked and waits for."""
    TURN_AWAY = "turn-away"
    """Refuse it."""


@dataclass(frozen=True, slots=True)
class Ordered:
    """An order was given."""

    order: Order


@dataclass(frozen=True, slots=True)
class Connected:
    """The connection stands; with TLS, the peer's certificate is verified."""


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The connection ended, or a call came to nothing."""


@dataclass(frozen=True, slots=True)
class Received:
    """A message of the link's dialect came."""

    message: Message


@dataclass(frozen=True, slots=True)
class Garbled:
    """A frame came that is no message of the dialect.

    *mti*, *header* and *fields* are what could be read before the fault; *place* is the field and the byte where it lies.
    """

    mti: str | None
    fields: tuple[tuple[int, Value], ...]
    place: str
    header: bytes = b""


@dataclass(frozen=True, slots=True)
class Overloaded:
    """A request came while as many wait for their answers as may."""

    message: Message


@dataclass(frozen=True, slots=True)
class Elapsed:
    """*timer* has run out; the last frame came *quiet_seconds* ago."""

    timer: Timer
    quiet_seconds: float


Event = Ordered | Connected | Disconnected | Received | Garbled | Overloaded | Elapsed


@dataclass(frozen=True, slots=True)
class Seek:
    """Call the peer, or take its call."""


@dataclass(frozen=True, slots=True)
class Cease:
    """Neither call nor take calls."""


@dataclass(frozen=True, slots=True)
class HangUp:
    """End the connection; ``Disconnected`` follows."""


@dataclass(frozen=True, slots=True)
class Send:
    """Write *message*."""

    message: Message


@dataclass(frozen=True, slots=True)
class StartTimer:
    """Start *timer*, or start it again."""

    timer: Timer
    seconds: float


@dataclass(frozen=True, slots=True)
class StopTimer:
    """Stop *timer* if it runs."""

    timer: Timer


@dataclass(frozen=True, slots=True)
class Deliver:
    """*message* is for the layer above; *purpose* if it is a network management request."""

    message: Message
    purpose: Purpose | None = None


@dataclass(frozen=True, slots=True)
class AskOperator:
    """The peer asks *purpose*, and the link waits for the order to admit it or to turn it away."""

    purpose: Purpose

    def __str__(self) -> str:
        return f"the peer asks {self.purpose.value}: admit, or turn-away?"


@dataclass(frozen=True, slots=True)
class Refused:
    """An order was not carried out: it is out of place now, or the link's controls forbid it."""

    order: Order

    def __str__(self) -> str:
        return f"{self.order.value} was not carried out: it is out of place now, or the link's controls forbid it"


@dataclass(frozen=True, slots=True)
class PeerRefused:
    """The peer answered our sign-on or sign-off with *response* (DE 39) and not with approval."""

    purpose: Purpose
    response: str

    def __str__(self) -> str:
        return f"the peer answered our {self.purpose.value} with {self.response}"


class Counted(Enum):
    """What is counted of a link besides bytes and messages."""

    GARBLED = "frames that were no message"
    REJECTED = "rejections (0620) sent"
    DROPPED = "messages dropped without an answer"
    REFUSED = "requests refused by the link itself"
    OUT_OF_PLACE = "replies to no question of the link, or while dropping"
    ECHOES_MISSED = "echoes without an answer"


@dataclass(frozen=True, slots=True)
class Count:
    """Add one to *what*; *because* tells of a refusal why."""

    what: Counted
    because: Because | None = None


Effect = (
    Seek | Cease | HangUp | Send | StartTimer | StopTimer | Deliver | AskOperator | Refused | PeerRefused | Count
)  # fmt: skip
