"""Books that agree, and books that don't."""

from __future__ import annotations

from dataclasses import replace

from switch.demo.books import Agreed, Books, compared, moved, settlement, trial_balance
from switch.store.rows import Account, Stage, Transaction


def row(service: str, amount: int, response: str = "00", **more: str | int) -> Transaction:
    made = Transaction(
        f"{service}{amount}", "", Stage.ANSWERED, "20261122", "bank-a", "", "", "", "", "", "", service, amount, 0, "704",
        "bank-b", b"", "", "", response, b"", "", "", 0, 0,
    )  # fmt: skip
    for name, value in more.items():
        made = replace(made, **{name: value})  # type: ignore[arg-type]  # each value is of its field's type
    return made


def account(id: str, debits: int, credits: int) -> Account:
    return Account(id, "own", "704", "open", 0, 0, debits_posted=debits, credits_posted=credits)


def test_what_moved_is_what_was_approved_less_what_was_given_back() -> None:
    rows = [
        row("withdrawal", 500),
        row("purchase", 300),
        row("refund", 100),
        row("void", 200),
        row("withdrawal", 1000, amount_reversed=600),
        row("withdrawal", 9000, "51"),
        row("balance", 7),
        row("transfer", 8000),
        row("withdrawal", 50, link="other"),
        row("withdrawal", 60, issuer_link="other"),
    ]
    assert moved(rows, "bank-a", "bank-b") == 500 + 300 - 100 - 200 + 400
    assert moved(rows) == 900 + 50 + 60


def test_a_settlement_account_and_a_trial_balance() -> None:
    books = Books([account("settlement:switch", 20, 120), account("customer", 100, 0)], [])
    assert settlement(books, "switch") == 100
    assert settlement(books, "nac") == 0
    assert trial_balance(books) == 0
    assert trial_balance(Books(books.accounts[:1], [])) == 100


def test_each_member_is_compared_with_the_switch_both_ways() -> None:
    """An issuer with two acquirers, one of which says something else than the switch."""
    paid = [row("withdrawal", 500, link="atms", issuer_link="switch")]
    less = [row("withdrawal", 30, link="atms", issuer_link="switch")]
    through = [row("withdrawal", 500, issuer_link="c"), row("withdrawal", 20, link="b", issuer_link="c")]
    books = {name: Books([], []) for name in ("switch", "cardpro", "scheme", "nac", "bank-a")} | {
        "a": Books([], paid), "b": Books([], less), "c": Books([account("settlement:switch", 0, 520)], []),
        "switch": Books([], [replace(each, link="a") if each.link == "bank-a" else each for each in through]),
    }  # fmt: skip
    found = {each.about: each for each in compared(books, ("a", "b", "c"))}
    assert found["a paid for others"].right
    assert found["b paid for others"].theirs == {"b": 30, "switch": 20}
    assert not found["b paid for others"].right
    assert found["others paid for c"].theirs == {"c": 520, "switch": 520}


def test_agreed_is_when_all_say_the_same() -> None:
    assert Agreed("x", {"a": 5, "b": 5}).right
    assert not Agreed("x", {"a": 5, "b": 5, "c": 6}).right
