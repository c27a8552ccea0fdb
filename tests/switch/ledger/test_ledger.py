from __future__ import annotations

from dataclasses import replace

import pytest
from support.bookkeeping import account

from switch.ledger.ledger import (
    AMOUNT_MAX,
    SUM_MAX,
    Outcome,
    Transfer,
    available,
    ledger_balance,
    open_account,
    post,
    transfer,
    transfer_all,
    trial_balance,
    void,
)
from switch.store.rows import Account, Posting, Row
from switch.store.view import Place, View


class Nothing:
    """A store without rows."""

    def look(self, place: Place) -> Row | None:
        return None


@pytest.fixture
def view() -> View:
    """Anna has 100 and a credit limit of 50, Binh nothing; the cash account is the bank's own."""
    made = View(Nothing())
    open_account(made, account("cash", limited=False))
    open_account(made, account("anna", limit=50))
    open_account(made, account("binh"))
    assert transfer(made, Transfer("opening", "cash", "anna", 100, "704")) is Outcome.DONE
    return made


def balances(view: View, id: str) -> tuple[int, int]:
    found = view.get(Account, id)
    assert found is not None
    return ledger_balance(found), available(found)


def move(id: str, amount: int, pending: bool = False, debit: str = "anna", credit: str = "binh") -> Transfer:
    return Transfer(id, debit, credit, amount, "704", pending)


def test_a_transfer_is_taken_here_and_given_there(view: View) -> None:
    assert transfer(view, move("t", 30)) is Outcome.DONE
    assert balances(view, "anna") == (70, 120)
    assert balances(view, "binh") == (30, 30)


def test_a_pending_transfer_sets_aside_and_gives_nothing_yet(view: View) -> None:
    assert transfer(view, move("t", 30, pending=True)) is Outcome.DONE
    assert balances(view, "anna") == (100, 120)
    assert balances(view, "binh") == (0, 0)
    assert post(view, "e", "t") is Outcome.DONE
    assert balances(view, "anna") == (70, 120)
    assert balances(view, "binh") == (30, 30)


def test_what_was_not_dispensed_is_released(view: View) -> None:
    transfer(view, move("t", 30, pending=True))
    assert post(view, "e", "t", 10) is Outcome.DONE
    assert balances(view, "anna") == (90, 140)
    assert view.get(Posting, "t") == Posting("t", "anna", "binh", "704", 10, 30, "posted", "e")


def test_a_void_releases_all(view: View) -> None:
    transfer(view, move("t", 30, pending=True))
    assert void(view, "e", "t") is Outcome.DONE
    assert balances(view, "anna") == (100, 150)
    assert post(view, "f", "t") is Outcome.ENDED
    assert void(view, "e", "t") is Outcome.REPEATED
    assert void(view, "f", "t") is Outcome.ENDED


def test_all_that_is_available_can_be_taken_and_no_more(view: View) -> None:
    assert transfer(view, move("t", 151)) is Outcome.INSUFFICIENT
    assert transfer(view, move("t", 100, pending=True)) is Outcome.DONE
    assert transfer(view, move("u", 51)) is Outcome.INSUFFICIENT
    assert transfer(view, move("u", 50)) is Outcome.DONE
    assert transfer(view, move("v", 1)) is Outcome.INSUFFICIENT
    assert balances(view, "anna") == (50, 0)


def test_money_that_is_pending_cannot_be_spent_where_it_goes(view: View) -> None:
    transfer(view, move("t", 30, pending=True))
    assert transfer(view, move("u", 1, debit="binh", credit="anna")) is Outcome.INSUFFICIENT


def test_the_same_again_changes_nothing_and_another_under_the_id_is_refused(view: View) -> None:
    for pending in (False, True):
        asked = move(f"t{pending}", 30, pending)
        assert transfer(view, asked) is Outcome.DONE
        before = dict(view.changes)
        assert transfer(view, asked) is Outcome.REPEATED
        for other in (
            replace(asked, amount=29), replace(asked, debit="binh", credit="anna"), replace(asked, credit="cash"),
            replace(asked, pending=not pending), replace(asked, currency="840"),
        ):  # fmt: skip
            assert transfer(view, other) is Outcome.DIFFERENT
        assert view.changes == before
    post(view, "e", "tTrue", 10)
    assert transfer(view, move("tTrue", 30, pending=True)) is Outcome.REPEATED
    assert post(view, "e", "tTrue", 10) is Outcome.REPEATED
    assert post(view, "e", "tTrue", 11) is Outcome.ENDED


@pytest.mark.parametrize(
    ("asked", "outcome"),
    [
        (move("t", 0), Outcome.BAD_AMOUNT),
        (move("t", -1), Outcome.BAD_AMOUNT),
        (move("t", AMOUNT_MAX + 1, debit="cash"), Outcome.BAD_AMOUNT),
        (move("t", AMOUNT_MAX, debit="cash"), Outcome.DONE),
        (move("t", 1, credit="anna"), Outcome.SAME_ACCOUNT),
        (move("t", 1, credit="nobody"), Outcome.NO_ACCOUNT),
        (move("t", 1, debit="nobody"), Outcome.NO_ACCOUNT),
        (Transfer("t", "anna", "binh", 1, "840"), Outcome.CURRENCY),
    ],
)
def test_what_cannot_be_is_refused(view: View, asked: Transfer, outcome: Outcome) -> None:
    before = dict(view.changes)
    assert transfer(view, asked) is outcome
    assert (view.changes == before) == (outcome is not Outcome.DONE)


@pytest.mark.parametrize(("status", "take", "give"), [("blocked", 0, 1), ("closed", 0, 0), ("open", 1, 1)])
def test_an_account_gives_and_takes_by_its_status(view: View, status: str, take: int, give: int) -> None:
    anna = view.get(Account, "anna")
    assert anna is not None
    view.put(replace(anna, status=status))
    assert transfer(view, move("t", 1)) is (Outcome.DONE if take else Outcome.NOT_OPEN)
    back = move("u", 1, debit="cash", credit="anna")
    assert transfer(view, back) is (Outcome.DONE if give else Outcome.NOT_OPEN)


def test_what_was_set_aside_is_posted_though_the_account_was_blocked_since(view: View) -> None:
    transfer(view, move("t", 30, pending=True))
    anna = view.get(Account, "anna")
    assert anna is not None
    view.put(replace(anna, status="blocked"))
    assert post(view, "e", "t") is Outcome.DONE


@pytest.mark.parametrize("amount", [0, -1])
def test_nothing_can_not_be_posted(view: View, amount: int) -> None:
    transfer(view, move("t", 30, pending=True))
    assert post(view, "e", "t", amount) is Outcome.BAD_AMOUNT
    assert post(view, "e", "t", 31) is Outcome.ABOVE_PENDING
    assert post(view, "e", "t", 30) is Outcome.DONE


def test_only_what_was_pending_can_be_ended(view: View) -> None:
    assert post(view, "e", "opening") is Outcome.NO_PENDING
    assert void(view, "e", "never") is Outcome.NO_PENDING


def test_both_legs_or_none(view: View) -> None:
    before = dict(view.changes)
    assert transfer_all(view, [move("t", 10), move("u", 141)]) is Outcome.INSUFFICIENT
    assert view.changes == before
    fee = replace(move("u", 3), credit="cash")
    assert transfer_all(view, [move("t", 10), fee]) is Outcome.DONE
    assert transfer_all(view, [move("t", 10), fee]) is Outcome.REPEATED
    assert balances(view, "anna") == (87, 137)


def test_a_later_leg_may_spend_what_an_earlier_one_brings(view: View) -> None:
    onward = move("u", 10, debit="binh", credit="cash")
    assert transfer_all(view, [move("t", 10), onward]) is Outcome.DONE


def test_a_sum_never_exceeds_64_bits(view: View) -> None:
    cash = view.get(Account, "cash")
    assert cash is not None
    view.put(replace(cash, debits_posted=SUM_MAX - 5, debits_pending=3))
    assert transfer(view, move("t", 3, debit="cash")) is Outcome.OVERFLOW
    assert transfer(view, move("t", 2, debit="cash")) is Outcome.DONE


def test_an_account_is_opened_once_and_empty(view: View) -> None:
    assert open_account(view, account("anna", limit=50)) is Outcome.REPEATED
    assert balances(view, "anna") == (100, 150)
    assert open_account(view, account("anna", limit=51)) is Outcome.DIFFERENT
    assert open_account(view, account("x", limit=-1)) is Outcome.BAD_AMOUNT
    for sums in ("debits_posted", "debits_pending", "credits_posted", "credits_pending"):
        full = account("x")
        object.__setattr__(full, sums, 1)
        assert open_account(view, full) is Outcome.BAD_AMOUNT


def test_a_trial_balance_is_all_zeros_and_tells_when_it_is_not(view: View) -> None:
    transfer(view, move("t", 30, pending=True))
    rows = [row for row in view.changes.values() if isinstance(row, Account)]
    assert trial_balance([*rows, account("d", currency="840")]) == {"704": (0, 0), "840": (0, 0)}
    assert trial_balance(rows[1:]) == {"704": (100, 0)}
