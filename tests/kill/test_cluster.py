"""Processes that share one store are killed under load: another takes over, and nothing is done twice or half.

``--full`` kills more often, and says what it found.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from support.clustered import LEASE_SECONDS, LOAD, MEMBERS, Pair
from support.databases import MISSING, has_postgres, serving
from support.linked import loop

from switch.store.database import StoreError
from switch.store.opening import database, migrate
from switch.store.rows import Lease

KILLS, KILLS_FULL = 3, 24
SLACK_SECONDS = 3.0
"""The last word of the lease is the database's, and links are opened after what was left is read.  It is a figure, for
who asks for it with ``--full``: a busy machine takes the time that it takes."""


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    if not has_postgres():
        pytest.skip(MISSING)
    with serving() as server, loop() as run, closing(Pair(tmp_path, server.new_url(), run, seed=8583)) as made:
        yield made


def test_who_stands_still_within_a_transaction_loses_it_before_others_give_up() -> None:
    if not has_postgres():
        pytest.skip(MISSING)
    with serving() as server:
        there = database(server.new_url())
        migrate(there)
        still, other = there.connect(), there.connect()
        for step, lease in (("insert", Lease("x", "a", 1, 0)), ("update", Lease("x", "a", 1, 1))):
            other.begin()
            other.write([(Lease, step, [lease])])
        still.begin()
        still.fetch({Lease: ["x"]})
        other.begin()
        assert other.fetch({Lease: ["x"]}) == {(Lease, "x"): Lease("x", "a", 1, 1)}
        with pytest.raises(StoreError):
            still.write([(Lease, "update", [Lease("x", "still", 1, 0)])])
        for each in (still, other):
            each.close()


def test_a_killed_process_is_replaced_and_all_books_agree(
    pair: Pair, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    full = bool(request.config.getoption("--full"))
    chance = random.Random(20261122)
    away: list[float] = []
    began = time.monotonic()
    for number in range(KILLS_FULL if full else KILLS):
        pair.loaded(chance.randrange(LOAD, 3 * LOAD))
        name = chance.choice(MEMBERS)
        away.append(pair.kill(name))
        pair.loaded(LOAD)
        pair.back(name)
        if full:
            with capsys.disabled():
                print(f"kill {number + 1} of {name}: its links were away {away[-1]:.2f} s")
    pair.loaded(LOAD)
    pair.settle()
    assert pair.violations() == []
    cards = pair.partners.cards.values()
    assert sum(card.answers == ["00"] for card in cards) > 100
    assert any("recovery" in (pair.members[name].folder / "switch.log").read_text() for name in MEMBERS)
    if full:
        assert max(away) < LEASE_SECONDS + SLACK_SECONDS
        taken_back = sum(any(mti[1] == "4" for mti in heard) for heard in pair.partners.heard.values())
        with capsys.disabled():
            print(
                f"{len(away)} kills in {time.monotonic() - began:.0f} s, {len(cards)} withdrawals, {taken_back} taken back;"
            )
            print(f"away {min(away):.2f} to {max(away):.2f} s with a lease of {LEASE_SECONDS} s")


def test_a_process_that_stood_still_does_nothing_after_it_was_replaced(pair: Pair) -> None:
    for name in MEMBERS:
        pair.loaded(LOAD)
        pair.freeze(name)
        pair.loaded(LOAD)
        pair.back(name)
    pair.loaded(LOAD)
    pair.settle()
    assert pair.violations() == []
