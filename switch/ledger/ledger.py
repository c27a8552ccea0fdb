"""Transfers between accounts.

A transfer's id makes it idempotent: the same again changes nothing and is :attr:`Outcome.REPEATED`, another one under the
id is :attr:`Outcome.DIFFERENT`.  A refused transfer leaves no trace, so it may be tried again under its id.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum, auto

from switch.store.rows import Account, Posting
from switch.store.view import Place, View

AMOUNT_MAX = 10**12 - 1
"""DE 4 has 12 digits."""
SUM_MAX = 2**63 - 1
"""The databases' integers have 64 bits."""
PENDING, POSTED, VOIDED = "pending", "posted", "voided"


class Outcome(Enum):
    """What became of a transfer."""

    DONE = auto()
    REPEATED = auto()
    DIFFERENT = auto()
    BAD_AMOUNT = auto()
    SAME_ACCOUNT = auto()
    NO_ACCOUNT = auto()
    NOT_OPEN = auto()
    CURRENCY = auto()
    INSUFFICIENT = auto()
    OVERFLOW = auto()
    NO_PENDING = auto()
    ABOVE_PENDING = auto()
    ENDED = auto()


GOOD = frozenset({Outcome.DONE, Outcome.REPEATED})


@dataclass(frozen=True)
class Transfer:
    """*amount* minor units of *currency* (numeric code) from account *debit* to account *credit*.

    One that is *pending* sets the amount aside until it is posted or voided.
    """

    id: str
    debit: str
    credit: str
    amount: int
    currency: str
    pending: bool = False

    @property
    def needs(self) -> tuple[Place, ...]:
        """What the transfer looks at, for :class:`~switch.store.view.Work`."""
        return (Posting, self.id), (Account, self.debit), (Account, self.credit)


def ledger_balance(account: Account) -> int:
    """What the books say that the account holds: credits less debits, posted."""
    return account.credits_posted - account.debits_posted


def available(account: Account) -> int:
    """What may be taken now: what it holds, less what is set aside, plus the credit limit."""
    return ledger_balance(account) - account.debits_pending + account.credit_limit


def open_account(view: View, account: Account) -> Outcome:
    """Enter *account*, whose sums are zero; one with the same terms that is there already stays as it is."""
    if account.credit_limit < 0 or account.debits_pending or account.debits_posted:
        return Outcome.BAD_AMOUNT
    if account.credits_pending or account.credits_posted:
        return Outcome.BAD_AMOUNT
    there = view.get(Account, account.id)
    if there is None:
        view.put(account)
        return Outcome.DONE
    plain = replace(there, debits_pending=0, debits_posted=0, credits_pending=0, credits_posted=0)
    return Outcome.REPEATED if plain == account else Outcome.DIFFERENT


def transfer(view: View, asked: Transfer) -> Outcome:
    """Move the amount, or set it aside when *asked* is pending."""
    there = view.get(Posting, asked.id)
    if there is not None:
        begun = (there.debit, there.credit, there.reserved or there.amount, there.currency, bool(there.reserved))
        same = begun == (asked.debit, asked.credit, asked.amount, asked.currency, asked.pending)
        return Outcome.REPEATED if same else Outcome.DIFFERENT
    debit, credit = view.get(Account, asked.debit), view.get(Account, asked.credit)
    if debit is None or credit is None:
        return Outcome.NO_ACCOUNT
    refused = _refused(asked, debit, credit)
    if refused is not None:
        return refused
    if asked.pending:
        view.put(replace(debit, debits_pending=debit.debits_pending + asked.amount))
        view.put(replace(credit, credits_pending=credit.credits_pending + asked.amount))
    else:
        view.put(replace(debit, debits_posted=debit.debits_posted + asked.amount))
        view.put(replace(credit, credits_posted=credit.credits_posted + asked.amount))
    state, reserved = (PENDING, asked.amount) if asked.pending else (POSTED, 0)
    amount = 0 if asked.pending else asked.amount
    view.put(Posting(asked.id, asked.debit, asked.credit, asked.currency, amount, reserved, state, ended_by=""))
    return Outcome.DONE


def _refused(asked: Transfer, debit: Account, credit: Account) -> Outcome | None:
    if not 0 < asked.amount <= AMOUNT_MAX:
        return Outcome.BAD_AMOUNT
    if asked.debit == asked.credit:
        return Outcome.SAME_ACCOUNT
    if debit.currency != asked.currency or credit.currency != asked.currency:
        return Outcome.CURRENCY
    if debit.status != "open" or credit.status == "closed":
        return Outcome.NOT_OPEN
    if debit.limited and available(debit) < asked.amount:
        return Outcome.INSUFFICIENT
    taken, given = debit.debits_pending + debit.debits_posted, credit.credits_pending + credit.credits_posted
    return Outcome.OVERFLOW if max(taken, given) + asked.amount > SUM_MAX else None


def transfer_all(view: View, asked: Iterable[Transfer]) -> Outcome:
    """Do all of *asked* or, when one is refused, none: the outcome of the first that was not done, or DONE.

    REPEATED when every one was a repeat.
    """
    tried = View(view)
    outcomes = set()
    for each in asked:
        outcome = transfer(tried, each)
        if outcome not in GOOD:
            return outcome
        outcomes.add(outcome)
    view.keep(tried)
    return Outcome.REPEATED if outcomes == {Outcome.REPEATED} else Outcome.DONE


def post(view: View, id: str, pending_id: str, amount: int | None = None) -> Outcome:
    """Post the pending transfer *pending_id* under *id*: all of it or, of a partial dispense, *amount* only.

    What is left of it is released.  It is not asked again whether the account holds as much, for that was set aside.
    """
    return _end(view, id, pending_id, POSTED, amount)


def void(view: View, id: str, pending_id: str) -> Outcome:
    """Release what the pending transfer *pending_id* has set aside."""
    return _end(view, id, pending_id, VOIDED, 0)


def _end(view: View, id: str, pending_id: str, state: str, amount: int | None) -> Outcome:
    pending = view.get(Posting, pending_id)
    if pending is None or not pending.reserved:
        return Outcome.NO_PENDING
    posted = pending.reserved if amount is None else amount
    if pending.state != PENDING:
        same = (pending.state, pending.amount, pending.ended_by) == (state, posted, id)
        return Outcome.REPEATED if same else Outcome.ENDED
    if posted > pending.reserved:
        return Outcome.ABOVE_PENDING
    if posted < 0 or (posted == 0 and state == POSTED):
        return Outcome.BAD_AMOUNT
    debit, credit = view.get(Account, pending.debit), view.get(Account, pending.credit)
    if debit is None or credit is None:
        return Outcome.NO_ACCOUNT
    view.put(
        replace(
            debit,
            debits_pending=debit.debits_pending - pending.reserved,
            debits_posted=debit.debits_posted + posted,
        )
    )
    view.put(
        replace(
            credit,
            credits_pending=credit.credits_pending - pending.reserved,
            credits_posted=credit.credits_posted + posted,
        )
    )
    view.put(replace(pending, state=state, amount=posted, ended_by=id))
    return Outcome.DONE


def trial_balance(accounts: Iterable[Account]) -> dict[str, tuple[int, int]]:
    """By currency, posted and pending: credits less debits over all accounts.

    Nothing but zeros, when the books are right.
    """
    sums: dict[str, tuple[int, int]] = {}
    for each in accounts:
        posted, pending = sums.get(each.currency, (0, 0))
        posted += each.credits_posted - each.debits_posted
        pending += each.credits_pending - each.debits_pending
        sums[each.currency] = (posted, pending)
    return sums
