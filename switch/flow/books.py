"""What a transaction changes in the store, each change whole or not at all.

Everything that could race (an answer, a time-out, a reversal, a repeat, another process) meets here, in works that the
store does one after the other: the stage that a row has reached decides what is still possible.

    (nothing)        --begin-->    AWAITING_ISSUER      --reverse--> TOMBSTONE
    AWAITING_ISSUER  --conclude--> ANSWERED             --give up--> REVERSAL_OWED, when the issuer may have done it
    ANSWERED         --reverse-->  REVERSAL_OWED        (approved, elsewhere) or REVERSED (our own books)
    REVERSAL_OWED    --settled-->  REVERSED
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from switch.saf import works
from switch.services.responses import APPROVED
from switch.standin import counting
from switch.store.rows import Irregular, Noted, Owed, Sending, Stage, Transaction, key, owed_key
from switch.store.view import View

REVERSAL = "reversal"
UNKNOWN, DELIVERED, FAILED, ADVISED, TOLD = "unknown", "delivered", "failed", "advised", "told"
"""What is known of an answer's delivery: advised when an advice has told that what we approved has happened, told when it
tells what somebody else has approved, of which that is not known."""
UNPROVED = "reversed, though its approval may have been delivered"
EXPIRES_US = 7 * 86_400 * 1_000_000
"""A message that is owed and can't be delivered for so long becomes an exception."""


@dataclass(frozen=True)
class Begun:
    """The transaction is entered."""


@dataclass(frozen=True)
class Repeated:
    """It is known: *answer* is what was said then; empty while nothing was."""

    answer: bytes


@dataclass(frozen=True)
class Refused:
    """It can't be entered any more: *response* says why."""

    response: str


Entry = Begun | Repeated | Refused
CLOCKS_DIFFER, YEAR = timedelta(minutes=10), timedelta(days=366)
DUPLICATE, TOO_LATE = "94", "68"


def note(view: View, notes: Sequence[Noted]) -> None:
    """Enter *notes* in the journal."""
    for each in notes:
        view.add(each)


def entered(view: View, row: Transaction, near: Sequence[str]) -> Transaction | None:
    """The row that *row*, a request, already has, or its reversal; on another business date under one of the ids *near*."""
    there = view.get(Transaction, row.id)
    for id in near if there is None else ():
        other = view.get(Transaction, id)
        if other is not None and _same(row, other):
            return other
    return there


def _same(row: Transaction, other: Transaction) -> bool:
    """Is *row*, a request, what *other* of another business date, with its numbers, is?

    What was entered because of a reversal or an advice has the DE 7 of that one, which is written after its original's, or
    by another's clock.
    """
    if other.stage == Stage.TOMBSTONE or other.delivery in (ADVISED, TOLD):
        return not _later(row.transmitted, other.transmitted)
    return row.transmitted == other.transmitted


def _later(one: str, other: str) -> bool:
    """Was DE 7 *one* written after *other*, by more than clocks of partners differ?  What is no time is not later."""
    try:
        # DE 7 has no year; one with a 29th of February serves for all.
        times = [datetime.strptime(f"2000{text}", "%Y%m%d%H%M%S") for text in (one, other)]
    except ValueError:
        return False
    after = times[0] - times[1]
    return CLOCKS_DIFFER < (after + YEAR if after < -YEAR / 2 else after) < YEAR / 2


def begin(view: View, row: Transaction, near: Sequence[str], notes: Sequence[Noted]) -> Entry:
    """Enter *row*, unless it, or a reversal of it, was there before; then of *notes* only what came is noted."""
    there = entered(view, row, near)
    if there is not None:
        note(view, notes[:1])
        return known(there, row)
    view.put(row)
    note(view, notes)
    return Begun()


def known(there: Transaction, row: Transaction) -> Entry:
    """What a request *row* is when *there* has its key.

    A repeat is the same in all that matters; what is not the same only has its numbers.
    """
    if there.stage == Stage.TOMBSTONE:
        return Refused(DUPLICATE)
    alike = (there.service, there.amount, there.currency, there.pan, there.transmitted)
    if alike != (row.service, row.amount, row.currency, row.pan, row.transmitted):
        return Refused(DUPLICATE)
    if not there.answer and there.stage != Stage.AWAITING_ISSUER:
        # It was given up with nobody left to be told, as after a restart.
        return Refused(TOO_LATE)
    return Repeated(there.answer)


def conclude(
    view: View, id: str, response: str, approval: str, answer: bytes, now_us: int, notes: Sequence[Noted]
) -> bool:
    """The issuer has answered, or it never saw the question: may *answer* be delivered?

    Not, when it came too late: the transaction was given up or reversed.
    """
    row = view.get(Transaction, id)
    if row is None or row.stage != Stage.AWAITING_ISSUER:
        note(view, notes[:1])
        return False
    note(view, notes)
    view.put(
        replace(row, stage=Stage.ANSWERED, response_code=response, approval=approval, answer=answer, changed_us=now_us)
    )
    return True


def give_up(view: View, id: str, body: bytes, position: str, now_us: int) -> bool:
    """Nobody works on it any more, and the issuer may have done it: the reversal *body* is owed.  Was that still to do?

    With no *body* there is nothing that could be reversed.
    """
    row = view.get(Transaction, id)
    if row is None or row.stage != Stage.AWAITING_ISSUER:
        return False
    stage = Stage.REVERSAL_OWED if body else Stage.ANSWERED
    view.put(replace(row, stage=stage, response_code=TOO_LATE, changed_us=now_us))
    if body:
        owe(view, row, body, position, now_us)
    return True


def owe(
    view: View, row: Transaction, body: bytes, position: str, now_us: int, kind: str = REVERSAL, mti: str = "0420"
) -> None:
    """That *row*'s issuer must get *body*; once for each original and *kind*, whoever asks."""
    works.owe(
        view,
        Owed(
            id=owed_key(row.issuer_link, row.id, kind), position=position, link=row.issuer_link, original_id=row.id,
            mti=mti, body=body, state=Sending.WAITING, attempts=0, next_us=now_us, expires_us=now_us + EXPIRES_US,
            queued_us=now_us, response_code="",
        ),
    )  # fmt: skip
    if kind != works.ADVICE:
        counting.leave(view, row.id, 0 if kind == REVERSAL else row.amount - row.amount_reversed)


def undelivered(view: View, id: str, body: bytes, position: str, now_us: int, certainly: bool = True) -> bool:
    """Whether the reversal *body* is owed, because the approved answer could not be delivered.

    Not *certainly*: the partner may have it after all, so it becomes an exception too.
    """
    row = view.get(Transaction, id)
    if row is None or row.stage != Stage.ANSWERED:
        return False
    owes = bool(body) and row.response_code == APPROVED
    stage = Stage.REVERSAL_OWED if owes else row.stage
    # A repeat must not be approved when the issuer takes it back.
    answer, delivery = b"" if owes else row.answer, FAILED if certainly else UNKNOWN
    view.put(replace(row, stage=stage, answer=answer, delivery=delivery, changed_us=now_us))
    if owes:
        owe(view, row, body, position, now_us)
    if owes and not certainly:
        view.put(Irregular(key(UNPROVED, id), now_us, id, row.link, UNPROVED, "", "open"))
    return owes


def settled(view: View, owed: Owed, now_us: int) -> None:
    """The issuer has acknowledged the reversal *owed*."""
    row = view.get(Transaction, owed.original_id)
    if row is not None and row.stage == Stage.REVERSAL_OWED:
        view.put(replace(row, stage=Stage.REVERSED, changed_us=now_us))
