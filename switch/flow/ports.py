"""What a flow needs of others: working keys, and the issuer's books when those are ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import Protocol

from switch.asking import Holder, PinFormat, Question
from switch.codec.message import Value
from switch.flow.request import Request
from switch.routing.bins import BinRow
from switch.standin.policy import Trigger
from switch.store.rows import Transaction
from switch.store.view import Place, View

NOTHING: Mapping[int, Value] = MappingProxyType({})


class Use(Enum):
    """What a working key protects."""

    PIN = "pin"
    MAC = "mac"


@dataclass(frozen=True)
class WorkingKey:
    """A key of a link or, with *terminal* (DE 41), of a terminal; *cryptogram* is it under the LMK, as the HSM gave it."""

    link: str
    use: Use
    holder: Holder
    version: int
    cryptogram: str = field(repr=False)
    terminal: str = ""
    format: PinFormat = PinFormat.ISO_0


class Keys(Protocol):
    """The working keys as they stand now; none of these waits."""

    def incoming(self, link: str, use: Use, terminal: str = "") -> Sequence[WorkingKey]:
        """With what a message that came may have been protected, the likeliest first; none, when there is no key."""

    def outgoing(self, link: str, use: Use) -> WorkingKey | None:
        """With what a message that goes is protected.  Counts one use."""

    def proved(self, key: WorkingKey) -> None:
        """What came was protected with *key*: the partner has it."""

    def failed(self, link: str, use: Use, terminal: str = "") -> None:
        """What came was protected with none of the keys: an error of synchronisation."""


@dataclass(frozen=True)
class Decision:
    """What the issuer says: *response* (DE 39, own code), *approval* (DE 38) of six characters, and more elements."""

    response: str
    approval: str = ""
    fields: Mapping[int, Value] = field(default_factory=lambda: NOTHING, repr=False)


class Authoriser(Protocol):
    """Our own issuer: the books of our cards and accounts.  Everything happens within works of the store."""

    def reads(self, request: Request) -> Sequence[Place]:
        """What ``questions`` and ``decide`` will look at, as far as the request tells."""

    def questions(
        self, view: View, request: Request, pin_keys: Sequence[WorkingKey]
    ) -> Decision | Sequence[Question[object]]:
        """What the HSM must be asked before *request* can be decided, in this order, about the PIN last; or a refusal.

        *pin_keys* are those under which the PIN block of the request may lie, the likeliest first: the questions are about
        the first.  Changes nothing.
        """

    def decide(self, view: View, request: Request, answers: Sequence[object]) -> Decision:
        """Decide *request* and enter what follows from it; *answers* are those to the questions, in their order.

        Called again with a view on which nothing of the first call remains, if another changed the same rows.
        """

    def reverse(self, view: View, original: Transaction, amount: int, id: str) -> str:
        """Take back *amount* of the approved *original*, under *id*; the response code.  Once only for one id."""


class StandsIn(Protocol):
    """Who answers in an issuer's place when it can't."""

    def issuer(self, row: BinRow, trigger: Trigger, request: Request) -> Authoriser | None:
        """Who decides *request* instead of *row*'s issuer, because of *trigger*; None: nobody may.

        What it approves is, by the same work, owed to the issuer as an advice.
        """
