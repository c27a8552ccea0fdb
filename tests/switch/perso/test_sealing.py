"""Values as one chain, against another implementation's CBC."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psec import des

from switch.perso.sealing import CHAIN_BYTES_MAX, chains, check_value_shape, contents, cut, padded, unpadded

ISSUER, BUREAU = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210"), bytes.fromhex("89ABCDEF012345673223456789ABCDEF")
CONTENTS = st.lists(st.binary(max_size=40), min_size=1, max_size=6)
IV = st.binary(min_size=8, max_size=8)


def sealed(key: bytes, iv: bytes, content: bytes) -> bytes:
    return iv + des.encrypt_tdes_cbc(key, iv, padded(content))


@given(CONTENTS, IV)
def test_a_chain_deciphers_and_re_enciphers_as_its_values_do(clear: list[bytes], iv: bytes) -> None:
    values = [sealed(ISSUER, iv, each) for each in clear]
    whole = des.decrypt_tdes_cbc(ISSUER, bytes(8), b"".join(values))
    assert contents(whole, values) == clear
    moved = cut(des.encrypt_tdes_cbc(BUREAU, bytes(8), whole), values)
    assert [unpadded(des.decrypt_tdes_cbc(BUREAU, each[:8], each[8:])) for each in moved] == clear


@given(st.binary(max_size=40))
def test_padding_is_whole_blocks_and_comes_off(content: bytes) -> None:
    assert len(padded(content)) % 8 == 0
    assert unpadded(padded(content)) == content


@pytest.mark.parametrize("content", [b"", bytes(8), b"12345678", b"1\x80" + bytes(8)])
def test_no_padding(content: bytes) -> None:
    with pytest.raises(ValueError, match="no padding"):
        unpadded(content)


@given(st.lists(st.integers(2, 512).map(lambda blocks: bytes(8 * blocks)), max_size=60))
def test_chains_hold_all_values_in_order_and_are_no_longer_than_a_call(values: list[bytes]) -> None:
    found = chains(values)
    assert [each for chain in found for each in chain] == values
    assert all(0 < sum(map(len, chain)) <= CHAIN_BYTES_MAX for chain in found)


@pytest.mark.parametrize(("size", "chained", "good"), [
    (8, False, True), (16, False, False), (8, True, False), (16, True, True), (17, True, False), (4_096, True, True),
    (4_104, True, False), (0, True, False),
])  # fmt: skip
def test_shapes(size: int, chained: bool, good: bool) -> None:
    if good:
        check_value_shape(bytes(size), chained=chained)
    else:
        with pytest.raises(ValueError, match="bytes"):
            check_value_shape(bytes(size), chained=chained)
