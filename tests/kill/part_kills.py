"""Imports and preparations killed at random, and gone on with: nothing twice, and the same file in the end.

``part_kills.py --cards N --kills K --seed S``: an order of N cards is imported, and an XOF file prepared, once without a
break and once by processes that are killed (``kill -9``) K times each.  Counted is what the HSM is asked, in memory that
all the processes share.  The HSM is in those processes, too: what it gives out opens in every one of them.
"""

from __future__ import annotations

import argparse
import os
import signal
import sqlite3
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from mmap import mmap
from pathlib import Path
from random import Random
from typing import TypeVar, cast

from support.cardorders import HELD, card, write_xof
from support.cardroom import LoopbackHsm, SeededBytes, issuer_keys, now, profile
from support.perso import Bureau, LocalPool, order, result
from support.perso import now as now_in_tests
from twisted.internet.defer import Deferred

from hsm.client.pool import HsmPool
from hsm.wire.message import Message
from switch.perso.authority import TestAuthority
from switch.perso.books import Books
from switch.perso.partfile import MARK_CARDS
from switch.server.perso import importing, preparing
from switch.server.perso.hsm import PersoHsm
from switch.server.perso.preparing import OrderPreparation

M = TypeVar("M", bound=Message)
COUNT_BYTES = 8
NAME = "970499-2026-0001"


class Tally:
    """How often the HSM was asked, by whichever process."""

    def __init__(self) -> None:
        self._shared = mmap(-1, COUNT_BYTES)

    def one_more(self) -> None:
        self._shared[:] = (self.value + 1).to_bytes(COUNT_BYTES, "big")

    @property
    def value(self) -> int:
        return int.from_bytes(self._shared[:], "big")


class CountedHsm(LoopbackHsm):
    """Its questions are counted in the *tally*."""

    def __init__(self, tally: Tally) -> None:
        super().__init__()
        self._tally = tally

    def ask(self, request: Message, answers: type[M], code: str | None = None) -> Deferred[M]:
        self._tally.one_more()
        return super().ask(request, answers, code)


class CountedPool:
    """A *pool* whose questions are counted in the *tally*."""

    def __init__(self, pool: LocalPool, tally: Tally) -> None:
        self._pool, self._tally = pool, tally
        self.wire = pool.wire

    def ask(self, request: Message, answers: type[M], *, code: str | None = None) -> Deferred[M]:
        self._tally.one_more()
        self._pool.traffic.clear()
        return self._pool.ask(request, answers, code=code)


@dataclass(frozen=True)
class Outcome:
    """What was asked without a break and with *kills*, and whether both files are the same."""

    asked_unbroken: int
    asked_broken: int
    kills: int
    same: bool


def killed(work: Callable[[], object], seconds: float) -> bool:
    """Do *work* in a process that is killed after so long; was it killed before it was done?"""
    child = os.fork()
    if not child:
        try:
            work()
            os._exit(0)
        finally:
            os._exit(1)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    status = os.waitpid(child, 0)[1]
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, "it failed by itself"
    return os.WIFSIGNALED(status)


def broken(work: Callable[[], object], unbroken_seconds: float, kills: int, draw: Random) -> int:
    """Kill *work* so often, then let it end; how often it was killed.

    The moments lie over the whole of it: each process comes, by chance, one part of so many further.
    """
    struck = sum(killed(work, draw.uniform(0.0, 2.5 * unbroken_seconds / (kills + 1))) for _ in range(kills))
    work()
    return struck


def imported(folder: Path, cards: int, kills: int, draw: Random) -> Outcome:
    """An order imported without a break, and with *kills*."""
    tally = Tally()
    bureau = Bureau(folder).prepare()
    hsm = PersoHsm(cast("HsmPool", CountedPool(bureau.pool, tally)))
    path = folder / f"{NAME}.order"
    path.write_bytes(order(cards))

    def work(xofs: Path) -> object:
        own = importing.OrderImport(hsm, Books(folder / "books.db"), xofs, now_in_tests)
        return own.imported(path) or result(own.import_file(path))

    for name in ("unbroken", "broken"):
        (folder / name).mkdir()
    began = time.monotonic()
    work(folder / "unbroken")
    asked, seconds = tally.value, time.monotonic() - began
    with sqlite3.connect(folder / "books.db") as books:
        books.execute("DELETE FROM card_order")
    struck = broken(lambda: work(folder / "broken"), seconds, kills, draw)
    assert [each.name for each in (folder / "broken").iterdir()] == [f"{NAME}.xof"]
    first, second = ((folder / name / f"{NAME}.xof").read_bytes() for name in ("unbroken", "broken"))
    return Outcome(asked, tally.value - asked, struck, first == second)


def prepared(folder: Path, cards: int, kills: int, draw: Random) -> Outcome:
    """An XOF file prepared without a break, and with *kills*; IVs are zeros, so that files can be compared."""
    tally = Tally()
    hsm = CountedHsm(tally)
    authority = TestAuthority.founded(0x92, SeededBytes("authority"))
    keys = now(Deferred.fromCoroutine(issuer_keys(hsm, authority)))
    xof = write_xof(folder / "a.xof", [card(number, pin="8246") for number in range(1, cards + 1)])

    def work() -> object:
        preparation = OrderPreparation(hsm, profile(), keys, HELD.get, bytes)
        return now(Deferred.fromCoroutine(preparation.prepare_file(xof, to)))

    to = folder / "unbroken.prepared"
    before, began = tally.value, time.monotonic()
    work()
    unbroken, seconds = tally.value - before, time.monotonic() - began
    to = folder / "broken.prepared"
    before = tally.value
    struck = broken(work, seconds, kills, draw)
    same = to.read_bytes() == (folder / "unbroken.prepared").read_bytes()
    return Outcome(unbroken, tally.value - before, struck, same)


def spare(cards: int, unbroken: int, kills: int, batch_cards: int) -> int:
    """What may be asked besides: of each kill the cards behind the last mark, and what goes before the first card.

    An import also deciphers again who the holders are, one question a batch: no card may come twice.
    """
    a_card = unbroken / cards
    behind = MARK_CARDS + 4 * batch_cards
    return int(kills * (behind * a_card + cards / batch_cards + 16))


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    words.add_argument("--cards", type=int, default=20_000)
    words.add_argument("--kills", type=int, default=10)
    words.add_argument("--seed", type=int, default=0)
    given = words.parse_args()
    draw = Random(given.seed)
    for what, done, batch in (
        ("import", imported, importing.BATCH_CARDS), ("preparation", prepared, preparing.BATCH_CARDS)
    ):  # fmt: skip
        with tempfile.TemporaryDirectory(prefix="zonekey-parts-") as name:
            outcome = done(Path(name), given.cards, given.kills, draw)
        most = spare(given.cards, outcome.asked_unbroken, outcome.kills, batch)
        print(f"{what} of {given.cards} cards, {outcome.kills} kills: the HSM was asked {outcome.asked_unbroken} times"
              f" without a break, {outcome.asked_broken - outcome.asked_unbroken} times more with them ({most} at most);"
              f" files {'the same' if outcome.same else 'DIFFER'}", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
