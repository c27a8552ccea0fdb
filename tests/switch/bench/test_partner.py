from __future__ import annotations

import pytest
from Crypto.Cipher import DES3

from switch.bench.cards import ZMK, cards
from switch.bench.partner import Partner, Unexpected
from switch.codec.codec import codec
from switch.codec.message import Message
from switch.keys.effects import Direction, KeyType
from switch.keys.forms import Labelled, Said
from switch.keys.terminalforms import Given, form_of
from switch.keys.words import Offer, Taken
from switch.link.answers import reply
from switch.link.profile import Because, Profile

CODEC = codec("banknet")
KEY = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")


def partner() -> tuple[Partner, list[bytes]]:
    keys: list[bytes] = []
    return Partner(CODEC, cards(2), lambda terminal, key: keys.append(terminal.encode() + key)), keys


def told(made: Partner, message: Message) -> Message:
    said = made.network(CODEC.encode(message.changed(fields={7: "1122120000", 11: "000007"})))
    assert said is not None
    return CODEC.decode(said)


def test_it_signs_on() -> None:
    made, _ = partner()
    asked = CODEC.decode(made.sign_on("1122120000"))
    assert (asked.mti, asked.fields[70]) == ("0800", "001")
    assert made.network(CODEC.encode(reply(asked, Because.APPROVED, Profile()))) is None
    assert made.signed_on


def test_a_refused_sign_on_is_told() -> None:
    made, _ = partner()
    asked = CODEC.decode(made.sign_on("1122120000"))
    with pytest.raises(Unexpected, match="05"):
        made.network(CODEC.encode(reply(asked, Because.NOT_ADMITTED, Profile())))
    assert not made.signed_on


def test_echoes_are_answered_and_counted() -> None:
    made, _ = partner()
    answer = told(made, Message("0800", {70: "301"}))
    assert (answer.mti, answer.fields[11], answer.fields[39], made.echoes) == ("0810", "000007", "00", 1)


def test_a_key_is_taken_and_its_check_value_told() -> None:
    made, keys = partner()
    sent = "X" + DES3.new(ZMK, DES3.MODE_ECB).encrypt(KEY).hex().upper()
    offer = Labelled().write(Said(KeyType.ZPK, Direction.BOTH, Offer(None, "", None, sent)))
    assert offer is not None
    answer = told(made, offer)
    assert Labelled().read(answer) == Said(KeyType.ZPK, Direction.BOTH, Taken(None, "08D7B4"))
    assert answer.fields[11] == "000007"
    assert (keys, made.keys_taken) == ([KEY], 1)


def test_other_words_about_keys_are_not_expected() -> None:
    made, _ = partner()
    with pytest.raises(Unexpected):
        told(made, Message("0800", {48: "ZPK000", 70: "101"}))


def test_a_terminal_s_key_is_taken_with_its_name_and_checked() -> None:
    made, keys = partner()
    asked = CODEC.decode(made.terminal_signs_on("T0000001", "1122120000"))
    assert (asked.mti, asked.fields[41], asked.fields[70]) == ("0800", "T0000001", "101")
    sent = "X" + DES3.new(ZMK, DES3.MODE_ECB).encrypt(KEY).hex().upper()
    for kcv, taken in (("08D7B4", [b"T0000001" + KEY]), ("000000", None), (None, None)):
        said = form_of(CODEC).give(Given(1, kcv, sent)) if kcv else {}
        answer = reply(asked, Because.APPROVED, Profile()).changed(fields={**said})
        if taken is None:
            with pytest.raises(Unexpected):
                made.network(CODEC.encode(answer))
        else:
            assert made.network(CODEC.encode(answer)) is None
            assert keys == taken
    assert not made.signed_on
