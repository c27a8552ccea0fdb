"""Several processes' writers on one database and the same few accounts."""

from __future__ import annotations

import threading
from functools import partial
from typing import Any

from support.bookkeeping import account

from switch.ledger.ledger import Outcome, Transfer, available, open_account, transfer
from switch.store.database import Database
from switch.store.group import Done, Result
from switch.store.reading import Reading
from switch.store.rows import Account, Posting
from switch.store.view import View, Work
from switch.store.writer import Writer

TRANSFERS, WRITERS, HELD = 150, 3, 200


def test_money_is_conserved_and_each_transfer_is_done_once_though_every_writer_does_it(database: Database) -> None:
    writers = [Writer(database, group_works_max=20) for _ in range(WRITERS)]

    def opened(view: View) -> None:
        for name in "abcd":
            open_account(view, account(name))
        open_account(view, account("cash", limited=False))
        for name in "abcd":
            transfer(view, Transfer(f"opening {name}", "cash", name, HELD, "704"))

    writers[0].do(Work(opened))
    told: list[Result[Any]] = []
    ended = threading.Semaphore(0)

    def tell(result: Result[Any]) -> None:
        told.append(result)
        ended.release()

    for number in range(TRANSFERS):
        pair = "abcd"[number % 4], "abcd"[(number + 1 + number // 4 % 3) % 4]
        asked = Transfer(f"t{number}", *pair, 1 + number % 50, "704")
        for writer in writers:
            writer.submit(Work(partial(transfer, asked=asked), asked.needs), tell)
    for _ in range(TRANSFERS * WRITERS):
        assert ended.acquire(timeout=60)
    for writer in writers:
        writer.close()
    outcomes = [each.value for each in told if isinstance(each, Done)]
    assert len(outcomes) == TRANSFERS * WRITERS
    reading = Reading(database)
    assert reading.books() == []
    done = [row for row in reading.every(Posting) if row.id.startswith("t")]
    assert outcomes.count(Outcome.DONE) == len(done) > TRANSFERS // 2
    assert set(outcomes) <= {Outcome.DONE, Outcome.REPEATED, Outcome.INSUFFICIENT}
    accounts = {row.id: row for row in reading.every(Account)}
    assert sum(available(accounts[name]) for name in "abcd") == 4 * HELD
    assert all(available(accounts[name]) >= 0 for name in "abcd")
    reading.close()
