"""What is in the store: transactions, their messages, what links are owed, exceptions."""

from __future__ import annotations

import json
from collections.abc import Sequence

from switch.codec.privacy import without_pans
from switch.operator.command import FromRecords, Lines, misused
from switch.operator.ports import CommandRefused, Records
from switch.operator.words import columns, lasting, moment, money
from switch.store.rows import Noted, Transaction

SHOWN_USUALLY, SHOWN_MOST = 20, 1_000
SEARCHES = {"pan-last4": "pan_last", "stan": "stan", "terminal": "terminal"}
USAGE = "[N] [by pan-last4|stan|terminal VALUE]"
BECAUSE = "because"
EXCEPTIONS_USAGE = f"[close|put-back ID {BECAUSE} REASON]"
HEADING = ("arrived", "link", "terminal", "stan", "pan", "service", "amount", "to", "stage", "response", "id")


def transactions(records: Records, words: Sequence[str]) -> Lines:
    """The latest transactions, the newest first."""
    left = list(words)
    count = SHOWN_USUALLY
    if left and left[0].isdecimal() and left[0] != "by":
        count = int(left.pop(0)[:6])
    search: dict[str, str] = {}
    if left:
        if len(left) != 3 or left[0] != "by" or left[1] not in SEARCHES:
            raise misused("transactions", USAGE)
        search[SEARCHES[left[1]]] = left[2]
    if not 1 <= count <= SHOWN_MOST:
        raise CommandRefused(f"1 to {SHOWN_MOST} transactions can be shown")
    if "pan_last" in search and not (len(search["pan_last"]) == 4 and search["pan_last"].isdecimal()):
        raise CommandRefused("pan-last4 is the last four digits")
    return columns(HEADING, [_cells(each) for each in records.latest(count, **search)])


def transaction(records: Records, words: Sequence[str]) -> Lines:
    """One transaction, field by field."""
    row = _found(records, "transaction", words)
    shown = {
        "id": row.id,
        "arrived": moment(row.arrived_us),
        "changed": moment(row.changed_us),
        "business date": row.business_date,
        "service": row.service,
        "stage": row.stage,
        "response": row.response_code,
        "approval": row.approval,
        "amount": money(row.amount, row.currency),
        "reversed": money(row.amount_reversed, row.currency),
        "pan": row.pan,
        "from link": row.link,
        "terminal": row.terminal,
        "stan": row.stan,
        "transmitted": row.transmitted,
        "reference": row.reference,
        "acquirer": row.acquirer,
        "to link": row.issuer_link,
        "original": row.original_id,
        "answer": f"{len(row.answer)} bytes, {row.delivery}" if row.answer else "none",
        "owner": row.owner,
    }
    return columns(("field", "value"), [(name, value or "-") for name, value in shown.items()])


def journal(records: Records, words: Sequence[str]) -> Lines:
    """A transaction's messages, masked."""
    row = _found(records, "journal", words)
    return [line for noted in records.journal(row.id) for line in _message(noted)]


def queues(records: Records, words: Sequence[str]) -> Lines:
    """What each link is owed."""
    if words:
        raise misused("queues", "")
    now = records.now_us()
    return columns(
        ("link", "owed", "oldest", "attempts"),
        [(q.link, q.depth, lasting(now - q.oldest_us), q.attempts_most) for q in records.queues()],
    )


def exceptions(records: Records, words: Sequence[str]) -> Lines:
    """What somebody must look at; *close* when somebody has, *put-back* what is to be sent again."""
    if words:
        return _decided(records, words)
    return columns(
        ("since", "link", "kind", "note", "transaction", "id"),
        [
            (moment(r.at_us), r.link or "-", r.kind, without_pans(r.note) or "-", r.transaction_id or "-", r.id)
            for r in records.irregular()[:SHOWN_MOST]
        ],
    )


def _decided(records: Records, words: Sequence[str]) -> Lines:
    """Of one exception, in whose id there may be blanks."""
    order, _, told = " ".join(words).partition(" ")
    id, because, reason = (part.strip() for part in told.partition(f" {BECAUSE} "))
    if order not in ("close", "put-back") or not (id and because and reason):
        raise misused("exceptions", EXCEPTIONS_USAGE)
    reason = without_pans(reason)
    if order == "close":
        if not records.close_irregular(id, reason):
            raise CommandRefused("no exception is open under that id")
        return ("closed",)
    link = records.put_back(id, reason)
    if not link:
        raise CommandRefused("no exception is open under that id over a message that a link was owed")
    return (f"{link} is owed it again",)


def _found(records: Records, command: str, words: Sequence[str]) -> Transaction:
    """The transaction of an id, in which there may be blanks."""
    if not words:
        raise misused(command, "ID")
    row = records.transaction(" ".join(words))
    if row is None:
        raise CommandRefused("there is no transaction of that id; see transactions")
    return row


def _cells(row: Transaction) -> tuple[object, ...]:
    return (
        moment(row.arrived_us), row.link, row.terminal or "-", row.stan or "-", row.pan or "-", row.service or "-",
        money(row.amount, row.currency), row.issuer_link or "-", row.stage, row.response_code or "-", row.id,
    )  # fmt: skip


def _message(noted: Noted) -> Lines:
    arrow = "<" if noted.direction == "in" else ">"
    yield f"{moment(noted.at_us)} {arrow} {noted.link} {noted.mti}"
    for number, value in json.loads(noted.fields).items():
        yield f"    {number:>3}  {value}"


COMMANDS = (
    FromRecords("transactions", USAGE, "the latest transactions", transactions),
    FromRecords("transaction", "ID", "one transaction", transaction),
    FromRecords("journal", "ID", "a transaction's messages, masked", journal),
    FromRecords("queues", "", "what links are owed: depth, oldest, attempts", queues),
    FromRecords("exceptions", EXCEPTIONS_USAGE, "what somebody must look at; send its message again", exceptions),
)
