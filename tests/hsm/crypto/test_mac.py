"""MACs against psec and the cryptography library, and in parts."""

from __future__ import annotations

import psec.mac
import pytest
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC
from hypothesis import given
from hypothesis import strategies as st

from hsm.crypto import mac
from hsm.crypto.blockcipher import Algorithm, Engine, cipher

KEY = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
DATA = st.binary(max_size=100)


@given(DATA, st.sampled_from(mac.Padding))
def test_agrees_with_psec(data: bytes, padding: mac.Padding) -> None:
    padded = mac.pad(data, padding)
    pads = {1: psec.mac.pad_iso_1, 2: psec.mac.pad_iso_2, 3: psec.mac.pad_iso_3}
    assert padded == pads[padding.value](data, 8)
    assert mac.algorithm_1(cipher(KEY), padded) == psec.mac.generate_cbc_mac(KEY, data, padding.value)
    retail = psec.mac.generate_retail_mac(KEY[:8], KEY[8:], data, padding.value)
    assert mac.algorithm_3(cipher(KEY), padded) == retail


@given(DATA, st.sampled_from([16, 24, 32]))
def test_aes_cmac_agrees_with_the_library(data: bytes, length: int) -> None:
    key = bytes(range(length))
    other = CMAC(AES(key))
    other.update(data)
    assert mac.cmac(cipher(key, Algorithm.AES), data) == other.finalize()


@given(st.lists(st.integers(0, 5), min_size=1, max_size=5), st.data())
def test_a_message_in_parts(blocks: list[int], data: st.DataObject) -> None:
    """However a message is cut at block boundaries, its MAC is the same."""
    parts = [data.draw(st.binary(min_size=8 * n, max_size=8 * n)) for n in blocks]
    tail = data.draw(st.binary(min_size=1, max_size=20))
    key, whole = cipher(KEY), b"".join(parts) + tail
    plain, retail = bytes(8), bytes(8)
    for part in parts:
        plain, retail = mac.chain(key, part, plain), mac.retail_chain(key, part, retail)
    last = mac.pad(tail, mac.Padding.ZEROS)
    assert mac.algorithm_1(key, last, plain) == mac.algorithm_1(key, mac.pad(whole, mac.Padding.ZEROS))
    assert mac.algorithm_3(key, last, retail) == mac.algorithm_3(key, mac.pad(whole, mac.Padding.ZEROS))
    assert mac.cmac(key, tail, plain) == mac.cmac(key, whole)


@pytest.mark.parametrize("blocks", range(1, 8))
def test_short_and_long_chains_agree(engine: Engine, blocks: int) -> None:
    key, data = cipher(KEY), bytes(range(8 * blocks))
    assert mac.chain(key, data) == key.encrypt_cbc(data, bytes(8))[-8:]


def test_triple_length_retail_uses_its_third_part() -> None:
    key = cipher(KEY + bytes.fromhex("1122334455667788"))
    value = mac.chain(key.parts[0], bytes(8))
    assert mac.algorithm_3(key, bytes(8)) == key.parts[2].encrypt(key.parts[1].decrypt(value))


@given(DATA)
def test_retail_with_a_single_key_is_plain(data: bytes) -> None:
    single, padded = cipher(KEY[:8]), mac.pad(data, mac.Padding.BIT)
    assert mac.algorithm_3(single, padded) == mac.algorithm_1(single, padded)


def test_what_is_refused() -> None:
    with pytest.raises(ValueError, match="whole blocks"):
        mac.chain(cipher(KEY), b"1234567")
    with pytest.raises(ValueError, match="empty"):
        mac.cmac(cipher(KEY), b"", bytes(8))


def test_verifies() -> None:
    full = bytes(range(8))
    assert mac.verifies(full, full)
    assert mac.verifies(full[:4], full)
    assert not mac.verifies(b"", full)
    assert not mac.verifies(full + b"\x00", full)
    assert not mac.verifies(full[:3] + b"\xff", full)
