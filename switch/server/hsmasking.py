"""What the ways to ask HSMs have in common: how requests are sent, what refusals are answers, what is made of a PAN."""

from __future__ import annotations

from typing import Protocol, TypeAlias, TypeVar

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from hsm.client.answers import Refused
from hsm.client.thales import VerificationFailed
from hsm.wire.message import Message
from switch import asking as q

M = TypeVar("M", bound=Message)

Asked: TypeAlias = (
    Deferred[q.PinBlock]
    | Deferred[q.Verified]
    | Deferred[q.CardVerified]
    | Deferred[q.NewPvv]
    | Deferred[q.MacValue]
    | Deferred[q.MadeKey]
    | Deferred[q.ReceivedKey]
)
CARD_DIGITS = 16


class Port(Protocol):
    """To the HSMs, as :class:`switch.server.hsmport.HsmPort` has them."""

    def check(self, request: Message) -> None:
        """Raises ValueError or WireError for a *request* that would be refused or read as another one."""

    def ask(self, request: Message, answers: type[M]) -> Deferred[M]:
        """As HsmPool.ask, after ``check``."""


def verified(replied: Deferred[M]) -> Deferred[q.Verified]:
    """Right, or wrong."""
    return replied.addCallbacks(lambda _: q.Verified(True), _wrong)


def _wrong(failure: Failure) -> q.Verified | Failure:
    """The one refusal that is an answer."""
    why = failure.value
    return q.Verified(False) if isinstance(why, Refused) and why.reason is VerificationFailed else failure


def wrong_cryptogram(failure: Failure) -> q.CardVerified | Failure:
    """That refusal, of a chip's cryptogram."""
    return q.CardVerified(False) if isinstance(_wrong(failure), q.Verified) else failure


def account(pan: str) -> str:
    """The right-most twelve digits without the check digit.  Raises ValueError."""
    if not 13 <= len(pan) <= 19:
        raise ValueError("a PAN has 13 to 19 digits")
    return pan[-13:-1]


def card_block(pan: str, sequence: str) -> bytes:
    """What a card's key is derived from, 8 bytes: EMV 4.3 Book 2 A1.4.1, option A.  Raises ValueError."""
    if not 13 <= len(pan) <= 19 or len(sequence) != 2:
        raise ValueError("a PAN has 13 to 19 digits, its sequence number 2")
    return bytes.fromhex((pan + sequence)[-CARD_DIGITS:].zfill(CARD_DIGITS))
