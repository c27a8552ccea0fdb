"""The machine of one line: (line, event, time) → (line, effects).

Whatever happens, ``step`` first lets keys expire, then reacts, then pursues what is still wanted.  It never waits: an
answer that doesn't come is noticed at a later Tick.
"""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from switch.keys.effects import AskHsm, Effect, ImportZoneKey, NewZoneKey, Note, Save, Send
from switch.keys.events import (
    Cause,
    ChangeKey,
    Event,
    Heard,
    HsmRefused,
    Imported,
    LinkDown,
    LinkUp,
    Made,
    PartnerUsed,
    SyncError,
    Tick,
    Used,
)
from switch.keys.line import PAST_MAX, VERSION_MAX, Job, Line, Rules
from switch.keys.slots import State, ZoneKey
from switch.keys.words import Check, NotTaken, Offer, Taken, Wanted, Why, Word

Outcome = tuple[Line, tuple[Effect, ...]]


def step(line: Line, event: Event, now: float, rules: Rules, may_begin: bool = True) -> Outcome:
    """The line after *event* at *now* (seconds of a clock that outlives the process), and what is to be done.

    With *may_begin* False nothing new is begun, because another line of the link is busy.
    """
    slots = line.slots.expired(now)
    if slots is not line.slots:
        line = replace(line, slots=slots)
    line, first = _react(line, event, now, rules)
    line, then = _pursue(line, now, rules, may_begin)
    return line, first + then


def _react(line: Line, event: Event, now: float, rules: Rules) -> Outcome:
    match event:
        case Tick():
            return line, ()
        case Used(times):
            return replace(line, uses=line.uses + times), ()
        case PartnerUsed(version):
            return _partner_has(line, version, now, rules)
        case SyncError():
            recent = (*(at for at in line.sync_errors if now - at < rules.sync_window_s), now)
            return replace(line, sync_errors=recent[-(rules.sync_errors_max or 1) :]), ()
        case ChangeKey():
            return replace(line, cause=Cause.OPERATOR, quiet_until=now), ()
        case LinkUp():
            return _connected(line)
        case LinkDown():
            return replace(line, connected=False), ()
        case Made():
            return _made(line, event)
        case Imported():
            return _imported(line, event, now)
        case HsmRefused(job):
            return _hsm_refused(line, job, now, rules)
        case Heard(word):
            return _heard(line, word, now, rules)
        case _:
            assert_never(event)


def _heard(line: Line, word: Word, now: float, rules: Rules) -> Outcome:
    match word:
        case Offer():
            return _offered(line, word)
        case Taken():
            return _taken(line, word, now, rules)
        case NotTaken():
            return _not_taken(line, word, now, rules)
        case Wanted():
            return _wanted(line, word)
        case Check():
            return _checked(line, word, now, rules)
        case _:
            assert_never(word)


def _say(line: Line, word: Word) -> Send:
    return Send(line.link, line.type, line.direction, word)


def _note(line: Line, text: str, alarm: bool = False) -> Note:
    return Note(f"{line.link} {line.type.name} {line.direction.name}: {text}", alarm)


# What is still wanted.


def _pursue(line: Line, now: float, rules: Rules, may_begin: bool) -> Outcome:
    """Repeats an offer without an answer; begins an exchange for which there is a cause."""
    if line.cause is None:
        cause = _cause(line, now, rules)
        line = replace(line, cause=cause) if cause else line
    if not line.connected:
        return line, ()
    pending = line.slots.find(State.PENDING)
    if pending and pending.offer:
        return _repeated(line, pending.offer, now, rules) if not line.importing else (line, ())
    retiring = line.slots.find(State.RETIRING)
    has_room = retiring is None or (line.overriding and retiring.until is None)
    if line.cause is None or line.busy or not has_room or not may_begin or now < line.quiet_until:
        return line, ()
    if not line.is_switch and (line.overriding or not rules.member_makes):
        return _repeated(line, Wanted(0 if line.overriding else line.slots.in_force), now, rules)
    if max(line.made, line.highest) >= VERSION_MAX:
        quiet = replace(line, quiet_until=now + rules.back_off_most_s)
        return quiet, (_note(line, "the versions are used up: change the ZMK", alarm=True),)
    job = Job(line.jobs + 1, 0 if line.overriding else line.slots.in_force)
    begun = replace(line, making=job, jobs=job.number)
    return begun, (_note(line, f"a new key: {line.cause.value}"), AskHsm(job.number, NewZoneKey(line.link, line.type)))


def _cause(line: Line, now: float, rules: Rules) -> Cause | None:
    if not line.slots.in_force:
        return Cause.FIRST
    if rules.period_s is not None and now - line.active_since >= rules.period_s:
        return Cause.CLOCK
    if rules.uses_max is not None and line.uses >= rules.uses_max:
        return Cause.USES
    if rules.sync_errors_max is not None and len(line.sync_errors) >= rules.sync_errors_max:
        return Cause.SYNC
    return None


def _repeated(line: Line, word: Word, now: float, rules: Rules) -> Outcome:
    """*word* said, unless it was said a short time ago: at first every answer_s, then backing off."""
    wait = rules.answer_s if line.tries <= rules.alarm_after else rules.back_off(line.tries - rules.alarm_after)
    if line.said_at is not None and now - line.said_at < wait:
        return line, ()
    said = replace(line, said_at=now, tries=line.tries + 1)
    alarm = (_note(line, "no answer about a new key", alarm=True),) if line.tries == rules.alarm_after else ()
    return said, (*alarm, _say(line, word))


# What this side offered.


def _made(line: Line, made: Made) -> Outcome:
    job = line.making
    if job is None or job.number != made.job:
        return line, ()
    line = replace(line, making=None)
    if line.importing or (job.base and job.base != line.slots.in_force):
        return line, (_note(line, "the key just made is dropped: the partner's offer came first"),)
    version = max(line.made, line.highest) + 1
    offer = Offer(version, made.kcv.upper(), job.base, made.under_wrapper)
    slots = line.slots.pending(ZoneKey(version, offer.kcv, made.under_lmk), offer)
    return replace(line, slots=slots, made=version, said_at=None, tries=0), (Save(),)


def _taken(line: Line, taken: Taken, now: float, rules: Rules) -> Outcome:
    key = line.slots.key(State.PENDING)
    if key is None or taken.version not in (None, key.version):
        return line, ()
    if taken.version is None and taken.kcv.upper() in _known(line):
        return line, ()
    if taken.kcv and taken.kcv.upper() != key.kcv:
        tries = line.tries + 1
        line = replace(
            line, slots=line.slots.dropped(), said_at=None, tries=tries, quiet_until=now + rules.back_off(tries)
        )
        return _out_of_step(line, "the partner took a key of another check value")
    return _activated(line, now, rules)


def _activated(line: Line, now: float, rules: Rules) -> Outcome:
    line = line.renewed(line.slots.activated(now + rules.grace_s), now)
    return line, (Save(), _note(line, f"version {line.slots.in_force} is in force"))


def _not_taken(line: Line, refusal: NotTaken, now: float, rules: Rules) -> Outcome:
    key = line.slots.key(State.PENDING)
    if key is None or refusal.version not in (None, key.version):
        return line, ()
    tries = line.tries + 1
    line = replace(
        line,
        slots=line.slots.dropped(),
        made=max(line.made, min(refusal.highest or 0, VERSION_MAX)),
        cause=None if refusal.why is Why.GLARE else line.cause,
        overriding=line.overriding or refusal.why is Why.OUT_OF_STEP,
        said_at=None,
        tries=tries,
        quiet_until=now + rules.back_off(tries),
    )
    alarm = refusal.why is not Why.GLARE and tries >= rules.alarm_after
    return line, (Save(), _note(line, f"version {key.version} was refused: {refusal.why.value}", alarm))


def _known(line: Line) -> tuple[str, ...]:
    """Check values of the key in force and of those before it, by which late words are known that name no version."""
    active = line.for_encryption()
    return (*line.past, active.kcv) if active else line.past


# What the partner offers.


def _offered(line: Line, offer: Offer) -> Outcome:
    held = line.slots.held(offer.version) if offer.version is not None else None
    if held and held.key and held.state is not State.PENDING and held.key.kcv == offer.kcv.upper():
        return line, (_say(line, Taken(offer.version, held.key.kcv)),)
    active = line.for_encryption()
    if offer == line.took and active and offer.version in (None, active.version):
        return line, (_say(line, Taken(offer.version, active.kcv)),)
    if line.importing:
        return line, ()
    why = _objection(line, offer)
    if why:
        return _refused(line, offer, why)
    job = Job(line.jobs + 1, offer=offer)
    question = ImportZoneKey(line.link, line.type, offer.under_zmk)
    return replace(line, importing=job, jobs=job.number), (AskHsm(job.number, question),)


def _objection(line: Line, offer: Offer) -> Why | None:
    if line.is_switch and offer.base is None:
        return Why.ROLE
    if line.is_switch and (line.making or line.slots.find(State.PENDING)):
        return Why.GLARE
    if offer.version is not None and not line.highest < offer.version <= VERSION_MAX:
        return Why.STALE
    if offer in line.spurned:
        return Why.STALE
    overrides = offer.base == 0 and not line.is_switch
    if offer.base is not None and offer.base != line.slots.in_force and not overrides:
        return Why.OUT_OF_STEP
    return None


def _refused(line: Line, offer: Offer, why: Why) -> Outcome:
    """What is refused stays refused, lest a repeat of it be taken after the refusal has dropped it on the other side."""
    if offer.version is not None and offer.version <= VERSION_MAX:
        line = replace(line, refused=max(line.refused, offer.version))
    if offer.version is None and offer not in line.spurned:
        line = replace(line, spurned=(*line.spurned, offer)[-PAST_MAX:])
    note = _note(
        line, f"an offer is refused: {why.value}", alarm=why in (Why.ROLE, Why.CHECK_VALUE, Why.HSM, Why.OUT_OF_STEP)
    )
    return line, (Save(), _say(line, NotTaken(offer.version, why, line.highest)), note)


def _imported(line: Line, imported: Imported, now: float) -> Outcome:
    offer = line.importing.offer if line.importing and line.importing.number == imported.job else None
    if offer is None:
        return line, ()
    line = replace(line, importing=None)
    kcv, active = imported.kcv.upper(), line.slots.key(State.ACTIVE)
    if offer.version is None and active and active.kcv == kcv:
        return line, (_say(line, Taken(None, kcv)),)
    why = _objection(line, offer)
    if why is None and offer.version is None and kcv in _known(line):
        why = Why.STALE
    if why is None and offer.kcv and offer.kcv.upper() != kcv:
        why = Why.CHECK_VALUE
    if why:
        return _refused(line, offer, why)
    version = offer.version or max(line.made, line.highest) + 1
    slots = line.slots.installed(ZoneKey(version, kcv, imported.under_lmk))
    line = replace(line.renewed(slots, now), took=offer)
    return line, (Save(), _say(line, Taken(offer.version, kcv)), _note(line, f"version {version} is in force"))


# What both may say.


def _hsm_refused(line: Line, job: int, now: float, rules: Rules) -> Outcome:
    if line.importing and line.importing.number == job and line.importing.offer:
        return _refused(replace(line, importing=None), line.importing.offer, Why.HSM)
    if line.making and line.making.number == job:
        quiet = now + rules.back_off(line.tries + 1)
        line = replace(line, making=None, tries=line.tries + 1, quiet_until=quiet)
        return line, (_note(line, "the HSM made no key", alarm=True),)
    return line, ()


def _wanted(line: Line, wanted: Wanted) -> Outcome:
    """A member's wish; a repeat of one that was granted since is a wish no more."""
    if not line.is_switch:
        return line, (_note(line, "a member makes no key when asked"),)
    if line.slots.find(State.PENDING):
        return replace(line, said_at=None), ()
    there, here = wanted.in_force, line.slots.in_force
    if line.making or (there is not None and 0 < there < here):
        return line, ()
    return replace(line, cause=Cause.MEMBER, overriding=line.overriding or (there is not None and there != here)), ()


def _connected(line: Line) -> Outcome:
    line = replace(line, connected=True, said_at=None, tries=0)
    key = line.slots.key(State.ACTIVE)
    check = Check(key.version, key.kcv) if key else Check(0, "")
    return line, () if line.slots.find(State.PENDING) else (_say(line, check),)


def _checked(line: Line, check: Check, now: float, rules: Rules) -> Outcome:
    slot = line.slots.held(check.in_force)
    if slot and slot.key and slot.key.kcv == check.kcv.upper():
        return _partner_has(line, check.in_force, now, rules)
    if check.in_force == line.slots.in_force == 0:
        return line, ()
    line = replace(line, made=max(line.made, min(check.in_force, VERSION_MAX)))
    return _out_of_step(line, f"the partner has version {check.in_force} in force")


def _partner_has(line: Line, version: int, now: float, rules: Rules) -> Outcome:
    """The partner uses *version*, so it has it, and has left the one before."""
    slot = line.slots.held(version)
    if slot and slot.state is State.PENDING:
        return _activated(line, now, rules)
    retiring = line.slots.find(State.RETIRING)
    if slot and slot.state is State.ACTIVE and retiring and retiring.until is None:
        return replace(line, slots=line.slots.seen_in_use(now + rules.grace_s)), (Save(),)
    return line, ()


def _out_of_step(line: Line, text: str) -> Outcome:
    line = replace(line, cause=Cause.OUT_OF_STEP, overriding=True)
    return line, (Save(), _note(line, f"out of step: {text}", alarm=True))
