"""Cards prepared by an appliance, each value against another implementation with the keys in hand."""

from __future__ import annotations

import hashlib
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psec import cvv as psec_cvv
from psec import des, pinblock
from psec import pin as psec_pin
from pyemv import kd
from support.cardorders import with_check_digit
from support.cardroom import CLEAR, LoopbackHsm, SeededBytes, issuer_keys, now, profile, stored
from twisted.internet.defer import Deferred

from switch.perso.authority import TestAuthority, check_static_data, issuer_key
from switch.perso.card import groups, tlv
from switch.perso.card.groups import DataGroup, GroupError
from switch.perso.preparing import (
    Keys,
    Preparation,
    PreparedCard,
    derivation_block,
    static_data,
    static_record,
)
from switch.perso.profile import Option
from switch.perso.terms import Cardholder
from switch.perso.tracks import of_equivalent_data, read_track_1, read_track_2

AUTHORITY = TestAuthority.founded(0x92, SeededBytes("authority"))
HSM = LoopbackHsm()
HOLDER = Cardholder("4761739001010010", "01", "2812", "201", "NGUYEN/VAN AN")
LONG = Cardholder("6799990200000001114", "02", "2702", "201", "O'BRIEN/J.MRS")


def clear(role: str) -> bytes:
    return bytes.fromhex(CLEAR[role])[:16]


@cache
def keys() -> Keys:
    return now(Deferred.fromCoroutine(issuer_keys(HSM, AUTHORITY)))


def prepared(holder: Cardholder = HOLDER, pin: bytes | None = None, more: bytes = b"", **changed: str) -> PreparedCard:
    preparation = Preparation(profile(**changed), keys(), HSM)
    return now(Deferred.fromCoroutine(preparation.prepared(1, holder, pin, stored("pin") if pin else None, more)))


def pin_of(card: PreparedCard) -> str:
    """The PIN that the card's block holds, by psec."""
    block = des.decrypt_tdes_ecb(clear("ptk"), card.pin)
    return pinblock.decode_pinblock_iso_2(block)


@pytest.mark.parametrize("holder", [HOLDER, LONG])
def test_card_verification_values(holder: Cardholder) -> None:
    card = prepared(holder)
    mmyy = holder.expiry[2:] + holder.expiry[:2]
    assert card.values.cvv == psec_cvv.generate_cvv(clear("cvk"), holder.pan, holder.expiry, holder.service_code)
    assert card.values.cvv2 == psec_cvv.generate_cvv(clear("cvk"), holder.pan, mmyy, "000")
    assert card.values.icvv == psec_cvv.generate_cvv(clear("cvk"), holder.pan, holder.expiry, "999")


def test_a_published_card() -> None:
    """CVV, CVV2 and iCVV of captures of EFTLab BP-Tools (CryptoCarver's tests), which date a CVV2 YYMM: 12/12 is both."""
    card = prepared(Cardholder("4111111111111111", "00", "2512", "201", "TEST/CARD"))
    assert (card.values.cvv, card.values.icvv) == ("139", "133")


@pytest.mark.parametrize("holder", [HOLDER, LONG])
def test_the_pvv_is_of_the_pin_on_the_card(holder: Cardholder) -> None:
    card = prepared(holder)
    assert card.values.pin_value == psec_pin.generate_visa_pvv(clear("pvv-key"), "1", pin_of(card), holder.pan)


@pytest.mark.parametrize("digits", [4, 6, 12])
def test_the_offset_is_of_the_pin_on_the_card(digits: int) -> None:
    card = prepared(pin_method='"offset"', pin_digits=str(digits))
    pin = pin_of(card)
    validation = HOLDER.account.ljust(16, "F")
    natural = des.encrypt_tdes_ecb(clear("pvk"), bytes.fromhex(validation)).hex()
    table = CLEAR["pvk"][32:]
    expected = [(int(digit) - int(table[int(char, 16)])) % 10 for digit, char in zip(pin, natural, strict=False)]
    assert len(pin) == digits
    assert card.values.pin_value == "".join(str(each) for each in expected)


def test_the_orders_pin_is_on_the_card() -> None:
    block = pinblock.encode_pinblock_iso_0("82461", HOLDER.pan)
    card = prepared(pin=des.encrypt_tdes_ecb(clear("pin"), block))
    assert pin_of(card) == "82461"


@settings(max_examples=40, deadline=None)
@given(st.text("0123456789", min_size=12, max_size=18), st.sampled_from(["00", "01", "99"]), st.sampled_from("AB"))
def test_card_keys(start: str, sequence: str, option: str) -> None:
    """Options A and B by pyemv, under the KTK by psec."""
    holder = Cardholder(with_check_digit(start), sequence, "2812", "201", "AB")
    card = prepared(holder, option=f'"{option}"')
    derive = kd.derive_icc_mk_a if option == "A" else kd.derive_icc_mk_b
    masters = [derive(clear(role), holder.pan, sequence) for role in ("imk-ac", "imk-smi", "imk-smc")]
    assert des.decrypt_tdes_ecb(clear("ktk"), card.keys) == b"".join(masters)
    assert card.checks == b"".join(des.encrypt_tdes_ecb(master, bytes(8))[:3] for master in masters)


def test_option_b_of_long_pans_scans_twice() -> None:
    """EMV 4.3 Book 2 A1.4.2: the digest's decimal digits first, then its letters less ten."""
    assert len(derivation_block(Option.B, LONG.pan, LONG.sequence)) == 16
    digest = hashlib.sha1(bytes.fromhex("0" + LONG.pan + LONG.sequence), usedforsecurity=False).hexdigest()
    first = [char for char in digest if char in "0123456789"]
    assert derivation_block(Option.B, LONG.pan, LONG.sequence).startswith("".join(first)[:16])


def record(card: PreparedCard, dgi: str) -> dict[str, bytes]:
    (found,) = (group.data for group in card.plain if group.dgi == dgi)
    return tlv.parsed(tlv.parsed(found)["70"])


@pytest.mark.parametrize("holder", [HOLDER, LONG])
def test_a_terminal_authenticates_the_static_data(holder: Cardholder) -> None:
    """EMV 4.3 Book 2 section 5, from the authority's key to the records."""
    card = prepared(holder)
    certified, signed = record(card, "0202"), record(card, "0203")
    assert certified["8F"] == b"\x92"
    assert certified["9F32"] == b"\3"
    key = issuer_key(AUTHORITY.public, keys().certificate, "476173", "1126")
    assert (certified["90"], certified.get("92", b"")) == (keys().certificate.certificate, keys().certificate.remainder)
    (static,) = (tlv.parsed(group.data)["70"] for group in card.plain if group.dgi == "0201")
    assert check_static_data(key, signed["93"], static + b"\x5c\0") == b"\xda\xc0"
    assert static_data(static_record(holder, profile()), profile()) == static + b"\x5c\0"


def test_what_stands_on_the_card() -> None:
    card = prepared()
    first, second = read_track_1(card.tracks[0]), read_track_2(card.tracks[1])
    assert (first.pan, first.name, first.expiry, first.service_code) == (
        HOLDER.pan,
        HOLDER.name,
        HOLDER.expiry,
        HOLDER.service_code,
    )
    assert second.discretionary == f"1{card.values.pin_value}{card.values.cvv}"
    assert first.discretionary == f"1{card.values.pin_value}00{card.values.cvv}000000"
    chip = of_equivalent_data(record(card, "0101")["57"])
    assert chip.discretionary == f"1{card.values.pin_value}{card.values.icvv}"
    assert card.lines == ("4761 7390 0101 0010", "12/28", "VAN AN NGUYEN", "MEMBER SINCE 26")
    static = record(card, "0201")
    assert static["5A"].hex() == HOLDER.pan
    assert static["5F24"].hex() == "281231"
    assert static["5F34"].hex() == "01"
    assert record(prepared(LONG), "0201")["5A"].hex() == LONG.pan + "f"


def test_names_that_a_track_cannot_hold() -> None:
    card = prepared(LONG)
    assert read_track_1(card.tracks[0]).name == "O BRIEN/J.MRS"
    assert card.lines[2] == "MRS J O'BRIEN"


@pytest.mark.parametrize(("expiry", "day"), [("2802", "29"), ("2702", "28"), ("2704", "30"), ("2712", "31")])
def test_a_card_expires_at_the_end_of_its_month(expiry: str, day: str) -> None:
    holder = Cardholder(HOLDER.pan, "00", expiry, "201", "AB")
    assert tlv.parsed(static_record(holder, profile()))["5F24"].hex() == expiry + day


def test_the_orders_own_groups() -> None:
    own = DataGroup("0B01", tlv.data_object("70", tlv.data_object("9F7F", b"issuer")))
    assert own in prepared(more=own.raw).plain


@pytest.mark.parametrize("dgi", ["0101", "0203", "8000", "9102", "8201"])
def test_groups_that_an_order_may_not_bring(dgi: str) -> None:
    with pytest.raises(GroupError, match=dgi):
        prepared(more=DataGroup(dgi, b"\x70\1\1").raw)


def test_a_group_twice() -> None:
    with pytest.raises(GroupError, match="twice"):
        prepared(more=DataGroup("0B01", b"\x70\0").raw * 2)


def test_pins_are_drawn_for_each_card() -> None:
    drawn = {pin_of(prepared()) for _ in range(12)}
    assert len(drawn) > 6


def test_nothing_shows_what_a_card_holds() -> None:
    card = prepared()
    shown = repr(card)
    assert HOLDER.pan not in shown
    assert card.values.cvv2 not in shown or card.values.cvv2 in "281201"
    assert groups.KEYS not in shown
