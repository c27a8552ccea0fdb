"""What a service costs, and who gets it back."""

from __future__ import annotations

import pytest
from support.bookkeeping import transaction
from support.ourbank import ANNA, CONFIG, Bank, asks, block_of

from switch.codec.message import Parts
from switch.flow.request import Request
from switch.issuer.accounts import settlement_id
from switch.issuer.fees import FEES_ACCOUNT
from switch.ledger.ledger import trial_balance

CHARGING = (
    CONFIG
    + """
[issuer.fees]
withdrawal = 1100
inquiry = 550
pin-change = 2200
purchase = 100
"""
)
PARTNER = settlement_id("banknet")


@pytest.fixture
def bank() -> Bank:
    return Bank(CHARGING)


def reversed_of(bank: Bank, asked: Request, amount: int, id: str = "r") -> str:
    original = transaction("000001", id=asked.id)
    return bank.store.do(lambda view: bank.issuer.reverse(view, original, amount, id))


def test_cash_costs_its_fee_once_and_nothing_of_the_days_limit(bank: Bank) -> None:
    asked = asks("withdrawal", 1, 100_000)
    assert [bank.say(asked), bank.say(asked)] == ["00", "00"]
    assert (bank.held("anna"), bank.held(PARTNER), bank.held(FEES_ACCOUNT)) == (698_900, 100_000, 1_100)
    assert (bank.card().amount_used, bank.card().count_used) == (100_000, 1)
    assert trial_balance(bank.accounts()) == {"704": (0, 0)}


def test_who_can_pay_the_amount_and_not_the_fee_gets_neither(bank: Bank) -> None:
    assert bank.say(asks("withdrawal", 1, 799_000)) == "51"
    assert (bank.held("anna"), bank.held(FEES_ACCOUNT)) == (800_000, 0)
    assert bank.say(asks("withdrawal", 2, 798_900)) == "00"
    assert bank.held("anna") == 0


def test_a_balance_is_told_after_its_fee(bank: Bank) -> None:
    asked = asks("balance", 1, link="napas")
    assert [bank.ask(asked).response, bank.ask(asked).response] == ["00", "00"]
    assert (bank.held("anna"), bank.held(FEES_ACCOUNT)) == (799_450, 550)
    said = bank.ask(asked).fields[54]
    assert isinstance(said, Parts)
    assert [value for _, group in said.pairs if isinstance(group, Parts) for _, value in group.pairs][
        -1
    ] == "000000799450"


def test_a_pin_that_can_not_be_paid_for_stays_what_it_was(bank: Bank) -> None:
    assert bank.say(asks("withdrawal", 1, 798_000)) == "00"
    before = bank.card().pin_check
    change = asks("PIN change", 2, de_48=block_of("8642", ANNA).hex().upper())
    assert bank.say(change) == "51"
    assert bank.card().pin_check == before
    assert bank.say(asks("balance", 3)) == "00"


def test_all_taken_back_takes_the_fee_back_a_part_does_not(bank: Bank) -> None:
    asked = asks("withdrawal", 1, 100_000)
    assert bank.say(asked) == "00"
    assert reversed_of(bank, asked, 40_000, "r") == "00"
    assert bank.held(FEES_ACCOUNT) == 1_100
    assert [reversed_of(bank, asked, 60_000, "s"), reversed_of(bank, asked, 60_000, "s")] == ["00", "00"]
    assert (bank.held("anna"), bank.held(FEES_ACCOUNT)) == (800_000, 0)


def test_a_void_gives_the_fee_back_and_its_reversal_takes_it_again(bank: Bank) -> None:
    assert bank.say(asks("purchase", 1, 90_000, de_62="000042")) == "00"
    void = asks("void", 2, 90_000, de_62="000042", de_60="1")
    assert [bank.say(void), bank.say(void)] == ["00", "00"]
    assert (bank.held("anna"), bank.held(FEES_ACCOUNT)) == (800_000, 0)
    assert reversed_of(bank, void, 90_000) == "00"
    assert (bank.held("anna"), bank.held(FEES_ACCOUNT)) == (709_900, 100)
