"""What happens to a queue, and what it wants done."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from switch.store.rows import Owed


@dataclass(frozen=True, slots=True)
class Woken:
    """Something was owed, or may have been; also the first event of all."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """The first *rows* that the link is owed, in order of position, as the store had them; *whole*: there are no more."""

    rows: tuple[Owed, ...] = field(repr=False)
    whole: bool


@dataclass(frozen=True, slots=True)
class LoadFailed:
    """The store could not be read."""


@dataclass(frozen=True, slots=True)
class Opened:
    """The link takes messages."""


@dataclass(frozen=True, slots=True)
class Closed:
    """The link takes no messages."""


@dataclass(frozen=True, slots=True)
class Kept:
    """The change of *id* is committed and *row* is what it is now; None: another has ended it."""

    id: str
    row: Owed | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class NotKept:
    """The change of *id* was not committed, or nobody knows."""

    id: str


@dataclass(frozen=True, slots=True)
class Answered:
    """The peer has answered *id*, in time or late, with *response* (DE 39, own code)."""

    id: str
    response: str


@dataclass(frozen=True, slots=True)
class Unanswered:
    """T2 ran out, or the connection ended, over the *attempt*-th sending of *id*: the peer may have seen it."""

    id: str
    attempt: int


@dataclass(frozen=True, slots=True)
class NotSent:
    """The *attempt*-th sending of *id* came to nothing: the peer has certainly not seen it."""

    id: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Unsayable:
    """*id* is no message of the link's dialect, or not any more."""

    id: str


@dataclass(frozen=True, slots=True)
class Hurried:
    """An operator wants everything sent that waits for its next time."""


@dataclass(frozen=True, slots=True)
class Tick:
    """``due_us`` has come."""


Event = (
    Woken | Loaded | LoadFailed | Opened | Closed | Kept | NotKept | Answered | Unanswered | NotSent | Unsayable
    | Hurried | Tick
)  # fmt: skip


class End(Enum):
    """How it ends that a message is owed."""

    SETTLED = "settled"
    REFUSED = "refused"
    EXPIRED = "expired"
    UNSAYABLE = "unsayable"


@dataclass(frozen=True, slots=True)
class Load:
    """Read the first *rows_max* rows of what the link is owed; ``Loaded`` or ``LoadFailed`` follows."""

    rows_max: int


@dataclass(frozen=True, slots=True)
class Attempt:
    """Commit that *id* is sent now and, if need be, again at *next_us*; ``Kept`` or ``NotKept`` follows.

    *response* is what was answered the last time, empty for nothing.
    """

    id: str
    next_us: int
    response: str


@dataclass(frozen=True, slots=True)
class Conclude:
    """Commit that *id* has come to its *end* with *response*; ``Kept`` or ``NotKept`` follows."""

    id: str
    end: End
    response: str


@dataclass(frozen=True, slots=True)
class Send:
    """Send *row*'s message, as a repeat or for the first time.

    ``Answered``, ``Unanswered``, ``NotSent`` or ``Unsayable`` follows.
    """

    row: Owed = field(repr=False)
    repeat: bool


@dataclass(frozen=True, slots=True)
class Ended:
    """*row*, as it is in the store now, is not owed any more."""

    row: Owed = field(repr=False)
    end: End


Effect = Load | Attempt | Conclude | Send | Ended
