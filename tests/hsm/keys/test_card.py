"""Card and session keys against pyemv, and which issuer's keys make them."""

from __future__ import annotations

import pyemv.kd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsm.crypto.blockcipher import Algorithm
from hsm.crypto.parity import with_odd
from hsm.keys.card import card_key, common_session_key, tree_session_key
from hsm.keys.secret import BlockAttributes, ClearKey
from hsm.refusal import InputInvalid, KeyBlockModeInvalid, KeyLengthInvalid

SECRET = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
ISSUER = ClearKey(SECRET)
BLOCK = bytes.fromhex("9901234567890145")


@given(st.binary(min_size=2, max_size=2), st.binary(min_size=8, max_size=8), st.binary(min_size=16, max_size=16))
def test_agrees_with_pyemv(atc: bytes, diversification: bytes, iv: bytes) -> None:
    card = card_key(ISSUER, BLOCK)
    secret = pyemv.kd.derive_icc_mk_a(SECRET, "99012345678901", "45")
    assert card.reveal() == with_odd(secret)
    common = common_session_key(card, diversification).reveal()
    assert common == with_odd(pyemv.kd.derive_common_sk(secret, diversification))
    tree = tree_session_key(card, atc, 16, 2, iv).reveal()
    assert tree == with_odd(pyemv.kd.derive_emv2000_tree_sk(secret, atc, 16, 2, iv))


def test_refusals() -> None:
    for secret in (SECRET[:8], SECRET + SECRET[:8]):
        with pytest.raises(KeyLengthInvalid):
            card_key(ClearKey(secret), BLOCK)
    with pytest.raises(KeyBlockModeInvalid):
        card_key(ClearKey(SECRET, Algorithm.TDES, BlockAttributes("E0", "T", "G")), BLOCK)
    with pytest.raises(InputInvalid):
        tree_session_key(ISSUER, bytes(2), 4, 8, bytes(16))
