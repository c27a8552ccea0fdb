"""The PIN key of one terminal (TPK under its TMK): an ATM's changes every day, a POS terminal's at every sign-on.

A POS terminal takes its key with the answer to its sign-on, so the one before is refused from the sign-on itself.  An ATM
is given its key while it works: until it confirms, and for the grace after that, the one before opens what is under way.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from enum import Enum
from typing import assert_never

from switch.keys.effects import AskHsm, Effect, NewTerminalKey, Note, Save, SendTerminalKey
from switch.keys.events import HsmRefused, Made
from switch.keys.line import Rules
from switch.keys.slots import ZoneKey


class Renewal(Enum):
    """When the key of a terminal changes."""

    DAILY = "daily"
    SIGN_ON = "at each sign-on"


@dataclass(frozen=True)
class SignedOn:
    """The terminal signed on."""


@dataclass(frozen=True)
class Confirmed:
    """The terminal has installed *version*, whose check value it computed as *kcv*."""

    version: int
    kcv: str


@dataclass(frozen=True)
class Clock:
    """Time has passed, and it is this business *day*."""

    day: date


TerminalEvent = SignedOn | Confirmed | Clock | Made | HsmRefused


@dataclass(frozen=True)
class TerminalKeys:
    """The keys of *terminal*: *current* in force, *given* but not yet confirmed, *previous* until *previous_until*.

    *tmk* is the terminal's master key as a cryptogram under the LMK, *under_tmk* the given key under it; *day* that for
    which the newest key was made.
    """

    terminal: str
    renewal: Renewal
    tmk: str = field(repr=False)
    current: ZoneKey | None = None
    given: ZoneKey | None = None
    under_tmk: str = field(default="", repr=False)
    previous: ZoneKey | None = None
    previous_until: float = 0.0
    made: int = 0
    day: date = date.min

    job: int | None = None
    jobs: int = 0
    job_day: date = date.min
    given_at: float | None = None
    tries: int = 0
    quiet_until: float = 0.0

    def for_decryption(self, now: float) -> tuple[ZoneKey, ...]:
        """The keys to try for what the terminal sends, the likeliest first; none before a POS terminal has signed on."""
        previous = self.previous if now <= self.previous_until else None
        return tuple(key for key in (self.current, self.given, previous) if key)


Outcome = tuple[TerminalKeys, tuple[Effect, ...]]


def step(keys: TerminalKeys, event: TerminalEvent, now: float, rules: Rules) -> Outcome:
    """After *event* at *now* (seconds); *rules* say how long to wait for a confirmation, to back off, and the grace."""
    match event:
        case SignedOn():
            return _signed_on(keys, now)
        case Confirmed():
            return _confirmed(keys, event, now, rules)
        case Clock(day):
            return _day(keys, day, now, rules)
        case Made():
            return _made(keys, event, now)
        case HsmRefused(job):
            if job != keys.job:
                return keys, ()
            tries = keys.tries + 1
            keys = replace(keys, job=None, tries=tries, quiet_until=now + rules.back_off(tries))
            return keys, (Note(f"{keys.terminal}: the HSM made no key", alarm=True),)
        case _:
            assert_never(event)


def _ask(keys: TerminalKeys, day: date) -> Outcome:
    asked = replace(keys, job=keys.jobs + 1, jobs=keys.jobs + 1, job_day=day)
    return asked, (AskHsm(asked.jobs, NewTerminalKey(keys.terminal, keys.tmk)),)


def _signed_on(keys: TerminalKeys, now: float) -> Outcome:
    if keys.renewal is Renewal.DAILY:
        return _give(keys, now) if keys.given else (keys, ())
    keys = replace(keys, current=None)
    if keys.job is not None:
        return keys, (Save(),)
    keys, asked = _ask(keys, keys.day)
    return keys, (Save(), *asked)


def _day(keys: TerminalKeys, day: date, now: float, rules: Rules) -> Outcome:
    if keys.renewal is not Renewal.DAILY or keys.job is not None or now < keys.quiet_until:
        return keys, ()
    if keys.given and keys.given_at is not None:
        late = now - keys.given_at >= (
            rules.answer_s if keys.tries <= rules.alarm_after else rules.back_off(keys.tries)
        )
        if not late:
            return keys, ()
        alarm = (Note(f"{keys.terminal}: no confirmation of a new key", alarm=True),)
        unanswered = keys.tries == rules.alarm_after
        keys, sent = _give(keys, now)
        return keys, (*(alarm if unanswered else ()), *sent)
    if keys.given:
        return _give(keys, now)
    return _ask(keys, day) if keys.day < day else (keys, ())


def _made(keys: TerminalKeys, made: Made, now: float) -> Outcome:
    if made.job != keys.job:
        return keys, ()
    key = ZoneKey(keys.made + 1, made.kcv.upper(), made.under_lmk)
    keys = replace(keys, job=None, made=key.version, tries=0, quiet_until=0.0, day=keys.job_day)
    if keys.renewal is Renewal.SIGN_ON:
        keys = replace(keys, current=key)
        return keys, (Save(), SendTerminalKey(keys.terminal, key.version, key.kcv, made.under_wrapper))
    keys, sent = _give(replace(keys, given=key, under_tmk=made.under_wrapper), now)
    return keys, (Save(), *sent)


def _give(keys: TerminalKeys, now: float) -> Outcome:
    """The key that is not yet confirmed, once more."""
    assert keys.given
    sent = SendTerminalKey(keys.terminal, keys.given.version, keys.given.kcv, keys.under_tmk)
    return replace(keys, given_at=now, tries=keys.tries + 1), (sent,)


def _confirmed(keys: TerminalKeys, confirmed: Confirmed, now: float, rules: Rules) -> Outcome:
    given = keys.given
    if given is None or given.version != confirmed.version:
        return keys, ()
    if given.kcv != confirmed.kcv.upper():
        keys = replace(keys, given=None, under_tmk="", day=date.min, quiet_until=now + rules.back_off_s)
        return keys, (Save(), Note(f"{keys.terminal}: it has a key of another check value", alarm=True))
    keys = replace(
        keys, current=given, given=None, under_tmk="", previous=keys.current,
        previous_until=now + rules.grace_s, given_at=None, tries=0,
    )  # fmt: skip
    return keys, (Save(), Note(f"{keys.terminal}: version {given.version} is in force"))
