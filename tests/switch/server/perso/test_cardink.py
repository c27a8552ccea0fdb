"""Keys made, sent and bound, and a product's checklist; two appliances with a zone key between them."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import replace
from typing import TypeVar

import pytest
from psec import des
from support.cardroom import CLEAR, TYPES, LoopbackHsm, SeededBytes, now, profile, stored
from twisted.internet.defer import Deferred

from hsm.client.answers import Refused
from hsm.testing import eracom_dispatcher
from switch.perso.authority import PublicKey, Subject, TestAuthority
from switch.perso.cardkeys import BureauKey, TransportedKey
from switch.perso.preparing import Keys
from switch.server.perso.cardhsm import CardHsm
from switch.server.perso.cardink import (
    ISSUER_MODES,
    PREPARING_MODES,
    PRODUCING_MODES,
    KeyWrong,
    bound_key,
    check_value,
    checklist,
    new_key,
    new_signing_key,
    received_key,
    sent_key,
    stored_specifier,
)

A = TypeVar("A")
ZMK = "0123456789ABCDEFFEDCBA9876543210"
AUTHORITY = TestAuthority.founded(0x92, SeededBytes("authority"))


class Zoned(LoopbackHsm):
    """An appliance with the zone master key, and with a Domain Master Key like all of these tests."""

    def __init__(self) -> None:
        super().__init__()
        settings = {
            "translate-data-extension": "yes",
            "translate-to-card-keys": "yes",
            "issuer-signing-extension": "yes",
        }
        keys = {f"{TYPES[role]}:1": key for role, key in CLEAR.items()}
        self.dispatcher = eracom_dispatcher(settings=settings, stored_keys={**keys, "03:1": ZMK, "04:1": ZMK})


INK, HALL = Zoned(), Zoned()


def run(work: Awaitable[A]) -> A:
    async def whole() -> A:
        return await work

    return now(Deferred.fromCoroutine(whole()))


def shared(role: str) -> tuple[BureauKey, TransportedKey, BureauKey]:
    """A key of CardInk, on its way, and at production."""
    made = run(new_key(INK, role.upper(), role))
    sent = run(sent_key(INK, made, 1))
    mine = run(bound_key(INK, made, PREPARING_MODES[made.key_type]))
    return mine, sent, run(received_key(HALL, sent, 1, PRODUCING_MODES[made.key_type]))


def test_both_sides_have_the_key_and_its_check_value() -> None:
    for role in ("ktk", "ptk", "mtk", "data"):
        mine, sent, theirs = shared(role)
        clear = des.decrypt_tdes_ecb(bytes.fromhex(ZMK), sent.cryptogram)
        value = des.encrypt_tdes_ecb(clear, bytes(8))[:3].hex().upper()
        assert mine.check_value == sent.check_value == theirs.check_value == value
        assert mine.key_type == theirs.key_type == TYPES[role]
        for hsm, key in ((INK, mine), (HALL, theirs)):
            assert run(check_value(hsm, key.specifier.decode("latin-1"), key.key_type)) == value


def test_each_side_uses_it_in_one_way() -> None:
    mine, _, theirs = shared("mtk")
    mac = run(INK.mac(mine, b"digest00"))
    assert run(HALL.is_mac(theirs, b"digest00", mac))
    with pytest.raises(Refused):
        run(HALL.mac(theirs, b"digest00"))
    mine, _, theirs = shared("data")
    sealed = run(INK.enciphered(mine, bytes(16)))
    assert run(HALL.deciphered(theirs, sealed)) == bytes(16)
    for wrong in (INK.deciphered(mine, sealed), HALL.enciphered(theirs, sealed)):
        with pytest.raises(Refused):
            run(wrong)


def test_pins_and_keys_come_to_production_alone() -> None:
    ktk, _, their_ktk = shared("ktk")
    ptk, _, their_ptk = shared("ptk")
    cryptogram, _ = run(INK.card_key(stored("imk-ac"), 0, "1234567890123456", ktk))
    pin = run(INK.new_pin(stored("pin"), 4, "739001010010"))
    carried = run(INK.pin_for_card(pin, stored("pin"), ptk, "739001010010"))
    session = HALL.session_key(stored("kmc"), bytes(10), 3, b"\x01\x81", bytes(2))
    assert len(run(HALL.for_card(their_ktk, session, cryptogram))) == 16
    assert len(run(HALL.for_card(their_ptk, session, carried))) == 8
    with pytest.raises(Refused):
        run(INK.for_card(ktk, session, cryptogram))
    with pytest.raises(Refused):
        run(INK.for_card(ptk, session, carried))


def test_what_was_bound_does_not_leave_again() -> None:
    mine, _, theirs = shared("ktk")
    for hsm, key in ((INK, mine), (HALL, theirs)):
        with pytest.raises(Refused):
            run(sent_key(hsm, key, 1))


def test_a_key_that_is_another_is_refused() -> None:
    _, sent, _ = shared("ktk")
    with pytest.raises(KeyWrong, match=r"KTK: check value .* expected 000000"):
        run(received_key(HALL, replace(sent, check_value="000000"), 1))


def test_an_issuers_keys_are_bound() -> None:
    for role in ("cvk", "pvv-key", "imk-ac", "imk-smi", "imk-smc"):
        clear = bytes.fromhex(CLEAR[role])
        value = des.encrypt_tdes_ecb(clear, bytes(8))[:3].hex().upper()
        sent = TransportedKey(role, TYPES[role], value, des.encrypt_tdes_ecb(bytes.fromhex(ZMK), clear))
        key = run(received_key(INK, sent, 1, ISSUER_MODES[sent.key_type]))
        with pytest.raises(Refused):
            run(sent_key(INK, key, 1))
        if role == "cvk":
            assert run(INK.cvv(key, "4111111111111111", "2512", "201")) == "139"


def held(hsm: CardHsm = INK) -> dict[str, BureauKey]:
    keys = {}
    for role, name in profile().keys.items():
        value = run(check_value(hsm, stored_specifier(1), TYPES[role]))
        keys[name] = replace(stored(role), name=name, check_value=value)
    return keys


def product() -> Keys:
    made = run(new_signing_key(INK, "RSA", 1152, 3))
    certificate = AUTHORITY.certify(PublicKey(made.modulus, made.exponent), Subject("476173", "1230", b"\0\0\1"))
    return Keys({}, made, certificate)


def wrong(
    keys: dict[str, BureauKey], product_keys: Keys | None, public: PublicKey | None, today: str = "1126"
) -> list[str]:
    found = run(checklist(INK, profile(), keys, product_keys, public, "476173", today))
    return [f"{each.what}: {each.wrong}" for each in found if each.wrong]


def test_a_product_is_complete_or_says_what_is_missing() -> None:
    keys, made = held(), product()
    assert wrong(keys, made, AUTHORITY.public) == []
    without = {name: key for name, key in keys.items() if name != "KTK"}
    assert wrong(without, made, AUTHORITY.public) == ["ktk: no key KTK is held"]
    mixed = {**keys, "KTK": replace(keys["PTK"], name="KTK")}
    assert wrong(mixed, made, AUTHORITY.public) == ["ktk: KTK is of type 36, not 35"]
    other = {**keys, "KTK": replace(keys["KTK"], check_value="000000")}
    assert wrong(other, made, AUTHORITY.public)[0].startswith("ktk: KTK: check value")
    gone = {**keys, "KTK": replace(keys["KTK"], specifier=bytes.fromhex("03030009"))}
    assert wrong(gone, made, AUTHORITY.public) == ["ktk: KTK: the HSM does not open it (0A)"]
    assert wrong(keys, None, AUTHORITY.public) == ["certificate: no issuer key with a certificate"]
    assert wrong(keys, made, None) == ["authority: no public key of the certification authority"]
    assert wrong(keys, made, AUTHORITY.public, "0131") == ["certificate: the certificate has expired"]
    foreign = replace(made, certificate=product().certificate)
    assert wrong(keys, foreign, AUTHORITY.public) == ["certificate: it is not of the key that signs"]
