"""Card values against psec and pyemv, and what is refused."""

from __future__ import annotations

from collections.abc import Callable

import pyemv.cvv
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.psec_cards import psec_cvv

from hsm.crypto import card
from hsm.crypto.blockcipher import Algorithm, cipher
from hsm.crypto.card import CardDataError

KEY = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
CVK = cipher(KEY)


def digits(least: int, most: int) -> st.SearchStrategy[str]:
    return st.text("0123456789", min_size=least, max_size=most)


@given(digits(12, 19), digits(4, 4), digits(3, 3))
def test_cvv_agrees_with_psec(pan: str, expiry: str, service_code: str) -> None:
    value = psec_cvv(KEY, pan, expiry, service_code)
    assert card.cvv(CVK, pan, expiry, service_code) == value
    assert card.cvv_of(CVK, card.cvv_text(pan, expiry, service_code)) == value


@given(st.binary(min_size=1, max_size=40), st.binary(min_size=2, max_size=2), st.binary(min_size=4, max_size=4))
def test_cvc3_agrees_with_pyemv(track: bytes, atc: bytes, unpredictable_number: bytes) -> None:
    value = card.cvc3(CVK, track, atc, unpredictable_number)
    assert len(value) == 5
    assert str(int(value)) == pyemv.cvv.generate_cvc3(KEY, track, atc, unpredictable_number)


def test_cvv_of_other_lengths_begins_alike() -> None:
    five = card.cvv(CVK, "4123456789012345", "8701", "101", 5)
    assert [card.cvv(CVK, "4123456789012345", "8701", "101", n) for n in range(1, 6)] == [five[:n] for n in range(1, 6)]


def test_amex_codes_differ_by_the_order_of_pan_and_date() -> None:
    one = card.amex_csc(CVK, "341111597241002", "9912")
    other = card.amex_csc(CVK, "371111597241002", "9912")
    assert one != other
    assert [len(code) for code in other] == [5, 4, 3]
    assert "".join(other).isdigit()


def test_what_is_refused() -> None:
    refused: list[Callable[[], object]] = [
        lambda: card.cvv(CVK, "", "8701", "101"),
        lambda: card.cvv(CVK, "1" * 20, "8701", "101"),
        lambda: card.cvv(CVK, "4123", "870", "101"),
        lambda: card.cvv(CVK, "4123", "8701", "10"),
        lambda: card.cvv(CVK, "4123", "8701", "101", 6),
        lambda: card.cvv(cipher(KEY[:8]), "4123", "8701", "101"),
        lambda: card.cvv(cipher(KEY, Algorithm.AES), "4123", "8701", "101"),
        lambda: card.cvv_of(CVK, "4" * 31),
        lambda: card.dynamic_cvv(CVK, "4123", "8701", "101", "0001"),
        lambda: card.dynamic_cvv(CVK, "41234", "8701", "101", "001"),
        lambda: card.cvc3(CVK, b"", b"1", b"1234"),
        lambda: card.amex_csc(CVK, "411111111111111", "9912"),
        lambda: card.amex_csc(CVK, "3411111111111111", "9912"),
    ]
    for call in refused:
        with pytest.raises(CardDataError):
            call()
