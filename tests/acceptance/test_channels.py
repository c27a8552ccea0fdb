"""Channels other than ATMs and POS terminals, from the link to the books."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.hopside import ACQUIRER, withdrawal
from support.ourbank import ANNA, block_of, track_of
from support.ownbooks import OwnBooks

from switch.codec.message import Message, Value
from switch.flow.partner import Partner
from switch.issuer.accounts import settlement_id
from switch.services.servicefile import packaged, read

CHANNELS: dict[str, dict[int, Value]] = {
    "teller": {18: "6010", 22: "011", 25: "00", 35: track_of(ANNA)},
    "internet": {18: "5999", 22: "812", 25: "59", 42: "WEB SHOP 000001"},
    "phone": {18: "5999", 22: "012", 25: "08", 42: "CALL CENTRE 001"},
}


def asks(channel: str, service: str, stan: int, pin: str = "", amount: int = 50_000, **more: Value) -> Message:
    """A 0200 of *channel*; *service* as DE 3 has it."""
    message = withdrawal(stan, amount, ANNA, **more)
    fields = {n: v for n, v in message.fields.items() if n not in (35, 52)} | CHANNELS[channel] | {3: service}
    return Message("0200", dict(sorted((fields | ({52: block_of(pin, ANNA)} if pin else {})).items())))


def codes(bench: OwnBooks, *asked: Message) -> list[Value]:
    """DE 39 of each answer."""
    return [bench.say(each).fields[39] for each in asked]


def test_cash_at_a_banks_counter() -> None:
    """Never without a PIN, which the message must have."""
    bench = OwnBooks()
    assert codes(bench, asks("teller", "010000", 1), asks("teller", "010000", 2, "1234")) == ["30", "00"]
    assert (bench.held("anna"), bench.held(settlement_id(ACQUIRER))) == (750_000, 50_000)


def test_a_web_merchant_is_paid_without_a_card_present_and_without_a_pin() -> None:
    bench = OwnBooks()
    assert codes(bench, asks("internet", "000000", 1)) == ["00"]
    assert bench.held("anna") == 750_000
    # Cash does not come by the Internet.
    assert codes(bench, asks("internet", "010000", 2, "1234")) == ["58"]
    assert bench.held("anna") == 750_000


def test_money_is_moved_by_internet_banking() -> None:
    bench = OwnBooks()
    assert codes(bench, asks("internet", "401020", 1, DE102="anna-2", DE103="binh")) == ["00"]
    assert (bench.held("anna-2"), bench.held("binh")) == (250_000, 550_000)


def test_a_balance_by_telephone_wants_a_pin() -> None:
    bench = OwnBooks()
    asked = [asks("phone", "300000", n, pin, 0) for n, pin in ((1, ""), (2, "9999"), (3, "1234"))]
    assert codes(bench, *asked) == ["55", "55", "00"]
    assert bench.tries() == 3, "the right PIN gives the tries back"
    assert bench.held("anna") == 800_000


KIOSK = """
[channels.kiosk]
18 = ["xxxx"]
"""
INQUIRY = """
[[services]]
name = "balance"
channels = ["kiosk"]
mti = "0200"
codes = { 3 = ["30xxxx"], 18 = ["xxxx"], 22 = ["xxx"], 25 = ["00"] }
request = "card-request"
allows = "4 52"
answer = "card-answer"
answers = "54"
"""


@pytest.fixture
def kiosk() -> OwnBooks:
    """A partner whose requests all come from kiosks, which a file of services lets inquire and nothing else."""
    from importlib.resources import files

    usual = files("switch.services").joinpath("services.toml").read_text(encoding="utf-8")
    head, services = usual.split("[channels.network]")
    text = f"{head}{KIOSK.lstrip()}[channels.network]{services}{INQUIRY}"
    bench = OwnBooks([Partner(ACQUIRER, "970405", channel="kiosk")])
    world = bench.exchange.world
    hop = world.hop.with_tables(world.hop.routing, read("services.toml", text), world.hop.responses)
    bench.exchange.world = replace(world, hop=hop)
    assert "kiosk" not in packaged().channels
    return bench


def test_a_new_channel_that_only_inquires_is_a_line_in_a_file(kiosk: OwnBooks) -> None:
    asked = [asks("teller", service, n, "1234") for n, service in ((1, "300000"), (2, "010000"))]
    assert codes(kiosk, *asked) == ["00", "58"]
    assert kiosk.held("anna") == 800_000
