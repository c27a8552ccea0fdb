"""A card's cryptograms against HSM captures and pyemv."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from pyemv import ac, kd

from switch.perso.card.cryptograms import (
    CardKeys,
    application_cryptogram,
    check_value,
    response_cryptogram,
    session_key,
)

KEYS = st.binary(min_size=16, max_size=16).filter(
    lambda key: bytes(b & 0xFE for b in key[:8]) != bytes(b & 0xFE for b in key[8:])
)


def test_an_arqc_that_an_hsm_made() -> None:
    """pyemv's tests, CVN 18: values that its author took from an HSM."""
    master = kd.derive_icc_mk_a(bytes.fromhex("0123456789ABCDEFFEDCBA9876543210"), "1234567890123456", "00")
    data = "0000000040000000000000000124800004800001241911050152BF45851800001C06011203A0B800"
    made = application_cryptogram(session_key(master, 0x1C), bytes.fromhex(data))
    assert made.hex().upper() == "7A788EA6B8A3E733"


def test_an_arqc_of_another_tool() -> None:
    """CryptoCarver's tests: captures of EFTLab BP-Tools Cryptographic Calculator 21.06."""
    master = bytes.fromhex("30089565674D73ED841A6F0637029C18")
    data = "00000000100000000000000007240000000000097825092500123456781800000103A4A000"
    key = session_key(master, 1)
    made = application_cryptogram(key, bytes.fromhex(data))
    assert made.hex().upper() == "A8DB2B65F9C821F1"
    arpc = response_cryptogram(key, made, b"00")
    assert arpc.hex().upper() == "ADCB085B842E0A9D"


@given(KEYS, st.integers(0, 0xFFFF), st.binary(min_size=1, max_size=80), st.binary(min_size=2, max_size=2))
def test_as_pyemv(master: bytes, atc: int, data: bytes, response: bytes) -> None:
    key, other = session_key(master, atc), kd.derive_common_sk(master, atc.to_bytes(2, "big") + bytes(6))
    made = application_cryptogram(key, data)
    assert made == ac.generate_ac(other, data, ac.PaddingType.EMV)
    assert response_cryptogram(key, made, response) == ac.generate_arpc_1(other, made, response)


def test_nothing_shows_a_key() -> None:
    key = bytes.fromhex("30089565674D73ED841A6F0637029C18")
    assert str(key) not in repr(CardKeys(key, key, key))
    assert len(check_value(key)) == 3
