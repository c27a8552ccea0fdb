from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from support.bookkeeping import DATE, account, owed, transaction

from switch.ledger.ledger import Transfer, transfer
from switch.store.database import Database
from switch.store.keyrows import KeySlot, slot_key
from switch.store.reading import Queue, Reading
from switch.store.rows import (
    Account,
    BusinessDay,
    Card,
    Irregular,
    Lease,
    Noted,
    Posting,
    Row,
    Stage,
)
from switch.store.view import View, Work
from switch.store.writer import Writer


@pytest.fixture
def reading(database: Database) -> Iterator[Reading]:
    made = Reading(database)
    yield made
    made.close()


def put(*rows: Row) -> Work[None]:
    def decide(view: View) -> None:
        for row in rows:
            view.put(row)

    return Work(decide)


def test_what_was_begun_and_not_finished_is_in_flight_in_the_order_of_its_arrival(
    writer: Writer, reading: Reading
) -> None:
    stages = [
        Stage.AWAITING_ISSUER,
        Stage.ANSWERED,
        Stage.ASKED,
        Stage.REVERSED,
        Stage.REVERSAL_OWED,
        Stage.AWAITING_HSM,
    ]
    rows = [transaction(f"{9 - n:06d}", stage=stage, position=f"{n:020x}") for n, stage in enumerate(stages)]
    rows.append(transaction("000077", stage=Stage.TOMBSTONE))
    writer.do(put(*reversed(rows)))
    assert reading.in_flight() == [rows[0], rows[2], rows[4], rows[5]]
    assert reading.in_flight(after=rows[2].position) == [rows[4], rows[5]]
    assert reading.in_flight(owner="two") == []
    assert len(reading.in_flight(rows_max=1)) == 1
    writer.do(put(replace(rows[0], stage=Stage.ANSWERED)))
    assert reading.in_flight(owner="one") == [rows[2], rows[4], rows[5]]


def test_an_answer_is_kept_byte_for_byte(writer: Writer, reading: Reading) -> None:
    answer = bytes(range(256))
    writer.do(put(transaction("000001", answer=answer)))
    assert reading.in_flight()[0].answer == answer


def test_what_is_owed_is_told_in_order_and_by_link(writer: Writer, reading: Reading) -> None:
    rows = [owed(f"t{n}", n) for n in range(12)]
    other = owed("t0", 3, link="bank-j", attempts=7)
    writer.do(put(*reversed(rows), other, owed("x", 99, state="settled"), owed("y", 98, state="expired")))
    assert reading.owed("bank-i") == rows
    assert reading.owed("bank-i", after=rows[3].position, rows_max=2) == rows[4:6]
    assert reading.queues() == [Queue("bank-i", 12, 0, 0), Queue("bank-j", 1, 3, 7)]


def test_an_original_is_found_without_its_key(writer: Writer, reading: Reading) -> None:
    first = transaction("000001")
    yesterday = transaction("000001", id="other", business_date="20261121", position="0")
    reversal = transaction("000001", id="rev", original_id=first.id)
    writer.do(put(first, yesterday, reversal, transaction("000002")))
    assert reading.originals("bank-a", "A1", "000001") == [first, yesterday]
    assert reading.originals("bank-a", "A1", "000001", DATE) == [first]
    assert reading.originals("bank-b", "A1", "000001") == []


def test_rows_of_every_other_kind_come_back_as_they_went(writer: Writer, reading: Reading) -> None:
    rows: list[Row] = [
        KeySlot(
            slot_key("bank-a", "ZPK", "out", 1), "bank-a", "ZPK", "out", 1, 3, "active", "U0011", "08D7B4", 5, 1, 2
        ),
        Card("c1", "970411******0003", "a1", "active", "2912", 3, "1234", 10_000_000, 5, DATE, 0, 0),
        BusinessDay(DATE, "open", 1, 0),
        Lease("bank-a", "one", 4, 99),
    ]
    writer.do(put(*rows))
    assert [row for kind in (KeySlot, Card, BusinessDay, Lease) for row in reading.every(kind)] == rows


def test_what_somebody_must_look_at(writer: Writer, reading: Reading) -> None:
    seen = Irregular("1", 5, "t1", "bank-i", "advice refused", "51", "open")
    writer.do(put(seen, replace(seen, id="2", state="closed"), replace(seen, id="3", at_us=4)))
    assert reading.irregular() == [replace(seen, id="3", at_us=4), seen]


def test_books_that_are_not_what_their_postings_make_them_are_found(writer: Writer, reading: Reading) -> None:
    def decide(view: View) -> None:
        for name in "abc":
            view.put(account(name, limited=False))
        transfer(view, Transfer("t", "a", "b", 10, "704"))
        transfer(view, Transfer("p", "a", "c", 5, "704", pending=True))

    writer.do(Work(decide))
    assert reading.books() == []
    right = {row.id: row for row in reading.every(Account)}
    for sums in ("debits_posted", "debits_pending", "credits_posted", "credits_pending"):
        writer.do(put(replace(right["c"], **{sums: getattr(right["c"], sums) + 1})))
        assert reading.books() == ["c"]
    writer.do(put(right["c"], replace(reading.every(Posting)[1], amount=11)))
    assert reading.books() == ["a", "b"]


def message(number: int, transaction_id: str) -> Noted:
    return Noted(f"{number:020x}", number, DATE, transaction_id, "bank-a", "in", "0200", "", "", "{}")


def test_the_latest_transactions_are_those_whose_messages_came_last(writer: Writer, reading: Reading) -> None:
    rows = [
        transaction("000001"),
        transaction("000002", terminal="A2"),
        transaction("000003", pan="970411******0004"),
        transaction("000004", pan="970411**_***9999"),
    ]
    first, second, third, fourth = (row.id for row in rows)
    of = [first, second, third, "", first, fourth]
    writer.do(put(*rows, *(message(number, id) for number, id in enumerate(of))))
    assert [row.stan for row in reading.latest(10)] == ["000004", "000001", "000003", "000002"]
    assert [row.stan for row in reading.latest(2)] == ["000004", "000001"]
    assert [row.stan for row in reading.latest(10, pan_last="0003")] == ["000001", "000002"]
    assert [row.stan for row in reading.latest(10, pan_last="%")] == []
    assert [row.stan for row in reading.latest(10, stan="000003")] == ["000003"]
    assert [row.stan for row in reading.latest(10, terminal="A2")] == ["000002"]
    assert reading.latest(10, stan="000003", terminal="A2") == []
    assert reading.transaction(second) == rows[1]
    assert reading.transaction("none") is None


def test_open_exceptions_are_counted(writer: Writer, reading: Reading) -> None:
    assert reading.irregular_count() == 0
    writer.do(put(*(Irregular(str(n), n, "", "bank-i", "refused", "", "open" if n else "closed") for n in range(3))))
    assert reading.irregular_count() == 2
