"""What the parts of the key desk share: the HSM, the store, the clock, and what they say to operators and partners."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from switch import asking as q
from switch.codec.message import Message
from switch.keys.effects import Note
from switch.keys.events import HsmRefused, Imported, Made
from switch.server.drive import DrivenLink, Sending
from switch.server.keysaving import Commits

A = TypeVar("A")


class Asks(Protocol):
    """The HSMs, as :class:`switch.server.hsmport.HsmPort` has them."""

    def perform(self, question: q.Question[A]) -> Deferred[A | q.NoAnswer]:
        """The answer to *question*."""


class AboutKeys:
    """What the key desk asks links with; everything else that is outstanding belongs to others."""


@dataclass(frozen=True)
class World:
    """*now* gives seconds since 1970; *tell* takes notes, and alarms where ``alarm``."""

    hsm: Asks
    writer: Commits
    now: Callable[[], float]
    tell: Callable[[Note], None]

    def ask_hsm(self, question: q.Question[A], job: int, then: Callable[[Made | Imported | HsmRefused], None]) -> None:
        """Ask; *then* is called with the event that the answer is for *job*."""
        asked = self.hsm.perform(question).addCallback(lambda answer: then(_event(job, answer)))
        asked.addErrback(self._at_fault)

    def _at_fault(self, failure: Failure) -> None:
        self.tell(Note(f"a key's event failed: {type(failure.value).__name__}", alarm=True))

    def ask(self, link: DrivenLink, message: Message | None, about: AboutKeys, what: str) -> None:
        """Send a request; what can't go out now is said again later, as if it were lost on the wire."""
        sending = Sending.UNSAYABLE if message is None else link.ask(message, about)
        if sending is Sending.UNSAYABLE:
            self.tell(Note(f"{link.config.name}: its dialect can't say {what}", alarm=True))


def _event(job: int, answer: object) -> Made | Imported | HsmRefused:
    match answer:
        case q.MadeKey(kcv, under_lmk, sent):
            return Made(job, kcv, under_lmk, on_wire(sent))
        case q.ReceivedKey(kcv, under_lmk):
            return Imported(job, kcv, under_lmk)
        case _:
            return HsmRefused(job)


THALES_TAG = "R"
"""Before a TR-31 block in a Thales command; on the wire the block begins with its own version, A to D."""


def on_wire(sent: str) -> str:
    """A key that the HSM gave, as partners get it."""
    return sent.removeprefix(THALES_TAG)


def for_hsm(received: str) -> str:
    """A partner's key as the HSM takes it."""
    return THALES_TAG + received if received[:1] in "ABCD" else received
