from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from support.ourbank import ANNA, PAN_KEY, Bank, Rows, asks, block_of, configured, pvv, write_files

from switch.issuer.accounts import settlement_id
from switch.issuer.bookfile import Opening
from switch.issuer.loading import OPENING_ACCOUNT, ROWS_PER_WORK, Books, LoadError, load_works, read_books
from switch.ledger.ledger import trial_balance
from switch.store.rows import Account, Card
from switch.store.writer import Writer
from switch.tablefile import TableFileError


def test_the_books_are_read_from_their_files(tmp_path: Path) -> None:
    write_files(tmp_path)
    assert read_books(configured(), tmp_path) == Bank().books


@pytest.mark.parametrize("name", ["accounts.csv", "cards.csv", "pan.key"])
@pytest.mark.parametrize("content", [None, b"\xff\xfe", b"no such columns"])
def test_a_file_that_is_none(tmp_path: Path, name: str, content: bytes | None) -> None:
    write_files(tmp_path)
    (tmp_path / name).unlink()
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(TableFileError, match=name):
        read_books(configured(), tmp_path)


def test_books_may_be_empty(tmp_path: Path) -> None:
    write_files(tmp_path)
    for name in ("accounts.csv", "cards.csv"):
        (tmp_path / name).write_text("")
    assert read_books(configured(), tmp_path) == Books({}, {}, PAN_KEY)


def again(bank: Bank, books: Books) -> None:
    for work in load_works(books):
        bank.store.do(work.decide)


def test_again_nothing_changes() -> None:
    bank = Bank()
    assert trial_balance(bank.accounts()) == {"704": (0, 0)}
    assert bank.held(OPENING_ACCOUNT) == -1_600_000
    before = dict(bank.store.rows)
    again(bank, bank.books)
    assert bank.store.rows == before


def test_a_start_keeps_what_has_happened() -> None:
    bank = Bank()
    bank.say(asks("PIN change", 1, de_48=block_of("7777", ANNA).hex()))
    bank.say(asks("withdrawal", 2, 50_000, digits="7777"))
    bank.say(asks("withdrawal", 3, 50_000, digits="0000"))
    card = bank.card()
    again(bank, bank.books)
    assert bank.card() == card
    assert card.pin_check == pvv(ANNA, "7777")
    assert bank.held("anna") == 750_000
    assert bank.held(settlement_id("banknet")) == 50_000


def test_the_files_terms_are_followed() -> None:
    bank = Bank()
    bank.say(asks("withdrawal", 1, 50_000))
    id = bank.card().id
    cards = dict(bank.books.cards) | {id: replace(bank.books.cards[id], amount_limit=1, expires="3112")}
    opening = bank.books.accounts["anna"]
    accounts = dict(bank.books.accounts) | {
        "anna": replace(opening, account=replace(opening.account, status="blocked"))
    }
    again(bank, Books(accounts, cards, PAN_KEY))
    assert (bank.card().amount_limit, bank.card().expires, bank.card().amount_used) == (1, "3112", 50_000)
    account = bank.store.rows[Account, "anna"]
    assert isinstance(account, Account)
    assert (account.status, account.debits_posted) == ("blocked", 50_000)


@pytest.mark.parametrize(("here", "file", "then"), [("active", "lost", "lost"), ("stolen", "active", "stolen")])
def test_a_file_puts_cards_on_the_hot_list_and_takes_none_off(here: str, file: str, then: str) -> None:
    bank = Bank()
    id = bank.card().id
    bank.put(replace(bank.card(), status=here))
    again(bank, replace(bank.books, cards={id: replace(bank.books.cards[id], status=file)}))
    assert bank.card().status == then


def test_what_cannot_be_reconciled_is_told() -> None:
    bank = Bank()
    opening = bank.books.accounts["anna"]
    for other in (
        replace(opening, amount=1),
        replace(opening, amount=0),
        replace(opening, account=replace(opening.account, kind="savings")),
    ):
        with pytest.raises(LoadError, match="anna"):
            again(bank, Books({"anna": other}, {}, PAN_KEY))
    binh = replace(bank.books.accounts["chi"], amount=5)
    with pytest.raises(LoadError, match="chi"):
        again(bank, Books({"chi": binh}, {}, PAN_KEY))


@pytest.mark.parametrize("status", ["blocked", "closed"])
def test_an_account_may_be_shut_from_the_first(status: str) -> None:
    store = Rows()
    account = Account("x", "current", "704", status, 1, 0)
    for work in load_works(Books({"x": Opening(account, 7)}, {}, PAN_KEY)):
        store.do(work.decide)
    assert store.rows[Account, "x"] == replace(account, credits_posted=7)


def test_many_go_in_several_works_that_say_what_they_read(writer: Writer) -> None:
    card = Bank().card()
    count = ROWS_PER_WORK * 2 + 1
    accounts = {f"a{n}": Opening(Account(f"a{n}", "current", "704", "open", 1, 0), n % 2) for n in range(count)}
    cards = {f"{n:032}": replace(card, id=f"{n:032}") for n in range(count)}
    works = list(load_works(Books(accounts, cards, PAN_KEY)))
    assert len(works) == 6
    for work in works:
        writer.do(work)
    assert {(kind, id) for work in works for kind, id in work.needs} >= {(Card, id) for id in cards}
    for work in load_works(Books(accounts, cards, PAN_KEY)):
        writer.do(work)
