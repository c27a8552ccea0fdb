"""What the issuer says to each service, as a flow asks it; psec stands for the HSM."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest
from support.ourbank import ANNA, BINH, CHI, DATE, ZONE_KEY, Bank, Watched, asks, block_of, pan_of, pvv

from switch import asking as q
from switch.codec.codec import codec
from switch.codec.message import Message, Parts
from switch.flow.ports import Authoriser, Decision
from switch.issuer.accounts import settlement_id
from switch.issuer.loading import load_works
from switch.ledger.ledger import ledger_balance, trial_balance
from switch.store.group import Result
from switch.store.rows import Account, Authorisation, Card, Posting
from switch.store.view import View, Work
from switch.store.writer import Writer, value_of


@pytest.fixture
def bank() -> Bank:
    return Bank()


def test_it_is_what_a_flow_needs(bank: Bank) -> None:
    port: Authoriser = bank.issuer
    assert port is bank.issuer


def test_a_withdrawal_is_debited_once(bank: Bank) -> None:
    asked = asks("withdrawal", 1, 50_000)
    first = bank.ask(asked)
    assert first.response == "00"
    assert len(first.approval) == 6
    assert (bank.held("anna"), bank.held(settlement_id("banknet"))) == (750_000, 50_000)
    assert bank.ask(asked) == first
    assert bank.held("anna") == 750_000
    assert bank.card().amount_used == 50_000
    posting = bank.store.rows[Posting, asked.id]
    assert isinstance(posting, Posting)
    assert (posting.debit, posting.credit, posting.amount) == ("anna", settlement_id("banknet"), 50_000)


def test_the_same_id_for_something_else_is_a_duplicate(bank: Bank) -> None:
    asked = asks("withdrawal", 1, 50_000)
    bank.ask(asked)
    assert bank.say(replace(asked, amount=60_000)) == "94"
    assert bank.held("anna") == 750_000


@pytest.mark.parametrize("channel", ["atm", "teller"])
def test_cash_is_given_at_a_machine_and_at_a_counter(bank: Bank, channel: str) -> None:
    assert bank.say(asks("withdrawal", 1, 50_000, channel=channel)) == "00"


@pytest.mark.parametrize(
    ("service", "code"), [("withdrawal", "010000"), ("withdrawal", "013000"), ("cash advance", "010000")]
)
def test_a_credit_card_spends_its_limit(bank: Bank, service: str, code: str) -> None:
    assert bank.say(asks(service, 1, 700_001, CHI, de_3=code)) == "51"
    assert bank.say(asks(service, 2, 700_000, CHI, de_3=code)) == "00"
    assert bank.held("chi") == -700_000
    assert bank.say(asks("purchase", 3, 1, CHI)) == "51"


def test_goods_are_paid_without_a_pin_where_the_bank_says_so(bank: Bank) -> None:
    assert bank.say(asks("purchase", 1, 50_000)) == "00"
    assert bank.asked == []
    assert bank.say(asks("purchase", 2, 50_000, digits="1234")) == "00"
    assert bank.say(asks("purchase", 3, 50_000, digits="1235")) == "55"
    assert bank.held("anna") == 700_000


@pytest.mark.parametrize("name", ["withdrawal", "cash advance", "balance", "transfer", "PIN change"])
def test_others_need_one(bank: Bank, name: str) -> None:
    asked = asks(name, 1, 1, digits="", de_103="binh", de_48="0" * 16)
    assert bank.say(asked) == "55"
    assert bank.card().tries_left == 3, "a PIN that was not given is no wrong one"


def test_the_type_of_account_is_told_by_the_code(bank: Bank) -> None:
    assert bank.say(asks("withdrawal", 1, 50_000, de_3="011000")) == "00"
    assert (bank.held("anna"), bank.held("anna-2")) == (800_000, 250_000)
    assert bank.say(asks("withdrawal", 2, 50_000, de_3="012000")) == "00"
    assert (bank.held("anna"), bank.held("anna-2")) == (750_000, 250_000)
    assert bank.say(asks("withdrawal", 3, 1, de_3="013000")) == "39"
    assert bank.say(asks("withdrawal", 4, 1, BINH, de_3="011000")) == "78"
    assert bank.say(asks("withdrawal", 5, 1, de_3="019900")) == "78"


def test_what_is_not_there_cannot_be_taken(bank: Bank) -> None:
    assert bank.say(asks("withdrawal", 1, 500_001, BINH)) == "51"
    assert bank.say(asks("withdrawal", 2, 500_000, BINH)) == "00"
    assert bank.say(asks("withdrawal", 3, 1, BINH)) == "51"
    assert bank.say(asks("withdrawal", 4, 0)) == "13"


@pytest.mark.parametrize(("status", "response"), [("blocked", "62"), ("closed", "78")])
def test_an_account_may_be_shut(bank: Bank, status: str, response: str) -> None:
    account = bank.store.rows[Account, "anna"]
    assert isinstance(account, Account)
    bank.put(replace(account, status=status))
    assert bank.say(asks("withdrawal", 1, 1)) == response


def test_another_currency_and_another_service(bank: Bank) -> None:
    assert bank.say(asks("withdrawal", 1, 1, de_49="840")) == "12"
    asked = asks("withdrawal", 2, 1)
    assert bank.say(replace(asked, service=replace(asked.service, name="lottery"))) == "12"
    assert bank.say(replace(asked, currency="")) == "12"
    assert bank.say(asks("withdrawal", 3, 1, pan_of(9))) == "14"


def texts(decision: Decision) -> list[str]:
    said = decision.fields[54]
    if isinstance(said, str):
        return [said[at : at + 20] for at in range(0, len(said), 20)]
    assert isinstance(said, Parts)
    groups = [group for _, group in said.pairs]
    return ["".join(str(value) for _, value in group.pairs) for group in groups if isinstance(group, Parts)]


@pytest.mark.parametrize("link", ["banknet", "bcd", "napas"])
def test_balances_are_told_as_the_dialect_has_them_and_nothing_is_posted(bank: Bank, link: str) -> None:
    """Two sets of 20: type of account, of amount, currency, sign, 12 digits (ISO 8583:1987, DE 54)."""
    before = {place: row for place, row in bank.store.rows.items() if place[0] is not Card}
    said = bank.ask(asks("balance", 1, link=link))
    assert said.response == "00"
    assert texts(said) == ["2001704C000000800000", "2002704C000000800000"]
    codec(link).encode(Message("0210", {39: "00", 54: said.fields[54]}))
    assert {place: row for place, row in bank.store.rows.items() if place[0] is not Card} == before
    bank.ask(asks("withdrawal", 2, 200_000, CHI))
    assert texts(bank.ask(asks("balance", 3, pan=CHI, link=link))) == ["3001704D000000200000", "3002704C000000500000"]
    assert texts(bank.ask(asks("balance", 4, link=link, de_3="301000")))[0] == "1001704C000000300000"


def test_a_balance_that_cannot_be_said(bank: Bank) -> None:
    account = bank.store.rows[Account, "anna"]
    assert isinstance(account, Account)
    bank.put(replace(account, credits_posted=10**13))
    assert bank.ask(asks("balance", 1)) == Decision("96")


@pytest.mark.parametrize(
    ("more", "taken", "given"),
    [
        ({"de_102": "anna", "de_103": "binh"}, "anna", "binh"),
        ({"de_103": BINH}, "anna", "binh"),
        ({"de_102": ANNA, "de_103": "anna-2"}, "anna", "anna-2"),
        ({"de_3": "402010", "de_103": ANNA}, "anna", "anna-2"),
        ({"de_3": "401020", "de_103": ANNA + "  "}, "anna-2", "anna"),
        ({"de_102": "anna-2", "de_103": CHI}, "anna-2", "chi"),
    ],
)
def test_a_transfer_moves_from_account_to_account(bank: Bank, more: dict[str, str], taken: str, given: str) -> None:
    before = bank.held(taken), bank.held(given)
    assert bank.say(asks("transfer", 1, 250_000, **more)) == "00"
    assert (bank.held(taken), bank.held(given)) == (before[0] - 250_000, before[1] + 250_000)


@pytest.mark.parametrize(
    ("more", "response"),
    [
        ({"de_103": "nobody"}, "78"),
        ({"de_103": pan_of(9)}, "78"),
        ({"de_103": ""}, "78"),
        ({"de_103": settlement_id("banknet")}, "78"),
        ({"de_103": "own:opening"}, "78"),
        ({"de_102": "binh", "de_103": "anna"}, "78"),
        ({"de_102": settlement_id("banknet"), "de_103": "anna"}, "78"),
        ({"de_102": "anna", "de_103": "anna"}, "12"),
        ({"de_3": "400010", "de_103": BINH}, "78"),
        ({"de_3": "400030", "de_103": BINH}, "39"),
    ],
)
def test_both_legs_or_none(bank: Bank, more: dict[str, str], response: str) -> None:
    bank.say(asks("withdrawal", 1, 1))
    before = sorted((each.id, each.debits_posted, each.credits_posted) for each in bank.accounts())
    assert bank.say(asks("transfer", 2, 250_000, **more)) == response
    assert sorted((each.id, each.debits_posted, each.credits_posted) for each in bank.accounts()) == before


def test_the_days_limits(bank: Bank) -> None:
    bank.put(replace(bank.card(), amount_limit=100_000, count_limit=3))
    assert bank.say(asks("withdrawal", 1, 100_001)) == "61"
    assert bank.say(asks("withdrawal", 2, 60_000)) == "00"
    assert bank.say(asks("purchase", 3, 40_001)) == "61"
    assert bank.say(asks("purchase", 4, 20_000)) == "00"
    assert bank.say(asks("transfer", 5, 1, de_103="binh")) == "00"
    assert bank.say(asks("withdrawal", 6, 1)) == "65"
    assert bank.say(asks("balance", 7)) == "00"
    assert bank.say(asks("withdrawal", 8, 1, date="20261123")) == "00"
    assert bank.say(asks("withdrawal", 9, 99_999, date=DATE)) == "00"
    assert bank.say(asks("withdrawal", 10, 1, date=DATE)) == "61", "who is late has no limits of both days"


def test_a_pin_is_changed(bank: Bank) -> None:
    new = block_of("7777", ANNA).hex().upper()
    assert bank.say(asks("PIN change", 1, digits="1235", de_48=new)) == "55"
    assert bank.card().tries_left == 2
    changed = bank.ask(asks("PIN change", 2, de_48=new))
    assert (changed.response, len(changed.approval)) == ("00", 6)
    assert (bank.card().pin_check, bank.card().tries_left) == (pvv(ANNA, "7777"), 3)
    assert bank.say(asks("withdrawal", 3, 1, digits="1234")) == "55"
    assert bank.say(asks("withdrawal", 4, 1, digits="7777")) == "00"


@pytest.mark.parametrize("new", ["", "no block", "0" * 15, "0" * 18, "00 " * 5 + "0"])
def test_a_new_pin_is_a_block(bank: Bank, new: str) -> None:
    assert bank.say(asks("PIN change", 1, de_48=new)) == "30"


def test_what_is_read_is_told_beforehand(bank: Bank) -> None:
    """All but the accounts of the card, which its row tells."""
    own = {(Account, "anna"), (Account, "anna-2"), (Account, "binh")}
    sale = asks("purchase", 1, 1_000, de_62="000001")
    approval = bank.ask(sale).approval
    for asked in (
        asks("withdrawal", 2, 1), asks("balance", 3), asks("void", 4, 1_000, de_62="000001", de_60="1"),
        asks("refund", 5, 1_000, de_38=approval), asks("transfer", 6, 1, de_103="binh"),
        asks("transfer", 7, 1, de_103=BINH),
    ):  # fmt: skip
        told = set(bank.issuer.reads(asked))
        assert {(Card, bank.card().id), (Authorisation, asked.id)} <= told
        watched = Watched(bank.store)
        found = bank.issuer.questions(View(watched), asked, [ZONE_KEY])
        if not isinstance(found, Decision):
            bank.issuer.decide(View(watched), asked, [q.Verified(True)] * len(found))
        rest = watched.seen - told - own
        assert {kind for kind, _ in rest} <= {Authorisation, Posting}, "the sale itself is known by its name only"


def test_the_books_balance_in_the_end(bank: Bank) -> None:
    bank.say(asks("withdrawal", 1, 50_000))
    bank.say(asks("transfer", 2, 50_000, de_103=BINH))
    bank.say(asks("purchase", 3, 50_000, CHI))
    assert trial_balance(bank.accounts()) == {"704": (0, 0)}


def test_in_a_store_each_withdrawal_is_kept_with_its_posting(bank: Bank, writer: Writer) -> None:
    """On both databases; fifty that come together share a commit."""
    for work in load_works(bank.books):
        writer.do(work)
    asked = [asks("withdrawal", n, 20_000) for n in range(1, 51)]
    told: list[Result[Decision]] = []
    for each in asked:
        decide = partial(bank.issuer.decide, request=each, answers=[q.Verified(True)])
        writer.submit(Work(decide, bank.issuer.reads(each)), told.append)
    held = writer.do(Work(lambda view: view.get(Account, "anna")))
    responses = [value_of(each).response for each in told]
    assert responses == ["00"] * 6 + ["65"] * 44
    assert held is not None
    assert ledger_balance(held) == 680_000
    kept = writer.do(Work(lambda view: [view.get(Authorisation, each.id) is not None for each in asked]))
    assert kept == [True] * 6 + [False] * 44
