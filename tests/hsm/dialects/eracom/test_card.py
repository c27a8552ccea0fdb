"""Card verification values against psec and published ones, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.eracom import make_eracom
from support.psec_cards import psec_cvv

KEY = "0123456789ABCDEFFEDCBA9876543210"
STORED = {"09:1": KEY, "09:2": KEY[:16], "09:3": KEY + KEY[:16]}
ASK = make_eracom(stored=STORED)


def digits(least: int, most: int) -> st.SearchStrategy[str]:
    return st.text("0123456789", min_size=least, max_size=most)


@given(digits(12, 19), digits(4, 4), digits(3, 3))
def test_agrees_with_psec(pan: str, expiry: str, service_code: str) -> None:
    text = (pan + expiry + service_code).ljust(32, "0")
    value = psec_cvv(bytes.fromhex(KEY), pan, expiry, service_code)
    assert ASK(f"EE0802 00 020001 {text}") == f"EE080200{value}F"
    assert ASK(f"9B 01 {text}") == f"9B00{value}F"
    assert ASK(f"EE0803 00 020001 {text} {value}F") == "EE080300"
    assert ASK(f"9C 01 {text} {value}F") == "9C00"
    wrong = f"{(int(value) + 1) % 1000:03d}F"
    assert ASK(f"EE0803 00 020001 {text} {wrong}") == "EE080308"
    assert ASK(f"9C 01 {text} {wrong}") == "9C08"


TEXT = "41234567890123458701101000000000"


def test_the_published_one() -> None:
    assert ASK(f"EE0802 00 020001 {TEXT}") == "EE080200561F"


@pytest.mark.parametrize(
    ("request_hex", "code"),
    [
        (f"EE0802 00 020001 {TEXT[:-1]}F", "04"),
        (f"EE0802 00 020001 {TEXT[:-2]}", "03"),
        (f"EE0802 00 020001 {TEXT}00", "03"),
        (f"EE0802 03 020001 {TEXT}", "24"),
        (f"EE0802 00 020002 {TEXT}", "28"),
        (f"EE0802 00 020003 {TEXT}", "28"),
        (f"EE0802 00 020004 {TEXT}", "0A"),
        (f"EE0802 00 020000 {TEXT}", "05"),
        (f"EE0803 00 020001 {TEXT} 56FF", "04"),
        (f"EE0803 00 020001 {TEXT} 5610", "04"),
        (f"EE0803 00 020001 {TEXT} F561", "04"),
        (f"EE0803 00 020001 {TEXT} 56", "03"),
        (f"EE0803 00 020002 {TEXT} 561F", "28"),
        (f"9B 0F {TEXT}", "05"),
        (f"9B 00 {TEXT}", "05"),
        (f"9B 04 {TEXT}", "0A"),
        (f"9B 01 {TEXT}00", "03"),
        (f"9C 01 {TEXT} 5F1F", "04"),
        (f"9C 02 {TEXT} 561F", "28"),
    ],
)
def test_refused(request_hex: str, code: str) -> None:
    request_hex = request_hex.replace(" ", "")
    size = 2 if request_hex[0] == "9" else 6
    assert ASK(request_hex) == request_hex[:size] + code


def test_trying_values_ends_in_fraud_detection() -> None:
    ask = make_eracom({"fraud-detection": "yes", "pin-verifies-per-minute": "2"}, STORED)
    replies = [ask(f"EE0803 00 020001 {TEXT} 000F") for _ in range(4)]
    assert replies[0] == "EE080308"
    assert replies[-1] == "EE0803A0"
    assert ask(f"9C 01 {TEXT} 561F") == "9CA0"
