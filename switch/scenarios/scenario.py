"""What a scenario says: who does what and when, which messages come to harm, and how everything ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

ATM, POS = "ATM", "POS"
A, B, I = "A", "B", "I"  # noqa: E741  # the thesis, and all who drew after it, call the issuer so
TERMINALS, HOSTS = (ATM, POS), (A, B, I)
LINKS = ("ATM-A", "POS-A", "A-B", "B-I")
"""Each by its two ends, that which calls first but for the last: the issuer calls the switch."""


class Does(StrEnum):
    """What a party of the network can do."""

    WITHDRAWS = "withdraws"
    BUYS = "buys"
    ASKS_BALANCE = "asks the balance"
    TAKES_BACK = "takes back"
    """A POS terminal's reversal of its last sale."""
    JAMS = "has a jammed dispenser"
    """An ATM's dispenser stops after so many ``notes``."""
    SWITCHED_ON = "is switched on again"
    """A terminal takes its trace numbers from the time of the day at which it is."""
    KILLED = "is killed"
    STARTS = "starts again"
    LOSES_HSM = "loses its HSM"
    HAS_HSM = "has its HSM again"
    LOSES_STORE = "loses its store"
    HAS_STORE = "has its store again"
    SIGNS_OFF = "signs off"
    SIGNS_ON = "signs on"
    CLOCK = "sets its clock"
    """Ahead by so many ``seconds``."""
    CHANGES_KEYS = "changes its keys"
    CUT = "is cut"
    MENDED = "is mended"


OF_TERMINALS = frozenset({Does.WITHDRAWS, Does.BUYS, Does.ASKS_BALANCE, Does.TAKES_BACK, Does.JAMS, Does.SWITCHED_ON})
OF_LINKS = frozenset({Does.CUT, Does.MENDED})
OF_ATM, OF_POS = frozenset({Does.WITHDRAWS, Does.JAMS}), frozenset({Does.BUYS, Does.TAKES_BACK})
WITH_AMOUNT = frozenset({Does.WITHDRAWS, Does.BUYS})


class Harm(StrEnum):
    """What becomes of a message."""

    LOST = "is lost"
    LATE = "is late"
    """By so many ``seconds``; later ones of the same sender may overtake it."""
    TWICE = "comes twice"
    """Or as many ``times`` as are said."""
    GARBLED = "is garbled"
    CUT_BEFORE = "is cut off"
    """The connection ends, and the message never arrives."""
    BREAKS_OFF = "breaks off"
    """The connection ends in the middle of it."""
    CUT_AFTER = "is the last"
    """It arrives, and the connection ends behind it."""
    KILLS_SENDER = "is never sent"
    """Its sender is killed in the moment in which it writes it."""


class Mode(StrEnum):
    """How a scenario can be played."""

    SIMULATED = "simulated"
    SOCKETS = "sockets"


@dataclass(frozen=True)
class Step:
    """*who*, a terminal, a host or a link, does something *at* so many seconds."""

    at: float
    who: str
    does: Does
    amount: int = 0
    notes: int = 0
    card: str = "member"
    """``member``: of the issuer I; ``own``: of the terminals' own bank A."""
    seconds: float = 0.0


@dataclass(frozen=True)
class Fault:
    """What becomes of the *number*-th message *mti* from *sender* to *receiver* (0: of each)."""

    sender: str
    receiver: str
    mti: str
    harm: Harm
    number: int = 1
    seconds: float = 0.0
    times: int = 2


@dataclass(frozen=True)
class HostEnds:
    """What a host must hold: transactions in the order of their arrival, all that it was owing, what is irregular.

    *taken*: by how much the accounts of its own customers are lower than at the start, minor units.
    """

    transactions: tuple[str, ...] = ()
    owed: tuple[str, ...] = ()
    irregular: tuple[str, ...] = ()
    taken: int = 0


@dataclass(frozen=True)
class Ends:
    """What must be at the end.  *saw*: how each service ended, in order; *has*: money or goods the cardholder left with.

    *links*: the messages that each has carried, without network management.
    """

    saw: tuple[str, ...]
    has: int
    hosts: Mapping[str, HostEnds]
    links: Mapping[str, tuple[str, ...]]
    differs: str = ""
    """Why the customer's account does not agree with what the cardholder has; empty, and it must."""


@dataclass(frozen=True)
class Scenario:
    """*row*: of the table of failures, or ``extra``; *figure*: the thesis's, if it draws it; *story*: in words.

    *settings*: more lines of a host's partner, by host and partner.  *lasts*: seconds from the first step until all is
    over.
    """

    name: str
    row: str
    figure: str
    title: str
    story: str
    steps: tuple[Step, ...]
    faults: tuple[Fault, ...]
    ends: Ends
    lasts: float = 40.0
    settings: Mapping[str, str] = field(default_factory=dict)
