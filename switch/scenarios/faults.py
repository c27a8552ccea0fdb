"""What becomes of each message on its way, as a scenario says it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from switch.scenarios.scenario import Fault, Harm


@dataclass(frozen=True)
class Fate:
    """A message *arrives* after so many seconds each; never, when there is none.

    *cuts*: the connection ends behind it.  *kills*: so does its sender.  *garbled*: what arrives is no message.  *halved*:
    a half of it arrives, where there are bytes and not frames.
    """

    arrives: tuple[float, ...] = (0.0,)
    cuts: bool = False
    kills: bool = False
    garbled: bool = False
    halved: bool = False
    word: str = ""
    """For the chart; empty when nothing happens to it."""


UNHARMED = Fate()


class Faults:
    """The faults of one run; counts what comes by."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self._faults = faults
        self._seen: Counter[tuple[str, str, str]] = Counter()

    def fate(self, sender: str, receiver: str, mti: str) -> Fate:
        """What becomes of the next message *mti* from *sender* to *receiver*."""
        self._seen[sender, receiver, mti] += 1
        number = self._seen[sender, receiver, mti]
        for fault in self._faults:
            if (fault.sender, fault.receiver, fault.mti) == (sender, receiver, mti) and fault.number in (0, number):
                return fate_of(fault)
        return UNHARMED


def fate_of(fault: Fault) -> Fate:
    """What *fault* means.

    >>> fate_of(Fault("A", "B", "0200", Harm.TWICE)).arrives
    (0.0, 0.0)
    """
    match fault.harm:
        case Harm.LOST:
            return Fate((), word="lost")
        case Harm.LATE:
            return Fate((fault.seconds,), word="late")
        case Harm.TWICE:
            return Fate((0.0,) * fault.times, word=f"{fault.times} times")
        case Harm.GARBLED:
            return Fate(garbled=True, word="garbled")
        case Harm.CUT_BEFORE:
            return Fate((), cuts=True, word="cut off")
        case Harm.BREAKS_OFF:
            return Fate((), cuts=True, halved=True, word="broken off")
        case Harm.CUT_AFTER:
            return Fate(cuts=True, word="the last")
        case Harm.KILLS_SENDER:
            return Fate((), kills=True, word="never sent")
