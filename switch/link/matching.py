"""Which reply answers which request, and what became of the others.

A table holds what is outstanding in one direction of a link: what we asked and the peer owes (T2), or what the peer asked
and we owe (T1 of a member, T0 of a terminal).  A reply belongs to the request with the same key.  What was answered or
timed out is remembered for a while, so that a second answer is told from a late one and a late one from a stranger.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from enum import Enum
from itertools import islice
from typing import Generic, TypeVar

from switch.codec.message import Message, Parts, Value
from switch.codec.privacy import HIDDEN, PANS, masked_pan

T = TypeVar("T")
CLASS, TYPE = "class", "mti"
TRACED_MAX = 64
"""Outstanding requests with which an unmatched reply is compared for its trace, the newest first."""
SHOWN_CHARS_MAX = 24


@dataclass(frozen=True)
class KeyRule:
    """What a key is made of: the MTI's *class* (edition and class, so that a 0430 is not taken for the 0210 with the same
    STAN), or the whole *mti* of the request that is answered, and data elements.

    Default after jPOS's QMUX and ISO 8583, terms for the original message: class, 11, 41, 7, 32.  An element that stands
    in neither message is equal; blanks at the end of one don't count.
    """

    mti: str = CLASS
    elements: tuple[int, ...] = (11, 41, 7, 32)

    def __post_init__(self) -> None:
        if self.mti not in (CLASS, TYPE) or set(self.elements) & HIDDEN or not self.elements:
            raise ValueError("a key is made of class or mti and of elements that are no secret")

    def key(self, message: Message) -> tuple[str, ...]:
        """The key of *message*, the same for a request, its repeats and its replies."""
        mti, fields = message.mti, message.fields
        first = mti[:2] if self.mti == CLASS else f"{mti[:2]}{int(mti[2]) & ~1}"
        return (first, *[_text(fields.get(number, "")) for number in self.elements])

    def shown(self, key: tuple[str, ...]) -> str:
        """*key* for people, account numbers masked.

        >>> KeyRule(elements=(2, 11)).shown(("02", "9704360000000001", "000042"))
        'class 02, DE 2 970436******0001, DE 11 000042'
        """
        parts = [f"{self.mti} {key[0]}"]
        for number, value in zip(self.elements, key[1:], strict=True):
            shown = masked_pan(value) if number in PANS else value[:SHOWN_CHARS_MAX]
            parts.append(f"DE {number} {shown or '-'}")
        return ", ".join(parts)


@dataclass(frozen=True)
class Timers:
    """T2 < T1 < T0, in seconds: the switch gives up before the acquirer does, and the acquirer before the terminal.

    Raises ValueError when they are not in this order.
    """

    t0_seconds: float = 45.0
    t1_seconds: float = 30.0
    t2_seconds: float = 20.0

    def __post_init__(self) -> None:
        if not 0 < self.t2_seconds < self.t1_seconds < self.t0_seconds:
            raise ValueError("T2 is shorter than T1, and T1 than T0")


class Verdict(Enum):
    """What a reply is."""

    ANSWERS = "the answer to an outstanding request"
    LATE = "the answer to a request that had timed out"
    DUPLICATE = "another answer to a request that was answered"
    UNMATCHED = "the answer to nothing that is known"


@dataclass(frozen=True)
class Finding(Generic[T]):
    """What a reply is; *about* is what was kept with its request, *seconds* how long ago that was.

    *trace* is set for an unmatched one: the key that was compared, and the request that came nearest.
    """

    verdict: Verdict
    about: T | None = None
    seconds: float = 0.0
    trace: str = ""


class Admission(Enum):
    """What became of a request that was to be put into the table."""

    TAKEN = "it is outstanding now"
    KEY_OUTSTANDING = "one with the same key is outstanding"
    FULL = "as many are outstanding as may be"


@dataclass(slots=True)
class _Kept(Generic[T]):
    about: T
    since: float
    due: float
    answered: bool = False


class Outstanding(Generic[T]):
    """Requests by key, each with something of type T about it; all times in seconds of one clock.

    It changes in place: a copy for each of thousands of requests a second would cost more than everything else.  All
    requests of one table wait equally long, so they time out in the order in which they came.
    """

    def __init__(
        self, rule: KeyRule, wait_seconds: float, *, outstanding_max: int = 1024,
        remembered_max: int = 1024, remembered_seconds: float = 300.0,
    ) -> None:  # fmt: skip
        self.rule = rule
        self.wait_seconds = wait_seconds
        self.outstanding_max = outstanding_max
        self._remembered_max = remembered_max
        self._remembered_seconds = remembered_seconds
        self._waiting: OrderedDict[tuple[str, ...], _Kept[T]] = OrderedDict()
        self._past: OrderedDict[tuple[str, ...], _Kept[T]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def remembered(self) -> int:
        """Requests that are remembered, answered or timed out."""
        return len(self._past)

    def ask(self, message: Message, about: T, now: float) -> Admission:
        """Put a request in; after a time-out its repeat may come in again."""
        key = self.rule.key(message)
        if key in self._waiting:
            return Admission.KEY_OUTSTANDING
        if len(self._waiting) >= self.outstanding_max:
            return Admission.FULL
        self._past.pop(key, None)
        self._waiting[key] = _Kept(about, now, now + self.wait_seconds)
        return Admission.TAKEN

    def withdraw(self, message: Message) -> T | None:
        """Take a request out that was never sent; what was kept about it."""
        kept = self._waiting.pop(self.rule.key(message), None)
        return None if kept is None else kept.about

    def answer(self, message: Message, now: float) -> Finding[T]:
        """What the reply *message* is.  A time-out that is due and was not yet taken by ``expire`` makes it late."""
        key = self.rule.key(message)
        kept = self._waiting.get(key)
        if kept is not None and now < kept.due:
            del self._waiting[key]
            kept.answered = True
            self._remember(key, kept, now)
            return Finding(Verdict.ANSWERS, kept.about, now - kept.since)
        if kept is not None:
            return Finding(Verdict.LATE, kept.about, now - kept.since)
        past = self._past.get(key)
        if past is None or now >= past.due + self._remembered_seconds:
            return Finding(Verdict.UNMATCHED, trace=self._trace(key))
        verdict = Verdict.DUPLICATE if past.answered else Verdict.LATE
        past.answered = True
        return Finding(verdict, past.about, now - past.since)

    def expire(self, now: float) -> list[T]:
        """What was kept about the requests that have timed out since the last time, oldest first."""
        expired = []
        while self._waiting:
            key, kept = next(iter(self._waiting.items()))
            if now < kept.due:
                break
            del self._waiting[key]
            self._remember(key, kept, now)
            expired.append(kept.about)
        while self._past:
            key, kept = next(iter(self._past.items()))
            if now < kept.due + self._remembered_seconds:
                break
            del self._past[key]
        return expired

    def next_due(self) -> float | None:
        """When the next time-out is."""
        return next(iter(self._waiting.values())).due if self._waiting else None

    def clear(self, now: float) -> list[T]:
        """Take everything outstanding out, because the connection ended; what was kept about it, oldest first.

        It stays remembered: the peer may answer on the next connection.
        """
        left = list(self._waiting.items())
        self._waiting.clear()
        for key, kept in left:
            self._remember(key, kept, now)
        return [kept.about for _, kept in left]

    def _remember(self, key: tuple[str, ...], kept: _Kept[T], now: float) -> None:
        kept.due = now
        self._past[key] = kept
        if len(self._past) > self._remembered_max:
            self._past.popitem(last=False)

    def _trace(self, key: tuple[str, ...]) -> str:
        """The key compared, and which parts of the nearest outstanding request's differ."""
        shown = self.rule.shown(key)
        best: tuple[str, ...] | None = None
        for other in islice(reversed(self._waiting), TRACED_MAX):
            if best is None or _equal(key, other) > _equal(key, best):
                best = other
        if best is None or not _equal(key, best):
            return f"compared {shown} with {len(self)} outstanding"
        return f"compared {shown} with {len(self)} outstanding; nearest {self.rule.shown(best)}"


def _text(value: Value) -> str:
    if isinstance(value, Parts):
        return "".join(_text(part) for _, part in value.pairs)
    return (value if isinstance(value, str) else str(value)).rstrip(" ")


def _equal(one: tuple[str, ...], other: tuple[str, ...]) -> int:
    return sum(a == b for a, b in zip(one, other, strict=True))
