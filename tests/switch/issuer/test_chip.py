"""Chip cards: whose cryptogram is right, which is wrong, and what is said back; the cryptograms by pyemv."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyemv import ac
from support.ourbank import ANNA, BINH, CHIPS, IMK_AC, Bank, asks, block_of, card_key, configured, track_of, under_lmk

from switch import asking as q
from switch.asking import Cause, CryptogramKey, NoAnswer
from switch.codec.message import Parts
from switch.codec.nested import BerTlv
from switch.flow.request import Request
from switch.issuer.chip import chip_data
from switch.link.lines import ConfigError

AMOUNT = 1_000
ORDER = ("9F02", "9F03", "9F1A", "95", "5F2A", "9A", "9C", "9F37", "82", "9F36")
OLDER = CHIPS + "cryptogram-version = 10\n"
ISSUER_DATA = {18: bytes.fromhex("06011203A00000"), 10: bytes.fromhex("06010A03A00000")}


def objects(counter: int = 1, version: int = 18, pan: str = ANNA, **changed: bytes) -> dict[str, bytes]:
    """What a chip says of a withdrawal; *changed* objects (T9F02=…) before the cryptogram is made."""
    made = {
        "9F02": bytes.fromhex(f"{AMOUNT:012d}"), "9F03": bytes(6), "9F1A": b"\x07\x04", "95": bytes(5),
        "5F2A": b"\x07\x04", "9A": bytes.fromhex("261122"), "9C": b"\x01", "9F37": b"\x01\x23\x45\x67", "82": b"\x5c\0",
        "9F36": counter.to_bytes(2, "big"), "9F10": ISSUER_DATA[version], "9F27": b"\x80", "5F34": b"\0",
    }  # fmt: skip
    made |= {tag[1:]: value for tag, value in changed.items()}
    kind = CryptogramKey.COMMON_SESSION if version == 18 else CryptogramKey.CARD
    results = made["9F10"] if version == 18 else made["9F10"][3:7]
    padding = ac.PaddingType.EMV if version == 18 else ac.PaddingType.VISA
    data = b"".join(made[tag] for tag in ORDER) + results
    made["9F26"] = ac.generate_ac(card_key(kind, pan, made["5F34"].hex(), made["9F36"]), data, padding)
    return made


def said(
    stan: int = 1, given: Mapping[str, bytes] | None = None, *, pan: str = ANNA, mode: str = "051", **more: Any
) -> Request:
    chip = objects(stan, pan=pan) if given is None else given
    return asks("withdrawal", stan, AMOUNT, pan, de_22=mode, de_55=Parts(chip), **more)


@pytest.fixture
def bank() -> Bank:
    return Bank(CHIPS)


@pytest.mark.parametrize(
    ("text", "version", "kind"), [(CHIPS, 18, CryptogramKey.COMMON_SESSION), (OLDER, 10, CryptogramKey.CARD)]
)
def test_a_right_cryptogram_is_answered_by_its_own(text: str, version: int, kind: CryptogramKey) -> None:
    bank, chip = Bank(text), objects(version=version)
    decision = bank.ask(said(1, chip))
    assert decision.response == "00"
    response = ac.generate_arpc_1(card_key(kind, ANNA, "00", chip["9F36"]), chip["9F26"], b"00")
    assert decision.fields[55] == Parts({"91": response + b"00"})
    assert [type(each) for each in bank.asked] == [q.VerifyArqc, q.VerifyPinByPvv]
    for secret in (ANNA, chip["9F26"].hex(), under_lmk(IMK_AC, "109")):
        assert secret not in repr(bank.asked)


def test_where_sub_fields_are_bytes_the_answer_has_bytes(bank: Bank) -> None:
    request = asks("withdrawal", 1, AMOUNT, de_22="051", de_55=BerTlv().write(Parts(objects())))
    answer = bank.ask(request).fields[55]
    assert isinstance(answer, bytes)
    assert list(BerTlv().read(answer)) == ["91"]
    assert bank.say(asks("withdrawal", 2, AMOUNT, de_22="051", de_55=b"\x9f")) == "30"


@pytest.mark.parametrize("tag", [*ORDER, "9F10", "9F26", "5F34"])
def test_whatever_is_changed_is_noticed(bank: Bank, tag: str) -> None:
    chip = objects()
    chip[tag] = chip[tag][:-1] + bytes((chip[tag][-1] ^ 1,))
    assert bank.say(said(1, chip)) == "63"
    assert (bank.held("anna"), bank.card().chip_counter) == (800_000, 0)
    assert bank.say(said(2)) == "00"


@pytest.mark.parametrize(
    "changed",
    [{"T9F02": bytes(6)}, {"T5F2A": b"\x08\x40"}, {"T9F27": b"\0"}, {"T9F27": b"\x40"}, {"T9F10": ISSUER_DATA[10]}],
)
def test_a_right_cryptogram_of_something_else(bank: Bank, changed: dict[str, bytes]) -> None:
    assert bank.say(said(1, objects(**changed))) == "63"
    assert bank.asked == []


@pytest.mark.parametrize("tag", [*ORDER, "9F10", "9F26", "9F27"])
def test_what_is_missing_or_short(bank: Bank, tag: str) -> None:
    chip = objects()
    short = {**chip, tag: chip[tag][1:]}
    del chip[tag]
    assert (bank.say(said(1, chip)), bank.say(said(2, short))) == ("30", "30")


def test_another_cards_cryptogram(bank: Bank) -> None:
    assert bank.say(said(1, objects(pan=BINH))) == "63"


def test_a_cryptogram_is_good_once(bank: Bank) -> None:
    assert bank.say(said(5)) == "00"
    assert bank.say(said(6, objects(5))) == "63"
    assert bank.say(said(7, objects(4))) == "63"
    assert bank.held("anna") == 800_000 - AMOUNT
    assert bank.say(said(5)) == "00", "the same request is what it was"
    assert bank.held("anna") == 800_000 - AMOUNT
    assert bank.say(said(8, objects(6))) == "00"


def test_after_a_wrong_cryptogram_no_pin_is_tried(bank: Bank) -> None:
    chip = objects() | {"9F26": bytes(8)}
    assert bank.say(said(1, chip, digits="0000")) == "63"
    assert bank.card().tries_left == 3
    assert bank.say(said(2, digits="0000")) == "55"
    assert bank.card().tries_left == 2


def test_a_refusal_says_nothing_to_the_chip(bank: Bank) -> None:
    decision = bank.ask(said(1, digits="0000"))
    assert (decision.response, dict(decision.fields)) == ("55", {})


@pytest.mark.parametrize(
    ("answer", "response"),
    [(NoAnswer(Cause.NOT_ASKED), "91"), (NoAnswer(Cause.UNKNOWN), "91"), (NoAnswer(Cause.REFUSED, "10"), "96")],
)
def test_without_the_hsm(bank: Bank, answer: NoAnswer, response: str) -> None:
    bank.hsm = lambda question: answer if isinstance(question, q.VerifyArqc) else q.Verified(True)
    assert bank.say(said()) == response
    assert bank.card().chip_counter == 0


def test_who_says_chip_must_let_it_speak(bank: Bank) -> None:
    assert bank.say(asks("withdrawal", 1, AMOUNT, de_22="051")) == "63"
    assert Bank().say(asks("withdrawal", 1, AMOUNT, de_22="051")) == "00", "nobody has said that there are chips"
    assert Bank().say(said(2, objects() | {"9F26": bytes(8)})) == "00", "nor what their key is"


@pytest.mark.parametrize(("service_code", "stripe", "response"), [
    ("201", False, "57"), ("601", False, "57"), ("201", True, "00"), ("501", False, "00"), ("101", False, "00"),
])  # fmt: skip
def test_a_card_with_a_chip_that_is_swiped(service_code: str, stripe: bool, response: str) -> None:
    bank = Bank(CHIPS + ("stripe = true\n" if stripe else ""))
    bank.put(replace(bank.card(), service_code=service_code))
    bank.hsm = lambda question: q.Verified(True)
    request = asks("withdrawal", 1, AMOUNT, de_35=track_of(ANNA, "123", service_code))
    assert bank.say(request) == response


def test_voids_and_advices_need_no_chip(bank: Bank) -> None:
    assert bank.say(asks("purchase", 1, AMOUNT, de_22="051", de_55=Parts(objects()), de_62="000001")) == "00"
    assert bank.say(asks("void", 2, AMOUNT, de_22="051", de_62="000001")) == "00"
    assert bank.say(asks("purchase", 3, AMOUNT, mti="0220", de_22="051", de_55=Parts(objects(1)))) == "00"


@given(st.dictionaries(st.sampled_from([*ORDER, "9F10", "9F26", "9F27", "5F34", "72"]), st.binary(max_size=40)))
def test_nothing_that_a_chip_says_breaks_the_issuer(chip: dict[str, bytes]) -> None:
    config = configured(CHIPS).chip
    assert config is not None
    found = chip_data(config, said(1, chip))
    assert isinstance(found, str) or len(found.covered) % 8 == 0


@pytest.mark.parametrize("line", ['imk-ac = "u"', "cryptogram-version = 11", 'stripe = "no"', "strip = true"])
def test_what_the_configuration_refuses(line: str) -> None:
    text = CHIPS if not line.startswith("imk") else CHIPS.replace("imk-ac", "imk-smi")
    with pytest.raises(ConfigError, match=r"issuer\.chip"):
        configured(text + line + "\n")


def test_pin_blocks_and_chips_are_of_one_request(bank: Bank) -> None:
    assert bank.say(said(1, de_52=block_of("1234", ANNA))) == "00"
