"""Key files: written, read, and refused by key and field."""

from __future__ import annotations

import json

import pytest
from psec import des
from support.perso import KEYS, ZMK

from switch.perso.issuing import check_value
from switch.perso.keyfile import KeyFile, SentKey, read_keys
from switch.perso.terms import Content, Refused

FILE = KeyFile(check_value(ZMK), tuple(SentKey(KEYS.named(content), KEYS.under(ZMK, content)) for content in Content))
TEXT = FILE.text()


def test_what_is_written_is_read() -> None:
    assert read_keys(TEXT, "keys.json") == FILE


def test_values_are_those_of_another_implementation() -> None:
    assert des.encrypt_tdes_ecb(ZMK, bytes(8))[:3].hex().upper() == FILE.zmk_check_value
    for key in FILE.keys:
        clear = des.decrypt_tdes_ecb(ZMK, key.cryptogram)
        assert clear == KEYS.clear[key.named.content]
        assert des.encrypt_tdes_ecb(clear, bytes(8))[:3].hex().upper() == key.named.check_value
        assert all(byte.bit_count() % 2 for byte in clear)


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("name", "a b", "keys.json: record 2, field name: missing, or of another form"),
        ("name", "970499-01-TK-DATA", "keys.json: field keys: 1 to 64 keys, each with a name of its own"),
        ("type", "99", "keys.json: record 2, field type: one of"),
        ("kcv", "12345", "keys.json: record 2, field kcv: "),
        ("cryptogram", "00", "keys.json: record 2, field cryptogram: "),
        ("cryptogram", None, "keys.json: record 2, field cryptogram: "),
    ],
)
def test_refused_by_key_and_field(field: str, value: str | None, told: str) -> None:
    found = json.loads(TEXT)
    found["keys"][1][field] = value
    with pytest.raises(Refused) as refused:
        read_keys(json.dumps(found), "keys.json")
    assert str(refused.value).startswith(told)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"keys": 1}', '{"keys": [1], "zmk-kcv": "000000"}', "[" * 30_000, " " * 70_000]
)
def test_no_key_file(text: str) -> None:
    with pytest.raises(Refused):
        read_keys(text, "keys.json")


def test_nothing_shows_a_cryptogram_in_passing() -> None:
    assert all(key.cryptogram.hex() not in repr(FILE).lower() for key in FILE.keys)
