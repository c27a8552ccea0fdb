"""Simulated time, for many events: a heap instead of a list that is sorted at each call."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from typing import Any

from twisted.internet.base import DelayedCall
from twisted.internet.interfaces import IReactorTime
from zope.interface import implementer

Entry = tuple[float, int, DelayedCall]
INSTANT_SECONDS = 1e-6


@implementer(IReactorTime)
class StormClock:
    """All time there is; calls at one instant happen in the order in which they were asked for."""

    def __init__(self) -> None:
        self._now = 0.0
        self._calls: list[Entry] = []
        self._count = itertools.count()
        self._cancelled = 0
        self.happened = 0

    def seconds(self) -> float:
        """Since the beginning."""
        return self._now

    def callLater(  # Twisted's name
        self, delay: float, callable: Callable[..., Any], *args: object, **kw: object
    ) -> DelayedCall:
        """As IReactorTime has it."""
        # What is a rounding error away must still come later, or who waits for it would wait for ever.
        later = max(delay, INSTANT_SECONDS) if delay else 0.0
        call = DelayedCall(self._now + later, callable, args, kw, self._called_off, _refused, self.seconds)
        heapq.heappush(self._calls, (call.time, next(self._count), call))
        return call

    def getDelayedCalls(self) -> list[DelayedCall]:  # Twisted's name
        """As IReactorTime has it."""
        return [call for _, _, call in self._calls if call.active()]

    def run_until(self, true: Callable[[], bool], seconds_max: float) -> bool:
        """Let everything happen until *true*, for so long at most; is it?"""
        ends = self._now + seconds_max
        while not true():
            if not self._calls or self._calls[0][0] > ends:
                self._now = max(self._now, ends)
                return true()
            when, _, call = heapq.heappop(self._calls)
            if call.cancelled:
                self._cancelled -= 1
                continue
            self._now = max(self._now, when)
            call.called = 1
            self.happened += 1
            call.func(*call.args, **call.kw)
        return True

    def drop(self, owner: object) -> None:
        """Nothing of *owner* happens any more: of what was asked for, the methods that are its own are forgotten."""
        live = [entry for entry in self._calls if not entry[2].cancelled]
        self._calls = [entry for entry in live if getattr(entry[2].func, "__self__", None) is not owner]
        heapq.heapify(self._calls)
        self._cancelled = 0

    def _called_off(self, call: DelayedCall) -> None:
        """A cancelled call is passed over when its time comes, or taken out with others before they are the most."""
        self._cancelled += 1
        if self._cancelled > len(self._calls) // 2:
            self._calls = [entry for entry in self._calls if not entry[2].cancelled]
            heapq.heapify(self._calls)
            # This one is marked when we have returned.
            self._cancelled = 1


@implementer(IReactorTime)
class LifeClock:
    """The clock of one run of a process: when that has died, nothing of it happens any more."""

    def __init__(self, clock: StormClock) -> None:
        self._clock = clock
        self.dead = False

    def seconds(self) -> float:
        """Since the beginning."""
        return self._clock.seconds()

    def callLater(  # Twisted's name
        self, delay: float, callable: Callable[..., Any], *args: object, **kw: object
    ) -> DelayedCall:
        """As IReactorTime has it."""
        if self.dead:
            return self._clock.callLater(0, tuple)
        return self._clock.callLater(delay, self._call, callable, args, kw)

    def die(self) -> None:
        """Nothing happens any more; and what would have, and all that it knows, goes."""
        self.dead = True
        self._clock.drop(self)

    def getDelayedCalls(self) -> list[DelayedCall]:  # Twisted's name
        """As IReactorTime has it."""
        return self._clock.getDelayedCalls()

    def _call(self, callable: Callable[..., Any], args: tuple[object, ...], kw: dict[str, object]) -> None:
        if not self.dead:
            callable(*args, **kw)


def _refused(call: DelayedCall) -> None:
    raise NotImplementedError("no part of the switch puts a call off")
