from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from switch.store.database import Database
from switch.store.leases import held, release, take
from switch.store.rows import Lease, Row
from switch.store.view import Place, View, Work
from switch.store.writer import Writer, value_of


class Rows:
    def look(self, place: Place) -> Row | None:
        return None


@pytest.fixture
def view() -> View:
    return View(Rows())


def taken(view: View, owner: str, now: int) -> Lease:
    lease = take(view, "bank-a", owner, now, 10)
    assert lease is not None
    return lease


def test_a_lease_is_one_s_until_it_runs_out(view: View) -> None:
    assert taken(view, "one", 0) == Lease("bank-a", "one", 1, 10)
    assert take(view, "bank-a", "two", 9, 10) is None
    assert taken(view, "two", 10) == Lease("bank-a", "two", 2, 20)
    assert take(view, "bank-a", "one", 11, 10) is None


def test_renewing_keeps_the_term_and_never_shortens(view: View) -> None:
    taken(view, "one", 5)
    assert taken(view, "one", 9) == Lease("bank-a", "one", 1, 19)
    assert taken(view, "one", 3) == Lease("bank-a", "one", 1, 19)
    assert taken(view, "one", 30) == Lease("bank-a", "one", 1, 40)


def test_who_was_replaced_holds_nothing_whatever_its_clock_says(view: View) -> None:
    first = taken(view, "one", 0)
    assert held(view, first)
    second = taken(view, "two", 10)
    assert not held(view, first)
    release(view, first)
    assert held(view, second)
    assert not held(view, Lease("bank-b", "one", 1, 99))


def test_what_is_released_may_be_taken_at_once_and_in_a_new_term(view: View) -> None:
    first = taken(view, "one", 0)
    release(view, first)
    assert not held(view, first)
    assert taken(view, "one", 1).term == 2


class Rivals(RuleBasedStateMachine):
    """Processes whose clocks differ: at no time do two hold a lease."""

    def __init__(self) -> None:
        super().__init__()
        self.view = View(Rows())
        self.leases: list[Lease] = []

    @rule(owner=st.sampled_from("abc"), now=st.integers(0, 50))
    def takes(self, owner: str, now: int) -> None:
        lease = take(self.view, "x", owner, now, 10)
        if lease is not None:
            self.leases.append(lease)
        holders = {each.owner for each in self.leases if held(self.view, each)}
        assert len(holders) == 1
        assert len({each.owner for each in self.leases if each.term == self.leases[-1].term}) == 1

    @rule(at=st.integers(0, 5))
    def releases(self, at: int) -> None:
        if at < len(self.leases):
            release(self.view, self.leases[-1 - at])
            assert not held(self.view, self.leases[-1 - at])


TestRivals = Rivals.TestCase
TestRivals.settings = settings(max_examples=50, deadline=None)


@pytest.fixture
def rivals(database: Database) -> Iterator[list[Writer]]:
    made = [Writer(database) for _ in range(3)]
    yield made
    for each in made:
        each.close()


def test_of_many_who_want_it_at_once_one_gets_it(rivals: list[Writer]) -> None:
    got: list[Lease | None] = []
    for number in range(20):
        for at, writer in enumerate(rivals):
            name, owner = f"link{number}", f"{at}"

            decide = partial(take, id=name, owner=owner, now_us=0, lasts_us=10)
            writer.submit(Work(decide), lambda result: got.append(value_of(result)))
    for writer in rivals:
        writer.close()
        assert writer.callbacks_failed == 0
    assert sorted(each.id for each in got if each is not None) == sorted(f"link{number}" for number in range(20))
    assert len(got) == 60
