"""An issuer's own values, against psec and pyemv."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from psec import pin as psec_pin
from pyemv import kd
from support.psec_cards import psec_cvv

from switch.perso.issuersvalues import card_master_key, cvv, odd_parity, pvv
from switch.perso.preparing import derivation_block
from switch.perso.profile import Option

DIGITS = "0123456789"
keys = st.binary(min_size=16, max_size=16).filter(lambda key: odd_parity(key[:8]) != odd_parity(key[8:]))
pans = st.text(DIGITS, min_size=16, max_size=16)


@given(key=keys, pan=pans, date=st.text(DIGITS, min_size=4, max_size=4), code=st.text(DIGITS, min_size=3, max_size=3))
def test_cvv_as_psec_has_it(key: bytes, pan: str, date: str, code: str) -> None:
    assert cvv(key, pan, date, code) == psec_cvv(key, pan, date, code)


@given(key=keys, pan=pans, pin=st.text(DIGITS, min_size=4, max_size=6))
def test_pvv_as_psec_has_it(key: bytes, pan: str, pin: str) -> None:
    assert pvv(key, pan[:-1][-12:], 1, pin) == psec_pin.generate_visa_pvv(key, "1", pin[:4], pan)


@given(key=keys, pan=st.text(DIGITS, min_size=12, max_size=19), sequence=st.text(DIGITS, min_size=2, max_size=2))
def test_card_keys_as_pyemv_has_them(key: bytes, pan: str, sequence: str) -> None:
    found = card_master_key(key, derivation_block(Option.A, pan, sequence))
    assert found == odd_parity(kd.derive_icc_mk_a(key, pan, sequence))
    assert card_master_key(key, derivation_block(Option.B, pan, sequence)) == odd_parity(
        kd.derive_icc_mk_b(key, pan, sequence)
    )
