from __future__ import annotations

import pytest
from Crypto.Cipher import DES3
from psec import des, pinblock

from switch.bench.cards import ZMK, by_pan, cards, check_value, received, under
from switch.routing.pan import Pan

KEY = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")


def test_cards_are_real_ones_and_differ() -> None:
    made = cards(500)
    assert len({Pan(card.pan).digits for card in made}) == 500
    assert len({card.pin for card in made}) > 400
    assert made[0].pan not in repr(made[0])


def test_pin_blocks_are_those_of_an_independent_implementation() -> None:
    made = cards(50)
    for card, digits in zip(made, under(KEY, made), strict=True):
        clear = pinblock.encode_pinblock_iso_0(card.pin, card.pan)
        assert card.block == clear
        assert digits == des.encrypt_tdes_ecb(KEY, clear).hex().upper().encode()
    assert by_pan(KEY, made) == dict(zip([card.pan.encode() for card in made], under(KEY, made), strict=True))


def test_a_key_s_check_value_is_the_published_one() -> None:
    # 08D7B4 is what each manual prints for this key.
    assert check_value(KEY) == "08D7B4"


def test_a_key_under_the_zmk_is_received() -> None:
    key = bytes(range(16))
    sent = DES3.new(ZMK, DES3.MODE_ECB).encrypt(key).hex().upper()
    assert received(f"X{sent}") == key
    for other in (f"U{sent}", f"X{sent[:16]}"):
        with pytest.raises(ValueError, match="double length"):
            received(other)
