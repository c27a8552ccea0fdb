"""Voids, refunds, reversals; and everything against a model that keeps nothing but the list of what was agreed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from support.bookkeeping import transaction
from support.ourbank import ANNA, BINH, CHI, CONFIG, PINS, Bank, asks

from switch.codec.message import Parts
from switch.flow.request import Request
from switch.issuer.accounts import settlement_id
from switch.issuer.booking import approval_code, sale_by_invoice
from switch.issuer.fees import FEES_ACCOUNT
from switch.ledger.ledger import available, trial_balance
from switch.store.rows import Account, Authorisation, Posting

SALE = asks("purchase", 1, 90_000, de_62="000042")
APPROVAL = approval_code(SALE.id)
PARTNER = settlement_id("banknet")


@pytest.fixture
def bank() -> Bank:
    """Anna has bought something."""
    made = Bank()
    assert made.say(SALE) == "00"
    return made


def reversed_of(bank: Bank, asked: Request, amount: int, id: str = "r") -> str:
    original = transaction("000001", id=asked.id)
    return bank.store.do(lambda view: bank.issuer.reverse(view, original, amount, id))


def voids(stan: int, amount: int = 90_000, more: Mapping[str, str | Parts] = MappingProxyType({})) -> Request:
    said: dict[str, Any] = {"de_62": "000042", "de_60": "1", **more}
    return asks("void", stan, amount, **said)


def refunds(stan: int, amount: int, **more: str) -> Request:
    return asks("refund", stan, amount, **{"de_38": APPROVAL, **more})


def used(bank: Bank) -> tuple[int, int]:
    return bank.card().amount_used, bank.card().count_used


def test_a_named_sale_is_voided_once(bank: Bank) -> None:
    first = voids(2)
    assert bank.say(first) == "00"
    assert (bank.held("anna"), bank.held(PARTNER), used(bank)) == (800_000, 0, (0, 0))
    assert bank.say(first) == "00"
    assert bank.say(voids(3)) == "21"
    assert bank.held("anna") == 800_000


@pytest.mark.parametrize(
    ("more", "response"),
    [
        ({"de_62": "000043"}, "25"), ({"de_62": ""}, "25"), ({"de_41": "TERM0002"}, "25"), ({"de_32": "970406"}, "25"),
        ({"de_38": "AAAAAA"}, "77"), ({"de_38": APPROVAL}, "00"),
        ({"de_90": "0200" + "000001" + "1122113000" + "0" * 22}, "00"),
        ({"de_90": "0200" + "000002" + "1122113000" + "0" * 22}, "77"),
        ({"de_90": Parts({"mti": "0200", "stan": "000001", "transmitted": "1122113000", "acquirer": "0" * 11})}, "00"),
        ({"de_90": Parts({"mti": "0200", "stan": "000001", "transmitted": "1122113001", "acquirer": "0" * 11})}, "77"),
    ],
)  # fmt: skip
def test_what_a_void_says_of_its_sale_must_agree(bank: Bank, more: dict[str, str | Parts], response: str) -> None:
    bank.put(transaction("000001", id=SALE.id))
    assert bank.say(voids(2, more=more)) == response


def test_a_void_is_of_the_whole_sale_and_of_the_same_card(bank: Bank) -> None:
    assert bank.say(voids(2, 89_999)) == "77"
    assert bank.say(asks("void", 3, 90_000, BINH, de_62="000042", de_60="1")) == "25"
    assert bank.say(refunds(4, 1)) == "00"
    assert bank.say(voids(5)) == "77"


def test_an_invoice_is_the_same_in_every_dialect() -> None:
    texts = [SALE.message.changed(fields={62: value}) for value in ("000042", b"000042", Parts({"invoice": "000042"}))]
    assert len({sale_by_invoice("c", replace(SALE, message=each)) for each in texts}) == 1


def test_the_newest_sale_of_a_name_is_meant(bank: Bank) -> None:
    assert bank.say(asks("purchase", 2, 10_000, de_62="000042")) == "00"
    assert bank.say(voids(3, 10_000)) == "00"
    assert bank.held("anna") == 710_000


def test_a_part_is_refunded_and_never_more_than_was_paid(bank: Bank) -> None:
    assert bank.say(refunds(2, 90_001)) == "77"
    first = refunds(3, 60_000, de_41="TERM0002")
    assert [bank.say(first), bank.say(first)] == ["00", "00"]
    assert (bank.held("anna"), used(bank)) == (770_000, (30_000, 1))
    assert bank.say(refunds(4, 30_001)) == "77"
    assert bank.say(refunds(5, 30_000)) == "00"
    assert bank.say(refunds(6, 1)) == "21"
    assert (bank.held("anna"), used(bank)) == (800_000, (0, 0))


def test_a_refund_names_its_sale(bank: Bank) -> None:
    assert bank.say(refunds(2, 1, de_38="AAAAAA")) == "25"
    assert bank.say(refunds(3, 1, de_42="SHOP00000000002")) == "25"
    assert bank.say(refunds(4, 0)) == "13"
    assert bank.say(asks("refund", 5, 1, BINH, de_38=APPROVAL)) == "25"


def test_a_refund_comes_by_another_link(bank: Bank) -> None:
    assert bank.say(asks("refund", 2, 10_000, link="napas", de_38=APPROVAL)) == "00"
    assert (bank.held(PARTNER), bank.held(settlement_id("napas"))) == (90_000, -10_000)


def test_a_lost_card_does_not_hinder_the_merchant_and_tries_no_pin(bank: Bank) -> None:
    bank.put(replace(bank.card(), status="stolen", tries_left=0))
    assert bank.say(asks("refund", 2, 10, digits="0000", de_38=APPROVAL)) == "00"
    assert bank.say(asks("purchase", 3, 10)) == "43"
    assert bank.asked == []
    assert bank.card().tries_left == 0


def test_all_or_part_is_reversed_each_once(bank: Bank) -> None:
    assert reversed_of(bank, SALE, 90_001) == "77"
    assert reversed_of(bank, SALE, 0) == "13"
    assert reversed_of(bank, SALE, 30_000, "r") == "00"
    assert reversed_of(bank, SALE, 30_000, "r") == "00"
    assert reversed_of(bank, SALE, 20_000, "r") == "94"
    assert (bank.held("anna"), used(bank)) == (740_000, (60_000, 1))
    assert reversed_of(bank, SALE, 60_001, "s") == "77"
    assert reversed_of(bank, SALE, 60_000, "s") == "00"
    assert reversed_of(bank, SALE, 1, "t") == "21"
    assert (bank.held("anna"), used(bank), bank.held(PARTNER)) == (800_000, (0, 0), 0)


def test_what_posted_nothing_has_nothing_to_reverse(bank: Bank) -> None:
    asked = asks("balance", 2)
    bank.ask(asked)
    assert reversed_of(bank, asked, 0) == "21"
    assert reversed_of(bank, asks("withdrawal", 3, 5), 5) == "21"


def test_a_day_that_is_over_gets_nothing_back(bank: Bank) -> None:
    assert bank.say(asks("withdrawal", 2, 5, date="20261123")) == "00"
    assert reversed_of(bank, SALE, 90_000) == "00"
    assert used(bank) == (5, 1)


@pytest.mark.parametrize("again", [voids(2), refunds(2, 40_000)])
def test_a_void_or_refund_that_is_reversed_puts_the_sale_in_force_again(bank: Bank, again: Request) -> None:
    assert bank.say(again) == "00"
    assert reversed_of(bank, again, again.amount) == "00"
    assert (bank.held("anna"), used(bank)) == (710_000, (90_000, 1))
    assert reversed_of(bank, again, 1, "s") == "21"
    assert bank.say(voids(3)) == "00"


def test_what_was_spent_since_is_not_taken_again() -> None:
    bank = Bank()
    sent = asks("transfer", 1, 600_000, de_103=BINH)
    assert bank.say(sent) == "00"
    assert bank.say(asks("withdrawal", 2, 1_000_000, BINH)) == "00"
    assert reversed_of(bank, sent, 600_000) == "51"
    assert reversed_of(bank, sent, 100_000) == "00"
    assert (bank.held("anna"), bank.held("binh")) == (300_000, 0)


def test_approval_codes_are_six_characters_each_its_own() -> None:
    codes = {approval_code(f"20261122/bank-a/{number}") for number in range(2_000)}
    assert len(codes) == 2_000
    assert all(len(each) == 6 and each.isalnum() and each.isascii() and each.upper() == each for each in codes)


@dataclass
class Agreed:
    """An approval: *amount* from *debit* to *credit*, how much was taken back, and of which sale it takes back."""

    request: Request
    debit: str
    credit: str
    amount: int
    back: int = 0
    sale: Agreed | None = None
    fee: int = 0
    """Paid by *debit*; of a void, given back to its sale's."""


FEE = 7_000
FEES = CONFIG + "".join(
    ["[issuer.fees]\n", *(f"{key} = {FEE}\n" for key in ("withdrawal", "purchase", "cash-advance"))]
)
STARTS = {"anna": 800_000, "anna-2": 300_000, "binh": 500_000, "chi": 0}
OWN = {ANNA: "anna", BINH: "binh", CHI: "chi"}


class Household(RuleBasedStateMachine):
    """Three cards in all their doings; the model recounts everything from the list at each question."""

    def __init__(self) -> None:
        super().__init__()
        self.bank = Bank(FEES)
        self.agreed: list[Agreed] = []
        self.reversals: dict[str, tuple[Agreed, int]] = {}
        self.tries = dict.fromkeys(PINS, 3)
        self.count = 0

    def stan(self) -> int:
        self.count += 1
        return self.count

    def used(self, pan: str) -> tuple[int, int]:
        mine = [each for each in self.agreed if each.request.pan == pan and each.sale is None]
        return sum(each.amount - each.back for each in mine), sum(each.back < each.amount for each in mine)

    def may_take(self, account: str, amount: int) -> bool:
        return self.held(account) + (700_000 if account == "chi" else 0) >= amount

    def held(self, account: str) -> int:
        moved = sum(
            (each.amount - each.back) * ((each.credit == account) - (each.debit == account))
            for each in self.agreed
            if not each.sale
        )
        # What takes a sale back is counted as such there, and again only in as far as it was reversed itself.
        return (
            STARTS.get(account, 0)
            + moved
            - sum(each.fee for each in self.agreed if each.debit == account and not each.sale)
        )

    amounts = st.sampled_from([0, 1, 100_000, 250_000, 400_000, 1_000_001])
    pans = st.sampled_from(sorted(PINS))

    @rule(
        name=st.sampled_from(["withdrawal", "purchase", "cash advance"]),
        pan=pans,
        amount=amounts,
        right=st.sampled_from([True] * 4 + [False]),
    )
    def spends(self, name: str, pan: str, amount: int, right: bool) -> None:
        stan = self.stan()
        request = asks(name, stan, amount, pan, digits=PINS[pan] if right else "0001", de_62=f"{stan:06}")
        self.expect(request, right, OWN[pan], PARTNER, FEE)

    @rule(pan=pans, to=st.sampled_from(["anna", "anna-2", "binh", "chi"]), amount=amounts)
    def transfers(self, pan: str, to: str, amount: int) -> None:
        if to != OWN[pan]:
            self.expect(asks("transfer", self.stan(), amount, pan, de_103=to), True, OWN[pan], to)

    def expect(self, request: Request, right: bool, debit: str, credit: str, fee: int = 0) -> None:
        pan, amount = request.pan, request.amount
        amount_used, count_used = self.used(pan)
        if not self.tries[pan]:
            wanted = "75"
        elif not right:
            self.tries[pan] -= 1
            wanted = "55" if self.tries[pan] else "75"
        else:
            self.tries[pan] = 3
            wanted = (
                "13" if not amount
                else "61" if amount_used + amount > 1_000_000
                else "65" if count_used >= 6
                else "00" if self.may_take(debit, amount + fee)
                else "51"
            )  # fmt: skip
        assert self.bank.say(request) == wanted
        if wanted == "00":
            self.agreed.append(Agreed(request, debit, credit, amount, fee=fee))
        posted = (Posting, request.id) in self.bank.store.rows
        assert posted == (wanted == "00"), "approved if and only if posted"

    def chosen(self, data: st.DataObject, names: tuple[str, ...]) -> Agreed | None:
        some = [each for each in self.agreed if each.request.service.name in names]
        return data.draw(st.sampled_from(some)) if some else None

    @rule(data=st.data(), part=st.sampled_from([0, 1, 50_000, 100_000]))
    def refund(self, data: st.DataObject, part: int) -> None:
        sale = self.chosen(data, ("purchase",))
        if sale is not None:
            request = asks("refund", self.stan(), part, sale.request.pan, de_38=approval_code(sale.request.id))
            left = sale.amount - sale.back
            wanted = "21" if not left else "13" if not part else "77" if part > left else "00"
            self.takes_back(request, sale, part, wanted)

    @rule(data=st.data())
    def void(self, data: st.DataObject) -> None:
        sale = self.chosen(data, ("purchase", "cash advance"))
        if sale is not None:
            more = {"de_62": sale.request.text(62), "de_60": "1"}
            request = asks("void", self.stan(), sale.amount, sale.request.pan, digits="", **more)
            wanted = "00" if not sale.back else "21" if sale.back == sale.amount else "77"
            self.takes_back(request, sale, sale.amount, wanted, sale.fee)

    def takes_back(self, request: Request, sale: Agreed, amount: int, wanted: str, fee: int = 0) -> None:
        assert self.bank.say(request) == wanted
        if wanted == "00":
            sale.back += amount
            sale.fee -= fee
            self.agreed.append(Agreed(request, PARTNER, sale.debit, amount, sale=sale, fee=fee))

    @rule(data=st.data(), part=st.sampled_from([0, 1, 50_000, None]))
    def reversal(self, data: st.DataObject, part: int | None) -> None:
        original = self.chosen(data, ("withdrawal", "purchase", "cash advance", "transfer", "void", "refund"))
        if original is not None:
            amount, left = original.amount if part is None else part, original.amount - original.back
            enough = not original.credit.startswith(("anna", "binh", "chi")) and not original.sale
            fee = original.fee if amount == left else 0
            enough = enough or self.may_take(original.sale.debit if original.sale else original.credit, amount + fee)
            wanted = "21" if not left else "13" if not amount else "77" if amount > left else "00" if enough else "51"
            id = f"r{self.stan()}"
            assert reversed_of(self.bank, original.request, amount, id) == wanted
            if wanted == "00":
                self.reversals[id] = original, amount
                original.back += amount
                original.fee -= fee
                if original.sale is not None:
                    original.sale.back -= amount
                    original.sale.fee += fee

    @rule(data=st.data())
    def again(self, data: st.DataObject) -> None:
        if (
            self.agreed
            and self.bank.card(pan := (each := data.draw(st.sampled_from(self.agreed))).request.pan).tries_left
        ):
            assert self.bank.say(each.request) == "00"
            if each.request.pin_block is not None and not each.sale:
                self.tries[pan] = 3
        if self.reversals:
            id = data.draw(st.sampled_from(sorted(self.reversals)))
            assert reversed_of(self.bank, self.reversals[id][0].request, self.reversals[id][1], id) == "00"

    @invariant()
    def books_agree(self) -> None:
        assert trial_balance(self.bank.accounts()) == {"704": (0, 0)}
        for account in STARTS:
            assert self.bank.held(account) == self.held(account)
        assert self.bank.held(FEES_ACCOUNT) == sum(each.fee for each in self.agreed if not each.sale)
        assert all(available(each) >= 0 for each in self.bank.accounts() if each.limited)
        for pan in PINS:
            card = self.bank.card(pan)
            assert (card.amount_used, card.count_used, card.tries_left) == (*self.used(pan), self.tries[pan])
        for row in self.bank.store.rows.values():
            assert not isinstance(row, Authorisation) or 0 <= row.returned <= row.amount
            assert not isinstance(row, Account) or row.debits_pending == row.credits_pending == 0


TestHousehold = Household.TestCase
TestHousehold.settings = settings(deadline=None, max_examples=150, stateful_step_count=30)
