"""Commands are taken strictly, and what is wrong with one is said without what it holds."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.cardholders import ATM, CARD, PAN, PIN

from switch.codec.message import Message
from switch.simulators.commands import LINE_BYTES_MAX, CommandRefused, command_of, offer_of, ordered_as, told_of
from switch.simulators.talk import Finished, Outcome
from switch.simulators.terminal import OFFERS, WITHDRAWAL, Channel
from switch.simulators.wording import Chosen, Moment, request

GOOD: dict[str, object] = {
    "id": 7, "terminal": "ATM00001", "do": "withdrawal", "amount": 500_000, "card": "an", "pin": PIN,
}  # fmt: skip


def test_a_command() -> None:
    command = command_of(json.dumps(GOOD).encode())
    assert (command.id, command.terminal, command.do, command.amount) == (7, "ATM00001", "withdrawal", 500_000)
    assert (command.text("card"), command.text("pin"), command.text("to", "x")) == ("an", PIN, "x")
    assert PIN not in repr(command)


@pytest.mark.parametrize(
    "changed",
    [
        {"pin": "12"}, {"pin": 904817}, {"pin": "90481x"}, {"amount": -1}, {"amount": True}, {"amount": "5"},
        {"amount": 10**12}, {"terminal": 5}, {"do": None}, {"id": {}}, {"unknown": 1}, {"from": "a" * 29},
        {"fault": "fire"}, {"chip": "melted"}, {"new-pin": []},
    ],
)  # fmt: skip
def test_a_wrong_field_is_named_and_not_shown(changed: dict[str, object]) -> None:
    with pytest.raises(CommandRefused) as refused:
        command_of(json.dumps({**GOOD, **changed}).encode())
    assert "90481" not in str(refused.value)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_command_or_refused(line: bytes) -> None:
    with pytest.raises(CommandRefused):
        command_of(line)


def test_depth_and_length_are_bounded() -> None:
    for line in (b"[" * 4000, b" " * (LINE_BYTES_MAX + 1), json.dumps({**GOOD, "card": "a" * 5000}).encode()):
        with pytest.raises(CommandRefused):
            command_of(line)


def test_every_service_has_a_word() -> None:
    for channel, offers in OFFERS.items():
        for offer in offers:
            order = json.dumps({"terminal": "T", "do": ordered_as(offer)}).encode()
            assert offer_of(command_of(order), channel) is offer
    status = command_of(b'{"terminal": "T", "do": "status"}')
    assert offer_of(status, Channel.POS) is None
    with pytest.raises(CommandRefused, match="purchase"):
        offer_of(command_of(b'{"terminal": "T", "do": "withdrawal"}'), Channel.POS)


def test_what_is_told_is_masked() -> None:
    asked = request(ATM, Chosen(WITHDRAWAL, 5), CARD, bytes(range(8)), Moment("000001", "120000", "1122"))
    answer = Message("0210", {38: "A00001", 39: "00"})
    told = told_of(ATM, Finished(WITHDRAWAL, Outcome.APPROVED, "ok", 5, 5, asked, answer), {"00": "approved"})
    assert (told["do"], told["response"], told["meaning"], told["dispensed"]) == ("withdrawal", "00", "approved", 5)
    text = json.dumps(told)
    assert PAN not in text
    assert bytes(range(8)).hex() not in text
    assert "reversal" not in told
