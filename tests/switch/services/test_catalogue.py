"""What a message asks for, on which channel; and whether its answer is one."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.codec.message import Message, Value
from switch.services.catalogue import REMEMBERED_MAX, Reject, Service, answering
from switch.services.servicefile import ServiceFileError, packaged, read

BASE: dict[int, Value] = {
    2: "4000001234562", 3: "010000", 4: 100_000, 7: "1122101112", 11: "000001", 12: "171112", 13: "1122", 18: "6011",
    22: "021", 25: "00", 32: "970405", 35: "4000001234562=2912", 37: "632610000001", 41: "ATM00001", 49: "704",
    52: bytes(8),
}  # fmt: skip


def asked(changes: Mapping[int, Value | None], mti: str = "0200") -> Message:
    fields = {**BASE, **{number: value for number, value in changes.items() if value is not None}}
    return Message(mti, {n: v for n, v in fields.items() if changes.get(n, v) is not None})


POS: dict[int, Value | None] = {18: "5411", 41: "POS00001", 42: "SHOP00000000001"}
CASES: list[tuple[str, str, dict[int, Value | None]]] = [
    ("atm", "withdrawal", {}),
    ("atm", "withdrawal", {22: "051", 35: None, 55: b"\x95\x05" + bytes(5)}),
    ("teller", "withdrawal", {18: "6010", 22: "011", 35: None}),
    ("atm", "balance", {3: "301000", 4: None, 49: None}),
    ("atm", "transfer", {3: "402010", 102: "1", 103: "2"}),
    ("atm", "PIN change", {3: "940000", 4: None, 48: "new block"}),
    ("pos", "purchase", {**POS, 3: "000000", 52: None}),
    ("pos", "void", {**POS, 3: "020000", 60: "1", 62: "2"}),
    ("pos", "refund", {**POS, 3: "200000", 38: "A1B2C3"}),
    ("pos", "cash advance", {**POS, 18: "6010"}),
    ("pos", "PIN change", {**POS, 3: "940000", 48: "new block"}),
    ("internet", "purchase", {**POS, 3: "000000", 22: "812", 25: "59", 35: None, 52: None}),
]


def service(message: Message, channel: str, bank: str = "") -> Service:
    found = packaged().recognise(message, channel, bank)
    assert isinstance(found, Service), found
    return found


def reject(message: Message, channel: str) -> tuple[str, int]:
    found = packaged().recognise(message, channel)
    assert isinstance(found, Reject), found
    return found.response, found.field


@pytest.mark.parametrize(("channel", "name", "changes"), CASES)
def test_services_are_recognised(channel: str, name: str, changes: dict[int, Value | None]) -> None:
    message = asked(changes)
    assert service(message, channel).name == name
    assert service(message.changed(mti="0201"), channel).name == name, "a repeat asks for the same"
    assert packaged().channel(message) == channel


@pytest.mark.parametrize(
    ("channel", "changes", "mti", "told"),
    [
        ("atm", {3: "000000"}, "0200", ("58", 3)),  # a purchase is for other terminals
        ("atm", {3: "990000"}, "0200", ("12", 3)),  # what is that?
        ("atm", {3: None}, "0200", ("30", 3)),
        ("atm", {22: "812"}, "0200", ("58", 22)),
        ("atm", {25: "77"}, "0200", ("12", 25)),
        ("atm", {52: None}, "0200", ("30", 52)),
        ("atm", {4: None}, "0200", ("30", 4)),
        ("atm", {35: None}, "0200", ("30", 35)),  # a stripe was read, and where is it?
        ("atm", {22: "051", 35: None}, "0200", ("30", 55)),
        ("atm", {90: "0"}, "0200", ("30", 90)),
        ("internet", {**POS, 3: "000000", 22: "812", 25: "59", 35: None}, "0200", ("30", 52)),  # no PIN from a browser
        ("atm", {}, "0100", ("12", 0)),
        ("atm", {35: None}, "0420", ("30", 52)),  # never a PIN in a reversal
        ("moon", {}, "0200", ("12", 0)),
    ],
)
def test_what_is_not_offered_or_not_whole_is_refused(
    channel: str, changes: dict[int, Value | None], mti: str, told: tuple[str, int]
) -> None:
    assert reject(asked(changes, mti), channel) == told


def test_a_service_says_what_may_be_done_with_it() -> None:
    withdrawal, pin_change = service(asked({}), "atm"), service(asked({3: "940000", 48: "b"}), "atm")
    assert (withdrawal.reversible, withdrawal.stand_in, withdrawal.fee) == (True, True, "withdrawal")
    assert (pin_change.reversible, pin_change.stand_in, pin_change.fee) == (False, False, "pin-change")


def test_reversals_and_network_messages() -> None:
    reversal = asked({12: None, 13: None, 35: None, 52: None, 39: "68"}, "0421")
    assert service(reversal, "atm").name == "reversal"
    sign_on = Message("0800", {7: "1122101112", 11: "000001", 70: "001"})
    assert packaged().channel(sign_on) == "network"
    assert service(sign_on, "network").name == "network management"
    assert reject(sign_on.changed(fields={70: "999"}), "network") == ("12", 70)


def answer(to: Message, changes: Mapping[int, Value | None]) -> Message:
    echoed = {n: to.fields[n] for n in (2, 3, 7, 11, 12, 13, 32, 37, 41)}
    fields = {**echoed, 39: "00", 38: "123456", **changes}
    return Message(answering(to.mti), {n: v for n, v in fields.items() if v is not None})


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({}, None),
        ({54: "0001704C000000001000"}, None),
        ({39: "51", 38: None}, None),
        ({38: None}, 38),  # an approval has its code
        ({39: None}, 39),
        ({11: "000002"}, 11),
        ({41: None}, 41),
        ({52: bytes(8)}, 52),
    ],
)
def test_answers_are_checked_too(changes: dict[int, Value | None], field: int | None) -> None:
    message = asked({})
    found = packaged().check_answer(service(message, "atm"), message, answer(message, changes))
    assert (found.field if found else None) == field
    assert found is None or found.response == "30"


def test_an_answer_has_the_type_of_one() -> None:
    message = asked({})
    wrong = answer(message, {}).changed(mti="0230")
    found = packaged().check_answer(service(message, "atm"), message, wrong)
    assert found
    assert found.field == 0


BANKS = """
[banks.bank-a]
pos = ["purchase", "void", "balance", "PIN change"]
[banks.bank-b]
pos = ["purchase"]
"""


def own() -> str:
    return files("switch.services").joinpath("services.toml").read_text(encoding="utf-8")


def test_banks_offer_more_or_less_at_their_terminals_and_to_their_cards() -> None:
    services = read("s.toml", own() + BANKS)
    void = asked({**POS, 3: "020000", 60: "1", 62: "2"})
    offered = services.recognise(void, "pos", "bank-a")
    assert isinstance(offered, Service)
    refused = services.recognise(void, "pos", "bank-b")
    assert isinstance(refused, Reject)
    assert (refused.response, refused.field) == ("58", 3)
    assert services.permitted(offered, "bank-a") is None
    to_card = services.permitted(offered, "bank-b")
    assert to_card
    assert to_card.response == "57"
    reversal = asked({35: None, 52: None}, "0420")
    assert isinstance(services.recognise(reversal, "pos", "bank-b"), Service), "a reversal is owed all the same"
    assert isinstance(services.recognise(asked({}), "atm", "bank-b"), Service), "other channels are offered whole"


ROW = '[[services]]\nname = "n"\nchannels = ["atm"]\nmti = "0200"\nrequest = "network-request"\nanswer = "network-answer"\n'


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (ROW, "codes: at least one"),
        (ROW + 'codes = { 3 = ["01xxxx"] }', "withdrawal and n can't be told apart on atm"),
        (ROW + 'codes = { 3 = ["99xxxx"] }\ncolour = 1', "colour means nothing"),
        (ROW + 'codes = { 3 = ["99yyyy"] }', "digits, and x for any"),
        (ROW + 'codes = { 129 = ["1"] }', "129 is no element's number"),
        (ROW + 'codes = { 3 = ["99xxxx"] }\nneeds = "0"', "0 is no element's number"),
        (ROW.replace("atm", "moon") + 'codes = { 3 = ["99xxxx"] }', "channels: some of"),
        (ROW.replace("0200", "0210") + 'codes = { 3 = ["99xxxx"] }', "mti: four digits of a request"),
        ("[banks.a]\nmoon = []", "banks.a.moon: some of nothing"),
        ('[banks.a]\npos = ["flight"]', "banks.a.pos: some of"),
        ('[sets.a]\nmandatory = "2"\noptional = "2-4"', "2 stands in two lists"),
        ('[sets.a.conditional]\n2 = "sometimes"', "chip or magnetic"),
        ("nonsense", "s.toml: "),
    ],
)
def test_a_wrong_file_is_refused_with_its_place(more: str, told: str) -> None:
    with pytest.raises(ServiceFileError, match=told):
        read("s.toml", own() + more)


VALUES = st.one_of(st.text(max_size=6), st.integers(0, 10**12), st.binary(max_size=8))


@given(st.dictionaries(st.integers(2, 128), VALUES), st.sampled_from(["0200", "0420", "0800", "9999", "", "0201"]))
def test_any_message_is_recognised_or_refused(fields: dict[int, Value], mti: str) -> None:
    message = Message(mti, {**BASE, **fields})
    for channel in packaged().channels:
        assert isinstance(packaged().recognise(message, channel), Service | Reject)
    packaged().channel(message)
    packaged().check_answer(packaged().rows[0], message, message)


def test_what_is_remembered_is_bounded_and_tells_the_same() -> None:
    services = read("s.toml", own())
    first = services.recognise(asked({}), "atm")
    for number in range(REMEMBERED_MAX + 10):
        found = services.recognise(asked({3: f"99{number:04d}"}), "atm")
        assert isinstance(found, Reject)
    assert len(services._found) <= REMEMBERED_MAX
    assert services.recognise(asked({}), "atm") == first
