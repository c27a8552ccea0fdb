"""How much of everything there is in a storm."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class FrameFault(Enum):
    """What can happen to one message on its wire."""

    LOST = "lost"
    DELAYED = "delayed"
    OVERTAKEN = "overtaken"
    DOUBLED = "doubled"
    CUT_BEFORE = "the connection cut before it"
    CUT_AFTER = "the connection cut after it"
    STALLED = "the peer stops reading after it"


@dataclass(frozen=True)
class Plan:
    """*transactions* begin, *a_second* of them in simulated time, from *acquirers* to *issuers*.

    Each message has one of the faults of the wire at *faults* (0 to 1), each transaction's beginning one of the faults of
    a node or a line at *faults* / *rarer*.  *seed* draws everything.
    """

    transactions: int = 10_000
    faults: float = 0.01
    seed: int = 1
    acquirers: int = 3
    issuers: int = 3
    cards: int = 200
    a_second: float = 50.0
    rarer: float = 20.0
    delay_seconds_max: float = 60.0
    away_seconds_max: float = 20.0
    away_long_seconds: float = 400.0
    skew_seconds_max: float = 90.0
