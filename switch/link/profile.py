"""How one link is to behave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType

from switch.link.terms import Purpose


class Control(Enum):
    """What is done about a message that the link would send by itself.

    MANUAL: an operator's order sends it; a request of the peer then waits for the order to answer it.  NEVER: no order
    sends it either, and what the peer asked is dropped and counted.
    """

    AUTOMATIC = "automatic"
    MANUAL = "manual"
    NEVER = "never"


class Automatic(Enum):
    """The messages that a link sends by itself, and its calls."""

    CALL = "call"
    SIGN_ON = "sign-on"
    SIGN_OFF = "sign-off"
    ECHO = "echo"
    ANSWER_SIGN_ON = "answer-sign-on"
    ANSWER_SIGN_OFF = "answer-sign-off"
    ANSWER_ECHO = "answer-echo"
    ANSWER_UNKNOWN = "answer-unknown"
    ANSWER_REJECT = "answer-reject"
    REFUSE = "refuse"
    REJECT = "reject"


WITHOUT_MANUAL = frozenset({Automatic.ANSWER_UNKNOWN, Automatic.ANSWER_REJECT, Automatic.REFUSE, Automatic.REJECT})
"""Answers to what could not be understood or may not pass now: there is nothing for an operator to decide."""


class SignOn(Enum):
    """What a sign-on opens.

    EACH: ours opens what we send, the peer's what it sends.  EITHER: one sign-on, whoever sends it, opens both ways, and
    one sign-off closes both.  NONE: the network has no sign-on; a connection is enough.
    """

    EACH = "each"
    EITHER = "either"
    NONE = "none"


class Because(Enum):
    """Why the link itself answers as it does; which DE 39 says so is a matter of the link."""

    APPROVED = "approved"
    NOT_SIGNED_ON = "not-signed-on"
    UNKNOWN_CODE = "unknown-code"
    FORMAT = "format"
    NOT_ADMITTED = "not-admitted"
    BUSY = "busy"


CODES: Mapping[Purpose, str] = MappingProxyType(
    {
        Purpose.SIGN_ON: "001",
        Purpose.SIGN_OFF: "002",
        Purpose.ECHO: "301",
        Purpose.KEY_REQUEST: "101",
        Purpose.KEY_CHANGE: "161",
        Purpose.NEW_KEY: "162",
        Purpose.CUTOVER: "201",
    }
)
"""DE 70 of ISO 8583:1987 as far as networks agree; 101, 161 and 162 mean different things to different networks."""

RESPONSES: Mapping[Because, str] = MappingProxyType(
    {
        Because.APPROVED: "00",
        Because.NOT_SIGNED_ON: "91",
        Because.UNKNOWN_CODE: "12",
        Because.FORMAT: "30",
        Because.NOT_ADMITTED: "05",
        Because.BUSY: "96",
    }
)
"""DE 39 of ISO 8583:1987."""

CONTROLS: Mapping[Automatic, Control] = MappingProxyType(dict.fromkeys(Automatic, Control.AUTOMATIC))


@dataclass(frozen=True)
class Profile:
    """One link's behaviour; all times in seconds.

    *calls*: we are the client.  *network_mti*: what a network management request is called.  *code_field*: where its
    code stands (70; 24 in later editions).  *elements*: what of ours stands in every request that the link itself sends.
    *peers_code* reads a code, *code* writes it.  A call's pause doubles from *pause_seconds* to *pause_seconds_max*,
    less up to a half by chance, so that many links don't call at one instant.
    """

    calls: bool = True
    sign_on: SignOn = SignOn.EACH
    network_mti: str = "0800"
    code_field: int = 70
    codes: Mapping[Purpose, str] = field(default_factory=lambda: CODES)
    responses: Mapping[Because, str] = field(default_factory=lambda: RESPONSES)
    elements: Mapping[int, str] = field(default_factory=lambda: MappingProxyType({}))
    controls: Mapping[Automatic, Control] = field(default_factory=lambda: CONTROLS)
    addresses: tuple[slice, slice] | None = None
    """Where destination and source stand in the header, equally long, if they do: an answer swaps them."""
    stan_digits: int = 6
    """Digits of DE 11: 6, and 12 in the edition of 2003."""
    reversal_requests: bool = False
    """Are 0400 and 0410 taken, as well as 0420 and 0430?"""
    echo_idle_seconds: float = 60.0
    echo_answer_seconds: float = 10.0
    sign_answer_seconds: float = 15.0
    sign_rest_seconds: float = 30.0
    sign_tries_max: int = 3
    pause_seconds: float = 1.0
    pause_seconds_max: float = 60.0

    def code(self, purpose: Purpose) -> str | None:
        """What says *purpose* on this link; None if nothing does."""
        return self.codes.get(purpose)

    def peers_code(self, code: object) -> Purpose | None:
        """What *code* is for on this link."""
        return next((purpose for purpose, known in self.codes.items() if known == code), None)

    def control(self, automatic: Automatic) -> Control:
        """Automatic, manual or never."""
        return self.controls.get(automatic, Control.AUTOMATIC)

    def automatic(self, automatic: Automatic) -> bool:
        """Is it sent without an order?"""
        return self.control(automatic) is Control.AUTOMATIC

    def pause(self, attempts: int, jitter: float) -> float:
        """Seconds before the next call, after *attempts* without success; *jitter* is from 0 to less than 1.

        >>> [Profile().pause(attempts, 0.0) for attempts in (0, 1, 5, 6, 1_000_000)], Profile().pause(2, 0.5)
        ([1.0, 2.0, 32.0, 60.0, 60.0], 3.0)
        """
        return min(self.pause_seconds * 2.0 ** min(attempts, 32), self.pause_seconds_max) * (1 - jitter / 2)
