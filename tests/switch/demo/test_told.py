"""Journals as people read them."""

from __future__ import annotations

import json
from dataclasses import fields

from switch.demo.told import Heard, lines, money
from switch.store.rows import Noted


def noted(id: str, link: str, way: str, mti: str, elements: dict[str, object], response: str = "") -> Noted:
    values = {
        "id": id, "at_us": int(id), "business_date": "20261122", "transaction_id": "t", "link": link, "direction": way,
        "mti": mti, "pan": "970405******0013", "response_code": response, "fields": json.dumps(elements),
    }  # fmt: skip
    return Noted(*(values[field.name] for field in fields(Noted)))  # type: ignore[arg-type]  # by their names


ASKED = {"3": "010000", "4": 1_500_000, "49": "704", "41": "ATM00001", "52": "*"}


def test_a_message_is_told_once_as_its_receiver_has_it() -> None:
    heard = [
        Heard("switch", noted("3", "bank-a", "in", "0200", {**ASKED, "128": "*"})),
        Heard("bank-a", noted("2", "switch", "out", "0200", ASKED)),
        Heard("bank-a", noted("1", "atms", "in", "0200", ASKED)),
        Heard("bank-a", noted("4", "atms", "out", "0210", {"3": "010000", "41": "ATM00001"}, "55")),
    ]
    assert lines(heard, {"55": "wrong PIN"}) == [
        "  ATM00001 → bank-a     0200  cash, 1,500,000 VND, 970405******0013, with a PIN block",
        "    bank-a → switch     0200  cash, 1,500,000 VND, 970405******0013, with a PIN block, MAC",
        "    bank-a → ATM00001   0210  cash, 970405******0013, 55 wrong PIN",
    ]


def test_odd_amounts_do_not_hinder() -> None:
    (line,) = lines([Heard("nac", noted("1", "pos", "in", "0420", {"4": "*", "41": "POS00001"}))], {})
    assert line == "  POS00001 → nac        0420  970405******0013"


def test_money_has_its_thousands_apart() -> None:
    assert [money(0), money(1_234_567), money(-1250, "840")] == ["0 VND", "1,234,567 VND", "-12.50 USD"]
