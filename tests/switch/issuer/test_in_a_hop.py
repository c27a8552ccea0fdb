"""Our own books behind a link, as the switch drives them: the flow, its works and the HSM's answers by psec."""

from __future__ import annotations

from typing import Any, TypeVar

import pytest
from support.hopside import ACQUIRER, reversal, withdrawal
from support.ourbank import ANNA, PAN_KEY, ZONE_KEY, block_of, pvv, track_of
from support.ownbooks import Keys, OwnBooks

from switch.codec.message import Message, Parts
from switch.issuer.accounts import settlement_id
from switch.issuer.cards import card_id
from switch.ledger.ledger import trial_balance
from switch.store.rows import Account, Authorisation, Card

T = TypeVar("T")


@pytest.fixture
def bench() -> OwnBooks:
    return OwnBooks()


def cash(stan: int, digits: str = "1234", amount: int = 50_000, **more: object) -> Message:
    said = {"DE35": track_of(ANNA), "DE52": block_of(digits, ANNA), **more}
    return withdrawal(stan, amount, ANNA, **said)  # type: ignore[arg-type]  # all of them are values


def test_cash_and_its_reversal(bench: OwnBooks) -> None:
    said = bench.say(cash(1))
    assert (said.fields[39], len(str(said.fields[38]))) == ("00", 6)
    assert (bench.held("anna"), bench.held(settlement_id(ACQUIRER))) == (750_000, 50_000)
    assert bench.say(cash(1)) == said
    assert bench.held("anna") == 750_000
    for _ in range(2):
        assert bench.say(reversal(1, 50_000, ANNA)).fields[39] == "00"
        assert (bench.held("anna"), bench.held(settlement_id(ACQUIRER))) == (800_000, 0)
    assert trial_balance(bench.memory.every(Account)) == {"704": (0, 0)}


def test_wrong_pins_are_counted_and_no_key_is_blamed_for_them(bench: OwnBooks) -> None:
    assert [bench.say(cash(n, "0000")).fields[39] for n in (1, 2, 3, 4)] == ["55", "55", "75", "75"]
    assert bench.say(cash(1, "0000")).fields[39] == "55", "a repeat is answered as before and no further try"
    assert (bench.tries(), bench.held("anna")) == (0, 800_000)


def test_a_wrong_old_pin_in_a_change_is_a_try_though_there_are_two_keys(bench: OwnBooks) -> None:
    new: dict[str, Any] = {"DE3": "940000", "DE48": block_of("7777", ANNA).hex().upper()}
    assert bench.say(cash(1, "0000", **new)).fields[39] == "55"
    assert bench.tries() == 2
    keys = bench.exchange.world.keys
    assert bench.say(cash(2, **new)).fields[39] == "00"
    assert isinstance(keys, Keys)
    assert (keys.failed_, keys.proved_) == (0, [ZONE_KEY, ZONE_KEY])
    row = bench.memory.rows[Card, card_id(PAN_KEY, ANNA)]
    assert isinstance(row, Card)
    assert row.pin_check == pvv(ANNA, "7777")


def test_a_balance_travels(bench: OwnBooks) -> None:
    said = bench.say(cash(1, DE3="300000"))
    amounts = said.fields[54]
    assert isinstance(amounts, Parts)
    first = amounts["1"]
    assert isinstance(first, Parts)
    assert [first["kind"], first["sign"], first["amount"]] == ["01", "C", "000000800000"]


def test_an_advice_is_booked_without_a_pin(bench: OwnBooks) -> None:
    left_out = {22, 35, 52}
    told = cash(1, amount=1_500_000)
    advice = Message("0220", {n: v for n, v in told.fields.items() if n not in left_out})
    assert bench.say(advice.changed(fields={4: 700_000})).fields[39] == "00"
    assert bench.held("anna") == 100_000
    assert bench.say(advice.changed(fields={4: 700_000})).fields[39] == "00"
    assert bench.held("anna") == 100_000
    second = {11: "000002", 37: "000000000002"}
    assert bench.say(advice.changed(fields=second)).fields[39] == "51"
    assert len(bench.memory.every(Authorisation)) == 1
