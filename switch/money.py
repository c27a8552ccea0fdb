"""Amounts: integers in minor units, and the currency that says what those are."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


class MoneyError(ValueError):
    """A currency that is not known, or amounts of different ones."""


@dataclass(frozen=True)
class Currency:
    """*code* of three letters, *numeric* of three digits (DE 49), and its minor unit's *decimals* (ISO 4217)."""

    code: str
    numeric: str
    decimals: int


@cache
def _known() -> dict[str, Currency]:
    table = tomllib.loads(files("switch").joinpath("currencies.toml").read_text())
    made = [Currency(code, numeric, decimals) for code, (numeric, decimals) in table.items()]
    return {name: each for each in made for name in (each.code, each.numeric)}


def currency(name: str) -> Currency:
    """The currency of a numeric or alphabetic code.  Raises MoneyError.

    >>> currency("704")
    Currency(code='VND', numeric='704', decimals=0)
    """
    try:
        return _known()[name]
    except KeyError:
        raise MoneyError("an ISO 4217 code that is in the table of currencies") from None


@dataclass(frozen=True)
class Amount:
    """*minor* units of *currency*: 1250 of USD are 12.50.

    A network that writes VND with two decimals in DE 4, as Banknetvn does, has a habit of its own: its dialect says so.
    """

    minor: int
    currency: Currency

    def __add__(self, other: Amount) -> Amount:
        return Amount(self.minor + self._alike(other), self.currency)

    def __sub__(self, other: Amount) -> Amount:
        return Amount(self.minor - self._alike(other), self.currency)

    def _alike(self, other: Amount) -> int:
        if other.currency != self.currency:
            raise MoneyError("amounts of one currency")
        return other.minor

    def __str__(self) -> str:
        """As people write it.

        >>> str(Amount(-1250, currency("USD"))), str(Amount(5, currency("KWD"))), str(Amount(50_000, currency("VND")))
        ('-12.50 USD', '0.005 KWD', '50000 VND')
        """
        decimals = self.currency.decimals
        digits = str(abs(self.minor)).rjust(decimals + 1, "0")
        whole = digits[: len(digits) - decimals]
        point = f".{digits[len(digits) - decimals :]}" if decimals else ""
        return f"{'-' if self.minor < 0 else ''}{whole}{point} {self.currency.code}"
