"""Receipts and balances, masked."""

from __future__ import annotations

from support.cardholders import ATM, CARD, PAN, POS

from switch.codec.codec import codec
from switch.codec.message import Message, Parts
from switch.simulators.receipt import Balance, balances, receipt, written
from switch.simulators.talk import Finished, Outcome
from switch.simulators.terminal import BALANCE, PURCHASE, WITHDRAWAL
from switch.simulators.wording import Chosen, Moment, request

ASKED = request(ATM, Chosen(WITHDRAWAL, 700_000), CARD, bytes(8), Moment("000123", "120102", "1122"))
TOLD = "1001704C000012345678" + "1002704D000000000100"


def test_a_receipt_says_what_happened_and_no_whole_number() -> None:
    answer = Message("0210", {38: "A00001", 39: "00"})
    partly = Finished(WITHDRAWAL, Outcome.UNABLE, "only part came out", 700_000, 500_000, ASKED, answer)
    lines = receipt(ATM, partly, "approved")
    assert lines == (
        "Hang Bai, Ha Noi",
        "ATM00001  22/11 12:01:02  no. 000123",
        "WITHDRAWAL",
        f"card {PAN[:6]}******{PAN[-4:]}",
        "amount 700000 VND",
        "dispensed 500000 VND",
        "00 approved",
        "approval A00001",
        "only part came out",
    )
    sale = Finished(PURCHASE, Outcome.APPROVED, "approved", 5, None, ASKED, answer, "000042")
    assert "invoice 000042" in receipt(POS, sale, "approved")


def test_what_was_not_asked_has_no_receipt() -> None:
    assert receipt(ATM, Finished(WITHDRAWAL, Outcome.REFUSED, "no", 5), "") == ()
    assert receipt(ATM, Finished(WITHDRAWAL, Outcome.APPROVED, "yes", 5, 5, ASKED, receipt=False), "") == ()


def test_balances_are_read_in_either_shape() -> None:
    expected = (Balance("ledger balance", 12_345_678, "704"), Balance("available balance", -100, "704"))
    assert balances(Message("0210", {54: TOLD})) == expected
    for name in ("napas", "edc"):
        speaking = codec(name)
        choice = speaking.spec.elements[54].choice("0210")
        assert choice is not None
        heard = speaking.decode(speaking.encode(Message("0210", {11: "000001", 54: choice.read(TOLD)})))
        assert isinstance(heard.fields[54], Parts)
        assert balances(heard) == expected
    answer = Message("0210", {39: "00", 54: TOLD})
    lines = receipt(ATM, Finished(BALANCE, Outcome.APPROVED, "approved", 0, None, ASKED, answer), "approved")
    assert "ledger balance 12345678 VND" in lines


def test_what_is_no_balance_is_left_out() -> None:
    for text in ("", "10", "1001704X000012345678", "1001704C00001234567x"):
        assert balances(Message("0210", {54: text})) == ()
    assert balances(None) == ()


def test_an_unknown_currency_is_told_in_minor_units() -> None:
    assert written(5, "000") == "5 minor units"
