from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switch.money import Amount, MoneyError, currency


@pytest.mark.parametrize(
    ("numeric", "code", "decimals"),
    [("704", "VND", 0), ("840", "USD", 2), ("392", "JPY", 0), ("414", "KWD", 3), ("764", "THB", 2), ("990", "CLF", 4)],
)
def test_a_currency_has_the_decimals_of_iso_4217(numeric: str, code: str, decimals: int) -> None:
    found = currency(numeric)
    assert (found.code, found.numeric, found.decimals) == (code, numeric, decimals)
    assert currency(code) == found


@pytest.mark.parametrize("name", ["", "000", "999", "vnd", "70", "7040"])
def test_a_code_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(MoneyError):
        currency(name)


@given(st.integers(), st.integers())
def test_amounts_add_up(one: int, other: int) -> None:
    dollars = currency("USD")
    assert Amount(one, dollars) + Amount(other, dollars) == Amount(one + other, dollars)
    assert Amount(one, dollars) - Amount(other, dollars) == Amount(one - other, dollars)


def test_amounts_of_two_currencies_do_not() -> None:
    with pytest.raises(MoneyError):
        Amount(1, currency("USD")) + Amount(1, currency("VND"))


@given(st.integers(-(10**15), 10**15), st.sampled_from(["VND", "USD", "KWD", "CLF"]))
def test_an_amount_is_written_as_a_decimal_fraction(minor: int, code: str) -> None:
    unit = currency(code)
    number, _, said = str(Amount(minor, unit)).partition(" ")
    assert (Decimal(number), said) == (Decimal(minor).scaleb(-unit.decimals), code)
