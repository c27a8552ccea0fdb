"""Works/s of the store and how long one takes until it is committed, with group commit and with a commit each, in one run.

    python tests/bench/store.py [--seconds 2] [--check]

A work is half a transaction: a message in the journal, and the transaction's row put in or changed.  As many are always
outstanding as a busy switch has, so the latency is that of a full load; the wait in the queue is part of it.  With
``--check`` the exit code is 1 when group commit gains less than it must over a commit each.
"""

from __future__ import annotations

import argparse
import platform
import sqlite3
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from support.bookkeeping import DATE, transaction
from support.databases import MISSING, has_postgres, serving

from switch.codec.message import Message
from switch.store.database import Database
from switch.store.group import Done, Result
from switch.store.journal import noted
from switch.store.numbers import Numbers, begin_era
from switch.store.opening import database as database_at
from switch.store.opening import migrate
from switch.store.rows import Noted, Transaction
from switch.store.view import View, Work
from switch.store.writer import Writer

GAIN_LEAST = 1.5
MESSAGE = Message("0200", {2: "9704110000000003", 3: "010000", 4: 50_000, 11: "000001", 37: "000000003347", 41: "A1"})


def works(numbers: Numbers) -> Iterator[Work[None]]:
    """A transaction's first half and then its second, over and over."""
    count = 0
    while True:
        count += 1
        asked = replace(transaction(f"{count:06d}"), position=numbers.next())
        asked = replace(asked, id=f"{asked.id}/{asked.position}")
        answered = replace(asked, stage="answered", response_code="00", answer=b"0210" * 60)
        for row in (asked, answered):
            note = noted(numbers.next(), 1, MESSAGE, "bank-a", "in", DATE, row.id)

            def decide(view: View, note: Noted = note, row: Transaction = row) -> None:
                if row.stage == "asked":
                    view.add(row)
                else:
                    assert view.get(Transaction, row.id) is not None
                    view.put(row)
                view.add(note)

            yield Work(decide, [(Transaction, row.id)] if row is answered else [])


def measured(database: Database, group: int, outstanding: int, seconds: float) -> tuple[float, float, float]:
    """Works/s, and the median and 99th percentile of the milliseconds from submitting to being told."""
    writer = Writer(database, group_works_max=group)
    source = works(Numbers(writer.do(begin_era())))
    free = threading.Semaphore(outstanding)
    taken: list[float] = []
    begun = time.perf_counter()
    while time.perf_counter() - begun < seconds:
        free.acquire()
        submitted = time.perf_counter()

        def told(result: Result[None], submitted: float = submitted) -> None:
            assert result == Done(None)
            taken.append(time.perf_counter() - submitted)
            free.release()

        writer.submit(next(source), told)
    writer.close()
    assert writer.callbacks_failed == 0
    spent = time.perf_counter() - begun
    taken.sort()
    return len(taken) / spent, taken[len(taken) // 2] * 1000, taken[len(taken) * 99 // 100] * 1000


@contextmanager
def databases() -> Iterator[list[tuple[str, Database]]]:
    """Both, with their tables."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        found = [(f"SQLite {sqlite3.sqlite_version}, WAL, FULL", database_at(f"sqlite:///{folder}/bench.db"))]
        if has_postgres():
            found.append(
                ("PostgreSQL, local socket", database_at(stack.enter_context(serving(on_disk=True)).new_url()))
            )
        else:
            print(MISSING)
        for _, each in found:
            migrate(each)
        yield found


def main() -> int:
    """Measure, print, and with ``--check`` judge."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--check", action="store_true")
    given = parser.parse_args()
    print(f"{platform.machine()}, Python {platform.python_version()}")
    missed = False
    with databases() as found:
        for name, database in found:
            rates: dict[int, float] = {}
            for group, outstanding in ((1, 200), (10, 200), (50, 200), (200, 200), (200, 1000), (200, 1)):
                rate, median, p99 = measured(database, group, outstanding, given.seconds)
                rates.setdefault(group, rate)
                words = "a commit each" if group == 1 else f"groups of at most {group}"
                print(
                    f"{name}: {words}, {outstanding} outstanding: {rate:.0f}/s, p50 {median:.2f} ms, p99 {p99:.2f} ms"
                )
            gain = rates[200] / rates[1]
            missed |= gain < GAIN_LEAST
            print(f"{name}: group commit gains {gain:.1f} times (at least {GAIN_LEAST:g})")
    return int(given.check and missed)


if __name__ == "__main__":
    sys.exit(main())
