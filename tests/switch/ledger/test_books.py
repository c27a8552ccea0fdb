"""The books against a model that keeps nothing but the list of what was agreed, on both databases."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from support.bookkeeping import account

from switch.ledger.ledger import Outcome, Transfer, available, open_account, post, transfer, transfer_all, void
from switch.store.database import Connection, Database
from switch.store.group import Done, apply
from switch.store.reading import Reading
from switch.store.rows import Account, Posting
from switch.store.view import View, Work

LIMITS = {"a": 0, "b": 40, "c": 0, "cash": None}
"""Each account's credit limit; None: it is not limited."""
_examples = itertools.count()


@dataclass
class Agreed:
    """One transfer that was done: what is set aside, and what has moved."""

    asked: Transfer
    aside: int
    moved: int
    ended: tuple[str, str, int] | None = None


class Model:
    """Everything follows from the list of transfers, counted anew at each question."""

    def __init__(self) -> None:
        self.agreed: dict[str, Agreed] = {}

    def held(self, name: str) -> int:
        return sum(each.moved for each in self.agreed.values() if each.asked.credit == name) - sum(
            each.moved + each.aside for each in self.agreed.values() if each.asked.debit == name
        )

    def transfer(self, asked: Transfer) -> Outcome:
        if asked.id in self.agreed:
            return Outcome.REPEATED if self.agreed[asked.id].asked == asked else Outcome.DIFFERENT
        if asked.debit == asked.credit:
            return Outcome.SAME_ACCOUNT
        limit = LIMITS[asked.debit]
        if limit is not None and self.held(asked.debit) + limit < asked.amount:
            return Outcome.INSUFFICIENT
        aside, moved = (asked.amount, 0) if asked.pending else (0, asked.amount)
        self.agreed[asked.id] = Agreed(asked, aside, moved)
        return Outcome.DONE

    def transfer_all(self, asked: list[Transfer]) -> Outcome:
        before, outcomes = dict(self.agreed), []
        for each in asked:
            outcomes.append(self.transfer(each))
            if outcomes[-1] not in (Outcome.DONE, Outcome.REPEATED):
                self.agreed = before
                return outcomes[-1]
        return Outcome.DONE if Outcome.DONE in outcomes else Outcome.REPEATED

    def end(self, what: str, id: str, pending: str, amount: int | None) -> Outcome:
        found = self.agreed.get(pending)
        if found is None or not found.asked.pending:
            return Outcome.NO_PENDING
        moved = 0 if what == "void" else found.asked.amount if amount is None else amount
        if found.ended is not None:
            return Outcome.REPEATED if found.ended == (what, id, moved) else Outcome.ENDED
        if moved > found.asked.amount:
            return Outcome.ABOVE_PENDING
        found.aside, found.moved, found.ended = 0, moved, (what, id, moved)
        return Outcome.DONE


names = st.sampled_from(sorted(LIMITS))
ids = st.integers(0, 9).map(lambda number: f"t{number}")
amounts = st.integers(1, 60)
transfers = st.builds(Transfer, ids, names, names, amounts, st.just("704"), st.booleans())
ends = st.tuples(st.sampled_from(["post", "void"]), ids, ids, st.none() | amounts)
asks = transfers | ends | st.lists(transfers, min_size=1, max_size=3)
Ask = Transfer | tuple[str, str, str, int | None] | list[Transfer]


class Books(RuleBasedStateMachine):
    """Groups of asks; after each the accounts are what the model says, and the books are right."""

    connection: Connection
    reading: Reading

    @initialize()
    def opened(self) -> None:
        self.own = f"{next(_examples)}."  # an example's accounts and transfers are its own
        self.model = Model()

        def decide(view: View) -> None:
            for name, limit in LIMITS.items():
                open_account(view, account(self.own + name, limit or 0, limited=limit is not None))
            transfer(view, self.mine(Transfer("opening", "cash", "a", 100, "704")))

        self.model.transfer(Transfer("opening", "cash", "a", 100, "704"))
        assert apply(self.connection, [Work(decide)]) == [Done(None)]

    def mine(self, asked: Transfer) -> Transfer:
        own = self.own
        return Transfer(
            own + asked.id, own + asked.debit, own + asked.credit, asked.amount, asked.currency, asked.pending
        )

    def work(self, ask: Ask) -> Work[object]:
        if isinstance(ask, Transfer):
            asked = self.mine(ask)
            return Work(lambda view: transfer(view, asked), asked.needs)
        if isinstance(ask, list):
            legs = [self.mine(each) for each in ask]
            return Work(lambda view: transfer_all(view, legs), [place for leg in legs for place in leg.needs])
        what, id, pending, amount = ask
        place = self.own + pending
        if what == "void":
            return Work(lambda view: void(view, id, place))
        return Work(lambda view: post(view, id, place, amount), [(Posting, place)])

    def expected(self, ask: Ask) -> Outcome:
        if isinstance(ask, Transfer):
            return self.model.transfer(ask)
        return self.model.transfer_all(ask) if isinstance(ask, list) else self.model.end(*ask)

    @rule(group=st.lists(asks, min_size=1, max_size=8))
    def asked(self, group: list[Ask]) -> None:
        results = apply(self.connection, [self.work(ask) for ask in group])
        assert results == [Done(self.expected(ask)) for ask in group]

    @invariant()
    def the_accounts_are_what_was_agreed(self) -> None:
        if not hasattr(self, "own"):
            return
        looked = Work(lambda view: [view.get(Account, self.own + name) for name in LIMITS])
        (result,) = apply(self.connection, [looked])
        assert isinstance(result, Done)
        assert isinstance(result.value, list)
        rows = dict(zip(LIMITS, result.value, strict=True))
        for name, row in rows.items():
            assert available(row) == self.model.held(name) + (LIMITS[name] or 0)
            assert not row.limited or available(row) >= 0
        assert sum(row.credits_posted - row.debits_posted for row in rows.values()) == 0
        assert sum(row.credits_pending - row.debits_pending for row in rows.values()) == 0

    def teardown(self) -> None:
        assert self.reading.books() == []


def test_the_books_agree_with_the_list_of_what_was_agreed(database: Database) -> None:
    connection, reading = database.connect(), Reading(database)

    class Here(Books):
        pass

    Here.connection, Here.reading = connection, reading
    run_state_machine_as_test(Here, settings=settings(deadline=None, stateful_step_count=15, max_examples=40))
    connection.close()
    reading.close()
