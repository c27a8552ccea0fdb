"""The kinds of rows.

Every field is an ``int`` (64 bits), a ``str`` or ``bytes``; times are microseconds since 1970 UTC and end in ``_us``;
amounts are minor units of the row's currency (ISO 4217 numeric code); business dates are ``yyyymmdd``.  No row has a place
for a PIN, a PIN block, a track or a clear key.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from switch.store.row import Row as Row
from switch.store.row import key as key


@dataclass(frozen=True)
class Noted(Row):
    """A message that came (*direction* ``in``) or went (``out``), masked; *id* is a rising number."""

    TABLE = "journal"
    INDEXES = (("transaction_id",), ("business_date", "link"))
    at_us: int
    business_date: str
    transaction_id: str
    link: str
    direction: str
    mti: str
    pan: str
    """The first six and last four digits."""
    response_code: str
    fields: str
    """The elements as JSON, by number: what may be shown of each."""


class Stage(StrEnum):
    """How far a transaction has come."""

    ASKED = "asked"
    AWAITING_HSM = "awaiting-hsm"
    AWAITING_ISSUER = "awaiting-issuer"
    ANSWERED = "answered"
    REVERSAL_OWED = "reversal-owed"
    REVERSED = "reversed"
    TOMBSTONE = "tombstone"
    """A reversal came for what was never seen: the original is refused should it come late."""


FINISHED = frozenset({Stage.ANSWERED, Stage.REVERSED, Stage.TOMBSTONE})


@dataclass(frozen=True)
class Transaction(Row):
    """A transaction, by :func:`transaction_key`; *stage* is a :class:`Stage`.

    *answer* is the response as it was sent, for repeats, byte for byte; empty while there is none.  *delivery* is
    ``unknown``, ``delivered`` or ``failed``.  *position* is the rising number of its arrival, and *owner* the process that
    works on it.  *reversal* is the message by which the issuer is told to take it back, should that be owed one day.
    """

    TABLE = "transactions"
    INDEXES = (("stage", "position"), ("link", "terminal", "stan"))
    position: str
    stage: str
    business_date: str
    link: str
    transmitted: str
    stan: str
    acquirer: str
    reference: str
    terminal: str
    pan: str
    service: str
    amount: int
    amount_reversed: int
    currency: str
    issuer_link: str
    reversal: bytes
    original_id: str
    approval: str
    response_code: str
    answer: bytes
    delivery: str
    owner: str
    arrived_us: int
    changed_us: int


def transaction_key(business_date: str, link: str, stan: str, acquirer: str, reference: str, terminal: str) -> str:
    """What makes a request the same request: link, DE 11, 32, 37 and 41, within one business date.

    DE 7 is not among them: a reversal has one of its own, and not every network repeats the original's in DE 90.
    """
    return key(business_date, link, stan, acquirer, reference, terminal)


class Sending(StrEnum):
    """What has become of a message that is owed."""

    WAITING = "waiting"
    SENT = "sent"
    SETTLED = "settled"
    EXPIRED = "expired"


@dataclass(frozen=True)
class Owed(Row):
    """A message that *link* must get, however long it takes; *state* is a :class:`Sending`.

    *id* is :func:`owed_key`, so one original is owed one reversal whoever asks for it.  Of one original the messages go in
    the order of *position*.  *body* is the message as it will be sent, without PIN and track.
    """

    TABLE = "store_and_forward"
    INDEXES = (("link", "state", "position"), ("original_id",))
    position: str
    link: str
    original_id: str
    mti: str
    body: bytes
    state: str
    attempts: int
    next_us: int
    expires_us: int
    queued_us: int
    response_code: str


def owed_key(link: str, original_id: str, kind: str) -> str:
    """What makes an obligation the same obligation: the link, the original, and its kind (``reversal``, ``advice``)."""
    return key(link, original_id, kind)


@dataclass(frozen=True)
class Account(Row):
    """Four sums that only grow or, when a pending transfer ends, shrink again; all in minor units.

    *limited* is 1 where what may be taken is bounded: by the credits posted and *credit_limit*; 0 for the books' own
    accounts.  *status* is ``open``, ``blocked`` (nothing can be taken) or ``closed``.
    """

    TABLE = "accounts"
    kind: str
    currency: str
    status: str
    limited: int
    credit_limit: int
    debits_pending: int = 0
    debits_posted: int = 0
    credits_pending: int = 0
    credits_posted: int = 0


@dataclass(frozen=True)
class Posting(Row):
    """*amount* from the *debit* account to the *credit* account; *state* is ``pending``, ``posted`` or ``voided``.

    What was pending and then posted keeps in *amount* what was posted, and in *reserved* what had been set aside.
    *ended_by* is the id of the transfer that posted or voided it.
    """

    TABLE = "postings"
    INDEXES = (("debit",), ("credit",), ("ended_by",))
    debit: str
    credit: str
    currency: str
    amount: int
    reserved: int
    state: str
    ended_by: str


@dataclass(frozen=True)
class Card(Row):
    """*id* stands for the PAN, which is shown masked in *pan*; *expires* is DE 14, ``yymm``.

    *tries_left* counts down with each wrong PIN.  The *used* ones belong to *used_date*.  *pin_check* is the PVV or
    offset, by which a PIN is verified in the HSM, and *pvki* the number of the PVV's key.  *account_id* is the account
    that the card means by itself; *savings_id*, *current_id* and *credit_id* those it can name in DE 3, where it has them.
    *chip_counter* is the highest application transaction counter of which a cryptogram was right.
    """

    TABLE = "cards"
    pan: str
    account_id: str
    status: str
    expires: str
    tries_left: int
    pin_check: str
    amount_limit: int
    count_limit: int
    used_date: str
    amount_used: int
    count_used: int
    pvki: str = "1"
    service_code: str = ""
    savings_id: str = ""
    current_id: str = ""
    credit_id: str = ""
    chip_counter: int = 0


@dataclass(frozen=True)
class Authorisation(Row):
    """What the issuer has approved and posted, under the transaction's id.

    *returned* of *amount* has been taken back since, by reversals, voids and refunds; *original_id* is empty or, of a void
    or refund, the sale that it takes back.  The card's day *business_date* was charged, or relieved.  *fee* is what stands
    of the fee that was paid with it; of a void, what was given back.
    """

    TABLE = "authorisations"
    INDEXES = (("card_id", "business_date"), ("original_id",))
    card_id: str
    original_id: str
    business_date: str
    amount: int
    returned: int
    fee: int = 0


@dataclass(frozen=True)
class SaleName(Row):
    """A name by which a card acceptor calls the sale *authorisation_id*, when it voids it or refunds some of it."""

    TABLE = "sale_names"
    authorisation_id: str


@dataclass(frozen=True)
class BusinessDay(Row):
    """*id* is the date; *state* is ``open`` or ``closed``."""

    TABLE = "business_days"
    state: str
    opened_us: int
    closed_us: int


@dataclass(frozen=True)
class Irregular(Row):
    """What somebody must look at: an expired reversal, a refused advice; *state* is ``open`` or ``closed``."""

    TABLE = "exceptions"
    INDEXES = (("state", "at_us"),)
    at_us: int
    transaction_id: str
    link: str
    kind: str
    note: str
    state: str


@dataclass(frozen=True)
class Lease(Row):
    """Which process (*owner*) works on *id*; *term* rises with each new owner, *until_us* with each sign of its life."""

    TABLE = "leases"
    owner: str
    term: int
    until_us: int


@dataclass(frozen=True)
class Era(Row):
    """How often ids have been begun anew: one row, ``numbers``."""

    TABLE = "eras"
    number: int
