"""Parity, weak keys and components."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsm.crypto.blockcipher import Algorithm, cipher
from hsm.crypto.parity import check_value, combine, is_odd, is_weak, masquerades, with_odd, xor

WEAK = "0101010101010101 FEFEFEFEFEFEFEFE E0E0E0E0F1F1F1F1 1F1F1F1F0E0E0E0E"
SEMI_WEAK = (
    "011F011F010E010E 1F011F010E010E01 01E001E001F101F1 E001E001F101F101 01FE01FE01FE01FE FE01FE01FE01FE01 "
    "1FE01FE00EF10EF1 E01FE01FF10EF10E 1FFE1FFE0EFE0EFE FE1FFE1FFE0EFE0E E0FEE0FEF1FEF1FE FEE0FEE0FEF1FEF1"
)
POSSIBLY_WEAK = "01011F1F01010E0E 1F1F01010E0E0101 E0E01F1FF1F10E0E 0101E0E00101F1F1 E0E0FEFEF1F1FEFE FEFE0101FEFE0101"


@pytest.mark.parametrize("key", [*WEAK.split(), *SEMI_WEAK.split(), *POSSIBLY_WEAK.split()])
def test_keys_listed_by_sp_800_67_are_weak(key: str) -> None:
    part = bytes.fromhex(key)
    assert is_odd(part)
    assert is_weak(part)
    assert is_weak(bytes(b ^ 1 for b in part))


def test_weak_keys_undo_themselves_and_semi_weak_ones_each_other() -> None:
    block = bytes(range(8))
    for key in WEAK.split():
        weak = cipher(bytes.fromhex(key), Algorithm.DES)
        assert weak.encrypt(weak.encrypt(block)) == block
    pairs = SEMI_WEAK.split()
    for one, other in zip(pairs[::2], pairs[1::2], strict=True):
        first, second = (cipher(bytes.fromhex(key), Algorithm.DES) for key in (one, other))
        assert second.encrypt(first.encrypt(block)) == block


def test_there_are_64_weak_keys() -> None:
    nibbles = [(0x00, 0x00), (0x1E, 0x0E), (0xE0, 0xF0), (0xFE, 0xFE)]
    found = 0
    for choice in range(4**8):
        picks = [choice >> (2 * place) & 3 for place in range(8)]
        found += is_weak(bytes(nibbles[pick][place >= 4] for place, pick in enumerate(picks)))
    assert found == 64


@given(st.binary(min_size=1, max_size=32))
def test_parity(key: bytes) -> None:
    odd = with_odd(key)
    assert is_odd(odd)
    assert all((a ^ b) in (0, 1) for a, b in zip(key, odd, strict=True))
    assert is_odd(key) == (odd == key)
    assert not is_odd(bytes([odd[0] ^ 1]) + odd[1:])


@given(st.binary(min_size=24, max_size=24).map(with_odd))
def test_masquerades(key: bytes) -> None:
    a, b, c = key[:8], key[8:16], key[16:]
    flipped = bytes(byte ^ 1 for byte in a)
    for disguise in (a + a, a + flipped, a + a + c, a + b + b, a + b + flipped):
        assert masquerades(disguise)
    if len({a, b, c}) == 3:
        assert not masquerades(key)
        assert not masquerades(a + b)
    assert not masquerades(a)


@given(st.binary(min_size=16, max_size=16), st.lists(st.binary(min_size=16, max_size=16), max_size=8))
def test_components_make_the_key(key: bytes, masks: list[bytes]) -> None:
    last = key
    for mask in masks:
        last = xor(last, mask)
    assert combine([*masks, last]) == key


def test_components_must_be_of_one_length() -> None:
    for components in ([], [bytes(8), bytes(16)]):
        with pytest.raises(ValueError, match=r"component|bytes"):
            combine(components)


def test_a_check_value_is_a_whole_block() -> None:
    assert len(check_value(cipher(bytes(range(16))))) == 8
    assert len(check_value(cipher(bytes(range(16)), Algorithm.AES))) == 16
