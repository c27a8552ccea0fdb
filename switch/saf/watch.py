"""When operators are told of a queue."""

from __future__ import annotations

from enum import Enum

from switch.saf.rules import Rules
from switch.store.reading import Queue


class Alarm(Enum):
    """What is wrong with a queue."""

    DEEP = "more messages are owed than the threshold"
    OLD = "the oldest message is owed for longer than the threshold"


def alarms(figures: Queue | None, rules: Rules, now_us: int) -> frozenset[Alarm]:
    """Which thresholds *figures* pass; None: nothing is owed."""
    if figures is None:
        return frozenset()
    passed = {Alarm.DEEP} if figures.depth >= rules.depth_alarm else set()
    if now_us - figures.oldest_us >= rules.age_alarm_us:
        passed.add(Alarm.OLD)
    return frozenset(passed)
