"""One transaction as its acquirer knows it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


class Standing(Enum):
    """How a transaction stands for its acquirer."""

    WAITING = "no answer yet"
    GIVEN = "approved, and the goods or notes handed out"
    DECLINED = "declined, or never sent"
    TELLING = "a reversal or a completion is owed to the switch"
    OVER = "the reversal, or which of the two was first, was acknowledged"


@dataclass(slots=True, eq=False)
class Deal:
    """The transaction *number*, of *amount* minor units; *kept* is what its acquirer counts on in the end.

    *reversal* and *completion* are how they were acknowledged (DE 39), empty before that, None while there is none.  The
    rest is what was seen of it on the wires.
    """

    number: int
    acquirer: str
    issuer: str
    service: str
    amount: int
    fields: dict[int, object] = field(repr=False, default_factory=dict)
    standing: Standing = Standing.WAITING
    kept: int = 0
    answer: str = ""
    approval: str = ""
    reversal: str | None = None
    completion: str | None = None
    ended_at: float = 0.0
    said_at: float = 0.0
    heard: int = 0
    answered: int = 0
    responses: set[str] = field(default_factory=set)
    sent_on: int = 0
    reversals_begun: dict[int, int] = field(default_factory=dict)
    taken_back_on: bool = False
    settled_by: list[str] = field(default_factory=list)
    late: bool = False
    in_time: bool = False
    """The switch has heard the issuer's word while it waited for it."""
    unsaid: tuple[float, int] | None = None
    """When the switch could not deliver its approval, and how many troubles of its own it had had by then."""
    sale: Deal | None = None
    """What it gives back, all or a part of it."""
    returns: int = 0
    """How many that give it back are not over."""
    given_back: int = 0
    """Minor units, by those that are."""
    story: list[str] = field(default_factory=list)

    @property
    def reference(self) -> str:
        """DE 37, by which everybody's messages name it."""
        return f"{self.number:012d}"
