from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from switch.store.database import Database
from switch.store.group import Done, Failed, Result
from switch.store.leases import Fenced, Replaced, fenced, held, release, renew, take
from switch.store.rows import Era, Lease, Row
from switch.store.view import Place, View, Work
from switch.store.writer import Writer, value_of


class Rows:
    def look(self, place: Place) -> Row | None:
        return None


@pytest.fixture
def view() -> View:
    return View(Rows())


def taken(view: View, owner: str, until: int = 10) -> Lease:
    lease = take(view, "bank-a", owner, view.get(Lease, "bank-a"), until)
    assert lease is not None
    return lease


def test_a_lease_is_taken_by_who_saw_it_as_it_is(view: View) -> None:
    first = taken(view, "one")
    assert first == Lease("bank-a", "one", 1, 10)
    assert take(view, "bank-a", "two", None, 20) is None
    assert renew(view, first, 15)
    assert take(view, "bank-a", "two", first, 20) is None
    assert take(view, "bank-a", "two", Lease("bank-a", "one", 1, 15), 20) == Lease("bank-a", "two", 2, 20)


@pytest.mark.parametrize(("until", "then"), [(15, 15), (10, 11), (3, 11)])
def test_each_sign_of_life_is_seen_whatever_the_clock_says(view: View, until: int, then: int) -> None:
    first = taken(view, "one", 10)
    assert renew(view, first, until)
    assert view.get(Lease, "bank-a") == Lease("bank-a", "one", 1, then)
    assert held(view, first)


def test_who_was_replaced_holds_nothing(view: View) -> None:
    first = taken(view, "one")
    second = taken(view, "two")
    assert not held(view, first)
    assert not renew(view, first, 99)
    release(view, first)
    assert held(view, second)
    assert not held(view, Lease("bank-b", "one", 1, 99))
    assert not renew(view, Lease("bank-b", "one", 1, 99), 99)


def test_what_is_released_is_nobody_s_and_then_another_term_s(view: View) -> None:
    first = taken(view, "one")
    release(view, first)
    assert not held(view, first)
    assert taken(view, "one").term == 2
    assert not held(view, first)


class Rivals(RuleBasedStateMachine):
    """Processes that act upon what they saw long ago: at no time do two hold a lease."""

    def __init__(self) -> None:
        super().__init__()
        self.view = View(Rows())
        self.leases: list[Lease] = []
        self.seen: dict[str, Lease | None] = dict.fromkeys("abc")

    @rule(owner=st.sampled_from("abc"))
    def looks(self, owner: str) -> None:
        self.seen[owner] = self.view.get(Lease, "x")

    @rule(owner=st.sampled_from("abc"), until=st.integers(0, 50))
    def takes(self, owner: str, until: int) -> None:
        before = self.view.get(Lease, "x")
        lease = take(self.view, "x", owner, self.seen[owner], until)
        assert (lease is not None) == (before == self.seen[owner])
        if lease is not None:
            assert lease.term not in [each.term for each in self.leases]
            self.leases.append(lease)
        assert sum(held(self.view, each) for each in self.leases) <= 1

    @rule(at=st.integers(0, 5), until=st.integers(0, 50))
    def renews(self, at: int, until: int) -> None:
        if at < len(self.leases):
            before = self.view.get(Lease, "x")
            assert renew(self.view, self.leases[-1 - at], until) == (before != self.view.get(Lease, "x"))

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
            decide = partial(take, id=f"link{number}", owner=f"{at}", seen=None, until_us=10)
            writer.submit(Work(decide), lambda result: got.append(value_of(result)))
    for writer in rivals:
        writer.close()
        assert writer.callbacks_failed == 0
    assert sorted(each.id for each in got if each is not None) == sorted(f"link{number}" for number in range(20))
    assert len(got) == 60


def count(view: View) -> int:
    row = view.get(Era, "n")
    number = 1 if row is None else row.number + 1
    view.put(Era("n", number))
    return number


def test_a_work_that_is_not_ours_any_more_fails_alone(rivals: list[Writer]) -> None:
    first = value_of_take(rivals[0], None)
    second = value_of_take(rivals[1], first)
    results: list[Result[int]] = []
    # Held back, so that all three are of one group.
    rivals[0].submit(Work(lambda view: None), lambda result: None)
    for work in (Work(count), fenced(Work(count), first), fenced(Work(count), second)):
        rivals[0].submit(work, results.append)
    rivals[0].close()
    assert [each.value if isinstance(each, Done) else type(each.error) for each in results] == [1, Replaced, 2]


def value_of_take(writer: Writer, seen: Lease | None) -> Lease:
    lease = writer.do(Work(partial(take, id="x", owner="o", seen=seen, until_us=10)))
    assert lease is not None
    return lease


def test_a_writer_goes_by_its_lease(writer: Writer) -> None:
    with pytest.raises(Replaced):
        Fenced(writer, None).submit(Work(count), lambda result: None)
    results: list[Result[int]] = []
    Fenced(writer, value_of_take(writer, None)).submit(Work(count), results.append)
    Fenced(writer, Lease("x", "o", 9, 0)).submit(Work(count), results.append)
    writer.close()
    assert results[0] == Done(1)
    assert isinstance(results[1], Failed)
    assert isinstance(results[1].error, Replaced)
