"""Who is at the other end of a link, and what the two have agreed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class PinsUnder(Enum):
    """Under which keys the PIN blocks of a partner's requests lie."""

    ZONE = "zone"
    """The ZPK of the link: what hosts exchange."""
    TERMINAL = "terminal"
    """The TPK of the terminal (DE 41) that the request names."""
    PASSED = "passed"
    """Keys that are not ours: the block goes on as it came.  So does a concentrator."""


class Unproved(Enum):
    """What becomes of an approval that was written to a connection which ended before the partner had to have it."""

    WAIT = "wait"
    """The partner, who has no answer either, will reverse it; or the day's reconciliation finds it."""
    REVERSE = "reverse"
    """The issuer is owed the reversal at once, and somebody looks whether the partner did get the approval."""


@dataclass(frozen=True)
class MacRule:
    """A MAC in DE 64 or 128 of each message but those of classes 6 and 8: ANSI X9.19, 4 or 8 bytes.

    *elements* are those it is made over, in this order, 0 standing for the MTI; none: the whole message as it lies on the
    wire, up to the MAC.
    """

    elements: tuple[int, ...] = ()
    bytes_count: int = 8


@dataclass(frozen=True)
class Partner:
    """The partner of the link *link*.

    *institution*: its id as in DE 32 and 100.  *channel*: what all its requests come from (``atm``); empty: known by their
    codes.  *left_out*: elements that never go to it.  *relays_to*: the link to which network management that names a
    terminal (DE 41) goes on, and whose answers come back.  *unknown_reversal*: DE 39 for a reversal of what was never
    seen.  *unproved*: what becomes of an approval that it may not have got.  *line*: of its links the one by whose name its
    requests are known, whichever they come by; empty: this one.
    """

    link: str
    institution: str = ""
    channel: str = ""
    pins: PinsUnder = PinsUnder.ZONE
    mac: MacRule | None = None
    left_out: frozenset[int] = frozenset()
    relays_to: str = ""
    unknown_reversal: str = "25"
    unproved: Unproved = Unproved.WAIT
    line: str = ""

    @property
    def has_terminals(self) -> bool:
        """Are terminals at its end, rather than a host?  What they don't say is put into their requests."""
        return self.channel != "" and self.pins is not PinsUnder.ZONE
