"""Card verification values against psec."""

from __future__ import annotations

import pytest
from psec import cvv
from support.partner import Ask, Zone, des_key

CARDS = (("4012345678909", "2512", "101"), ("5413330089020011", "1299", "000"), ("6799998900000200001", "3001", "999"))


@pytest.mark.parametrize(("pan", "expiry", "service_code"), CARDS)
def test_card_verification_values(ask: Ask, zone: Zone, pan: str, expiry: str, service_code: str) -> None:
    key = des_key("CVK")
    token = zone.bring(ask, "402", key, "C0")
    value = cvv.generate_cvv(key, pan, expiry, service_code)
    rest = f"{pan};{expiry}{service_code}"
    assert ask(f"CW{token}{rest}") == f"CX00{value}"
    assert ask(f"CY{token}{value}{rest}") == "CZ00"
    assert ask(f"CY{token}{(int(value) + 1) % 1000:03}{rest}") == "CZ01"


@pytest.mark.parametrize(
    ("mode", "makes", "verifies"), [("N", True, True), ("C", True, True), ("G", True, False), ("V", False, True)]
)
def test_modes_of_use(ask: Ask, block_zone: Zone, mode: str, makes: bool, verifies: bool) -> None:
    key = des_key("CVK")
    token = block_zone.bring(ask, "402", key, "C0", mode)
    pan, expiry, service_code = CARDS[0]
    value, rest = cvv.generate_cvv(key, pan, expiry, service_code), f"{pan};{expiry}{service_code}"
    assert ask(f"CW{token}{rest}") == (f"CX00{value}" if makes else "CXA8")
    assert ask(f"CY{token}{value}{rest}") == ("CZ00" if verifies else "CZA8")
