"""XOF files become prepared files: whole ones, and none of what is wrong."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import TypeVar

import pytest
from psec import des, pinblock
from support.cardorders import HELD, card, holder, sealed, write_xof
from support.cardroom import CLEAR, LoopbackHsm, SeededBytes, issuer_keys, now, profile
from twisted.internet.defer import Deferred

from hsm.client.pool import OutcomeUnknown
from switch.perso.authority import TestAuthority
from switch.perso.card import tlv
from switch.perso.card.groups import DataGroup
from switch.perso.partfile import MARK_CARDS
from switch.perso.preparedfile import PreparedReader, Readable, SealedCard, read_content
from switch.perso.preparing import Keys
from switch.perso.sealing import unpadded
from switch.perso.terms import Attribute, CardValues, HeldKey, Refused
from switch.server.perso.cardhsm import CardHsm
from switch.server.perso.preparing import OrderPreparation

AUTHORITY = TestAuthority.founded(0x92, SeededBytes("authority"))
HSM = LoopbackHsm()
A = TypeVar("A")


@cache
def keys() -> Keys:
    return now(Deferred.fromCoroutine(issuer_keys(HSM, AUTHORITY)))


def preparation(hsm: CardHsm = HSM, held: dict[str, HeldKey] = HELD) -> OrderPreparation:
    return OrderPreparation(hsm, profile(), keys(), held.get, SeededBytes("ivs"))


def prepare(xof: Path, to: Path, hsm: CardHsm = HSM) -> list[SealedCard]:
    now(Deferred.fromCoroutine(preparation(hsm).prepare_file(xof, to)))
    with to.open("rb") as source:
        return list(PreparedReader(source, to.name))


def opened(sealed_card: SealedCard) -> Readable:
    """What the data key seals, by psec."""
    data = des.decrypt_tdes_cbc(bytes.fromhex(CLEAR["data"]), sealed_card.data[:8], sealed_card.data[8:])
    return read_content(unpadded(data))


def test_an_order_is_prepared(tmp_path: Path) -> None:
    more = DataGroup("0B01", tlv.data_object("70", tlv.data_object("9F7F", b"issuer"))).raw
    cards = [card(n, pin="82461" if n % 3 == 0 else "", more=more if n % 5 == 0 else b"") for n in range(1, 101)]
    xof = write_xof(tmp_path / "a.xof", cards)
    seen: list[tuple[int, int]] = []
    to = tmp_path / "a.prepared"
    head = now(Deferred.fromCoroutine(preparation().prepare_file(xof, to, lambda done, of: seen.append((done, of)))))
    assert (head.issuer, head.order, head.cards) == ("BANK", "ORDER-1", 100)
    assert seen[-1] == (100, 100)
    assert seen == sorted(seen)
    with to.open("rb") as source:
        made = list(PreparedReader(source, to.name))
    assert [each.sequence for each in made] == list(range(1, 101))
    for each in made:
        read = opened(each)
        assert read.holder == holder(each.sequence)
        assert any(group.dgi == "0B01" for group in read.plain) == (each.sequence % 5 == 0)
        pin = pinblock.decode_pinblock_iso_2(des.decrypt_tdes_ecb(bytes.fromhex(CLEAR["ptk"]), each.pin))
        assert (pin == "82461") == (each.sequence % 3 == 0)


def test_keys_that_the_issuer_made_come_under_the_ktk_as_derived_ones_do(tmp_path: Path) -> None:
    hsm = LoopbackHsm()
    own = {n: bytes(range(n, n + 48)) for n in (1, 3, 4)}
    checks = DataGroup("9000", bytes(range(9))).raw
    cards = [card(n, own=own.get(n, b""), more=checks if n in own else b"") for n in range(1, 6)]
    made = prepare(write_xof(tmp_path / "a.xof", cards), tmp_path / "a.prepared", hsm)
    for each in made:
        keys = des.decrypt_tdes_ecb(bytes.fromhex(CLEAR["ktk"]), each.keys)
        assert (keys == own.get(each.sequence)) == (each.sequence in own)
        assert (each.checks == bytes(range(9))) == (each.sequence in own)
        assert not any(group.dgi == "9000" for group in opened(each).plain)
    assert hsm.asked["EE204A"] == 3 * 2, "derived are the keys of the other two cards alone"
    assert hsm.asked["EEF001"] == 1


def test_the_file_holds_nothing_that_can_be_read(tmp_path: Path) -> None:
    to = tmp_path / "a.prepared"
    (made,) = prepare(write_xof(tmp_path / "a.xof", [card(1)]), to)
    read = opened(made)
    text = to.read_text()
    raw = b"".join((made.data, made.keys, made.pin))
    for secret in (read.holder.pan, read.holder.name, read.values.cvv2 + "0", read.tracks[1][1:-1]):
        assert secret not in text
        assert secret.encode() not in raw
        assert secret.encode().hex().upper() not in text
    assert to.stat().st_mode & 0o777 == 0o600


def test_the_same_content_is_sealed_otherwise_each_time(tmp_path: Path) -> None:
    xof = write_xof(tmp_path / "a.xof", [card(1)])
    seen = set()
    for name in ("a", "b"):
        to = tmp_path / f"{name}.prepared"
        fresh = OrderPreparation(HSM, profile(), keys(), HELD.get, os.urandom)
        now(Deferred.fromCoroutine(fresh.prepare_file(xof, to)))
        with to.open("rb") as source:
            (made,) = PreparedReader(source, to.name)
        seen |= {made.data[:8], made.data[8:16]}
    assert len(seen) == 4, "the IV, and so the block behind it, that begins with the same PAN"


def refused(tmp_path: Path, cards: list[CardValues], *, mac_right: bool = True, hsm: CardHsm = HSM) -> str:
    to = tmp_path / "a.prepared"
    xof = write_xof(tmp_path / "a.xof", cards, mac_right=mac_right)
    with pytest.raises(Refused) as why:
        prepare(xof, to, hsm)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.xof"], "nothing is half prepared"
    return str(why.value)


def bad(number: int, attribute: Attribute, value: bytes) -> CardValues:
    return CardValues(number, {**card(number).values, attribute: value})


def test_refused_by_file_record_and_field(tmp_path: Path) -> None:
    good = [card(1), card(2)]
    assert refused(tmp_path, good, mac_right=False) == "a.xof: field mac: is not the MAC under DKEP-MAC"
    wrong = refused(tmp_path, [*good, bad(3, Attribute.HOLDER, bytes(32))])
    assert wrong.startswith("a.xof: record 3, field holder:")
    wrong = refused(tmp_path, [*good, bad(3, Attribute.PIN, bytes(8))])
    assert wrong.startswith("a.xof: record 3: the HSM refused: EE06")
    wrong = refused(tmp_path, [*good, bad(3, Attribute.APPLICATION, sealed("data", DataGroup("8000", b"\0").raw))])
    assert wrong == "a.xof: record 3, field application: data group 8000: an order brings records, and other ones"
    wrong = refused(tmp_path, [*good, bad(3, Attribute.ICC_KEYS, sealed("ktk", bytes(56)))])
    told = "AC, SMI and SMC keys, 48 bytes; RSA keys are not taken: no card of this bureau has one"
    assert wrong == f"a.xof: record 3, field icc-keys: {told}"
    wrong = refused(tmp_path, [*good, card(3, own=bytes(48))])
    assert wrong == "a.xof: record 3, field application: data group 9000: check values of icc-keys, 9 bytes"
    wrong = refused(tmp_path, [*good, card(3, more=DataGroup("9000", bytes(9)).raw)])
    assert wrong == "a.xof: record 3, field application: data group 9000: an order brings records, and other ones"
    assert refused(tmp_path, [*good, CardValues(3, {})]) == "a.xof: record 3, field holder: missing"


def test_a_dkep_that_is_another_is_refused(tmp_path: Path) -> None:
    xof = write_xof(tmp_path / "a.xof", [card(1)])
    for held in ({}, {**HELD, "DKEP-HOLDER": HELD["DKEP-PIN"]}):
        with pytest.raises(Refused, match="is not held"):
            now(Deferred.fromCoroutine(preparation(HSM, held).prepare_file(xof, tmp_path / "a.prepared")))


class Failing(LoopbackHsm):
    """Answers nothing any more after so many calls."""

    def __init__(self, left: int) -> None:
        super().__init__()
        self.left = left

    def ask(self, *args: object, **more: object) -> Deferred[A]:
        self.left -= 1
        if self.left < 0:
            raise OutcomeUnknown("no reply")
        return super().ask(*args, **more)  # type: ignore[arg-type]  # as it came


GONE_ON = 600
"""Cards: more than two marks."""


def broken_off(folder: Path) -> Path:
    """An XOF file whose preparation broke off behind the first mark."""
    xof = write_xof(folder / "a.xof", [card(n, pin="82461") for n in range(1, GONE_ON + 1)])
    with pytest.raises(OutcomeUnknown):
        prepare(xof, folder / "a.prepared", Failing(10 * (MARK_CARDS + 100)))
    assert sorted(each.name for each in folder.iterdir()) == ["a.mark", "a.part", "a.xof"]
    return xof


def test_a_preparation_that_broke_off_goes_on_where_it_was(tmp_path: Path) -> None:
    xof = broken_off(tmp_path)
    hsm = LoopbackHsm()
    made = prepare(xof, tmp_path / "a.prepared", hsm)
    assert hsm.asked["EE0607"] == GONE_ON - MARK_CARDS
    assert [opened(each).holder for each in made] == [holder(n) for n in range(1, GONE_ON + 1)]
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.prepared", "a.xof"]


def test_it_goes_on_with_the_same_work_alone(tmp_path: Path) -> None:
    xof = broken_off(tmp_path)
    hsm = LoopbackHsm()
    other = OrderPreparation(hsm, profile(pin_tries="5"), keys(), HELD.get, SeededBytes("ivs"))
    now(Deferred.fromCoroutine(other.prepare_file(xof, tmp_path / "a.prepared")))
    assert hsm.asked["EE0607"] == GONE_ON


def test_a_prepared_file_stays_as_it_is(tmp_path: Path) -> None:
    xof, to = write_xof(tmp_path / "a.xof", [card(1), card(2)]), tmp_path / "a.prepared"
    prepare(xof, to)
    before = to.read_bytes()
    prepare(xof, to)
    assert to.read_bytes() == before
    another = write_xof(tmp_path / "b.xof", [card(1), card(2)], "ORDER-2")
    with pytest.raises(Refused, match=r"a\.prepared: is there already, and is another"):
        prepare(another, to)
    to.write_bytes(before[:-20])
    with pytest.raises(Refused, match="the file is cut off"):
        prepare(xof, to)
