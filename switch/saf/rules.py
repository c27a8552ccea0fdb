"""How store-and-forward behaves on one link."""

from __future__ import annotations

from dataclasses import dataclass

from switch.link.lines import Section

SETTLING = frozenset({"00", "21", "25"})
"""Done; no action taken; unable to locate: whatever was to be taken back is not there any more."""
PASSING = frozenset({"68", "91", "96"})
"""Response too late, issuer inoperative, malfunction: it may go better another time."""
US = 1_000_000
DOUBLINGS_MAX = 40


@dataclass(frozen=True)
class Rules:
    """Times in microseconds.

    *window*: how many originals may be unanswered at once; more than 1 only where the peer agrees.  After an attempt that
    settled nothing *pause_us* go by, twice as many after each further one, *pause_us_max* at most.  *drain_first*: after
    the link has opened, traffic waits until everything owed has been answered once.  *held_rows_max* rows are in memory.
    From *depth_alarm* messages, or an oldest of *age_alarm_us*, operators are told.
    """

    window: int = 1
    pause_us: int = 5 * US
    pause_us_max: int = 300 * US
    drain_first: bool = True
    held_rows_max: int = 256
    depth_alarm: int = 1_000
    age_alarm_us: int = 600 * US

    def pause(self, attempts: int) -> int:
        """How long to wait after so many *attempts*, 1 or more.

        >>> [Rules(pause_us=5, pause_us_max=30).pause(attempts) for attempts in (1, 2, 3, 4, 99)]
        [5, 10, 20, 30, 30]
        """
        return min(self.pause_us << min(max(attempts - 1, 0), DOUBLINGS_MAX), self.pause_us_max)


def read_rules(section: Section) -> Rules:
    """The rules that a TOML table declares: window, pause, pause-max, age-alarm (seconds), depth-alarm, drain-first.

    Raises ConfigError.
    """
    usual = Rules()
    pause_us = round(section.seconds("pause", usual.pause_us / US) * US)
    pause_us_max = round(section.seconds("pause-max", max(usual.pause_us_max, pause_us) / US) * US)
    if not 0 < pause_us <= pause_us_max:
        raise section.wrong("pause-max", "no fewer seconds than pause")
    rules = Rules(
        window=section.number("window", usual.window, 1, 1_000),
        pause_us=pause_us,
        pause_us_max=pause_us_max,
        drain_first=section.flag("drain-first", usual.drain_first),
        held_rows_max=section.number("held-rows-max", usual.held_rows_max, 2, 10_000),
        depth_alarm=section.number("depth-alarm", usual.depth_alarm, 1, 1_000_000_000),
        age_alarm_us=round(section.seconds("age-alarm", usual.age_alarm_us / US, 31 * 86_400.0) * US),
    )
    section.end()
    return rules
