from __future__ import annotations

import json
from dataclasses import fields
from functools import partial

from hypothesis import given
from hypothesis import strategies as st

from switch.codec.message import Message, Parts, Value
from switch.codec.privacy import HIDDEN
from switch.store.database import Database
from switch.store.journal import noted
from switch.store.kinds import KINDS
from switch.store.numbers import Numbers
from switch.store.reading import Reading
from switch.store.view import View, Work
from switch.store.writer import Writer

PAN = "9704110000000003"
MESSAGE = Message(
    "0200",
    {2: PAN, 3: "010000", 4: 50_000, 35: f"{PAN}=2912", 39: "00", 43: f"SHOP {PAN}", 48: "KEY", 52: bytes(8),
     55: Parts({"9F26": b"12"}), 102: "97041100000000", 124: "PIN 1234"},
)  # fmt: skip


def test_a_message_is_kept_masked() -> None:
    row = noted("1", 2, MESSAGE, "bank-a", "in", "20261122", "t")
    assert (row.pan, row.response_code, row.mti, row.direction) == ("970411******0003", "00", "0200", "in")
    assert json.loads(row.fields) == {
        "2": "970411******0003", "3": "010000", "4": 50_000, "35": "*", "39": "00", "43": "SHOP 970411******0003",
        "48": "*", "52": "*", "55": "*", "102": "970411****0000", "124": "*",
    }  # fmt: skip


@given(st.sampled_from(sorted(HIDDEN)), st.text("0123456789ABCDEF=", min_size=5) | st.binary(min_size=5))
def test_nothing_of_a_hidden_element_is_kept(number: int, value: Value) -> None:
    row = noted("1", 2, Message("0200", {number: value}), "l", "in", "d", "t")
    assert json.loads(row.fields) == {str(number): "*"}


@given(st.from_regex(r"[0-9]{13,19}", fullmatch=True), st.sampled_from([2, 34, 43, 102, 103]))
def test_no_pan_is_kept_whole_wherever_it_stands(pan: str, number: int) -> None:
    row = noted("1", 2, Message("0200", {number: pan}), "l", "in", "d", "t")
    assert pan not in repr(row)


def test_a_transaction_s_messages_come_back_in_order(writer: Writer, database: Database) -> None:
    numbers = Numbers(1)
    rows = [noted(numbers.next(), n, MESSAGE, "bank-a", "in", "20261122", "t") for n in range(300)]
    for row in rows:
        writer.submit(Work(partial(View.add, row=row)), lambda result: None)
    writer.close()
    reading = Reading(database)
    assert reading.journal("t") == rows
    assert reading.journal("u") == []
    reading.close()


def test_a_row_has_no_place_for_what_is_secret() -> None:
    names = {each.name for row in KINDS for each in fields(row)}
    assert not names & {"pin", "pin_block", "track", "track2", "clear_key", "cvv", "key"}
