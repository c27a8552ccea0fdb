"""Cards handed out: read by simulated terminals and by an issuer's host, with cryptograms that pyemv agrees with."""

from __future__ import annotations

import io
from functools import cache

import pytest
from pyemv import ac, kd
from support.cardroom import CLEAR, LoopbackHsm, SeededBytes, issuer_keys, now, profile
from twisted.internet.defer import Deferred

from switch.perso.authority import TestAuthority
from switch.perso.card import tlv
from switch.perso.card.card import Card, made_by
from switch.perso.card.reader import CardRefused, InReader, Purchase
from switch.perso.handout import write_for_issuer, write_for_terminals
from switch.perso.machine import Finished
from switch.perso.personalising import Load, personalise
from switch.perso.preparing import Keys, Preparation, PreparedCard
from switch.perso.terms import Cardholder
from switch.perso.tracks import on_stripe
from switch.simulators.card import read_cards

AID = bytes.fromhex("A0000000031010")
HOLDER = Cardholder("4761739001010010", "01", "2812", "201", "NGUYEN/VAN AN")
PURCHASE = Purchase(500_000, "704", "704", "261122", b"\1\2\3\4")
HSM = LoopbackHsm()


@cache
def made() -> tuple[PreparedCard, Keys]:
    keys = now(Deferred.fromCoroutine(issuer_keys(HSM, TestAuthority.founded(0x92, SeededBytes("authority")))))
    return now(Deferred.fromCoroutine(Preparation(profile(), keys, HSM).prepared(1, HOLDER))), keys


def finished() -> Finished:
    prepared, keys = made()
    chip = Card(made_by(bytes.fromhex(CLEAR["kmc"]), bytes(10)), SeededBytes("chip"))
    load = Load(prepared.plain, prepared.keys, prepared.checks, prepared.pin)
    now(Deferred.fromCoroutine(personalise(chip, load, keys.by_role, HSM, SeededBytes("host"))))
    stripe = tuple(on_stripe(number, text) for number, text in enumerate(prepared.tracks, 1))
    return Finished("BANK/O/1", 1, chip, stripe, prepared.lines, prepared.values.cvv2)


def test_what_a_chip_says_is_verified_by_its_issuer() -> None:
    """The issuer's side by pyemv: card key by option A, common session key, Visa CVN 18."""
    told = tlv.parsed(InReader(finished().chip, AID, PURCHASE).asks().content)
    master = kd.derive_icc_mk_a(bytes.fromhex(CLEAR["imk-ac"]), HOLDER.pan, told["5F34"].hex())
    tags = ("9F02", "9F03", "9F1A", "95", "5F2A", "9A", "9C", "9F37", "82", "9F36", "9F10")
    data = b"".join(told[tag] for tag in tags)
    key = kd.derive_common_sk(master, told["9F36"] + bytes(6))
    assert told["9F26"] == ac.generate_ac(key, data, ac.PaddingType.EMV)
    assert (told["9F27"], told["9F02"], told["9F36"]) == (b"\x80", bytes.fromhex("000000500000"), b"\0\1")


def test_terminals_read_the_cards() -> None:
    out = io.StringIO()
    assert write_for_terminals(out, [finished()], AID, PURCHASE) == 1
    (card,) = read_cards("cards.csv", out.getvalue()).values()
    assert (card.name, card.pan, card.expiry, card.service_code) == ("BANK/O/1", HOLDER.pan, "2812", "201")
    assert f";{card.track_2}?" == made()[0].tracks[1]
    assert tlv.parsed(card.chip)["9F27"] == b"\x80"
    plain = io.StringIO()
    write_for_terminals(plain, [finished()], AID, None)
    assert next(iter(read_cards("cards.csv", plain.getvalue()).values())).chip == b""


def test_the_issuers_host_gets_the_pvv() -> None:
    out = io.StringIO()
    assert write_for_issuer(out, [finished()], iter(["0000000000001"])) == 1
    assert out.getvalue().splitlines() == [
        "pan,expires,service_code,account,pvki,pin_check",
        f"{HOLDER.pan},2812,201,0000000000001,1,{made()[0].values.pin_value}",
    ]


def test_a_blank_pays_nothing() -> None:
    with pytest.raises(CardRefused, match="00A4 was answered 6D00"):
        InReader(Card(made_by(bytes(range(16)), bytes(10)), SeededBytes("chip")), AID, PURCHASE)
