"""An issuer's positive, negative and limit files as one: comma-separated values, ``#`` before a comment.

    card,list,response,amount,pvki,pvv
    0f3a90c47b215d6e8f01234567abcdef,limit,,2000000,1,4921
    77b0c1d2e3f405162738495a6b7c8d9e,negative,43,,,

``card`` is the id that stands for the PAN: 32 hexadecimal digits.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from types import MappingProxyType

from switch.link.lines import ConfigError
from switch.standin.policy import CardLine, Listing

COLUMNS = ("card", "list", "response", "amount", "pvki", "pvv")
LINES_MAX, LINE_CHARS_MAX = 1_000_000, 200
EXPECTED = {
    "card": ("[0-9a-f]{32}", "32 hexadecimal digits"),
    "list": ("|".join(each.value for each in Listing), ", ".join(each.value for each in Listing)),
    "response": ("([0-9]{2})?", "a response code, or nothing"),
    "amount": ("[0-9]{0,12}", "an amount in minor units, or nothing"),
    "pvv": ("([0-9]{4})?", "four digits, or nothing"),
}


def read_cards(path: str, text: str, pvk_indices: str = "0123456") -> Mapping[str, CardLine]:
    """The lines of *text*, the content of the file *path*, by card; *pvk_indices* are the digits that may be a *pvki*.

    Raises ConfigError at the first line that is wrong.
    """
    patterns = {
        **EXPECTED,
        "pvki": (f"[{pvk_indices}]?", f"a digit from {pvk_indices[0]} to {pvk_indices[-1]}, or nothing"),
    }
    found: dict[str, CardLine] = {}
    named = False
    for number, written in enumerate(text.splitlines(), 1):
        where = f"{path}, line {number}"
        if not written.strip() or written.startswith("#"):
            continue
        if number > LINES_MAX or len(written) > LINE_CHARS_MAX:
            raise ConfigError(where, "line", f"at most {LINES_MAX} lines of {LINE_CHARS_MAX} characters")
        cells = _cells(where, written)
        if not named:
            if tuple(cells) != COLUMNS:
                raise ConfigError(where, "columns", ",".join(COLUMNS))
            named = True
        elif cells[0] in found:
            raise ConfigError(where, "card", "each card once")
        else:
            found[cells[0]] = _line(where, dict(zip(COLUMNS, cells, strict=True)), patterns)
    return MappingProxyType(found)


def _cells(where: str, written: str) -> list[str]:
    try:
        cells = [cell.strip() for cell in next(csv.reader([written], strict=True))]
    except csv.Error:
        raise ConfigError(where, "line", "comma-separated values") from None
    if len(cells) != len(COLUMNS):
        raise ConfigError(where, "line", f"{len(COLUMNS)} values")
    return cells


def _line(where: str, cells: Mapping[str, str], patterns: Mapping[str, tuple[str, str]]) -> CardLine:
    for column, (pattern, expected) in patterns.items():
        if not re.fullmatch(pattern, cells[column], re.ASCII):
            raise ConfigError(where, column, expected)
    listing = Listing(cells["list"])
    if (listing is Listing.NEGATIVE) != bool(cells["response"]) or cells["response"] == "00":
        raise ConfigError(where, "response", "a code that declines, for a negative card and no other")
    if (listing is Listing.LIMIT) != bool(cells["amount"]):
        raise ConfigError(where, "amount", "an amount, for a card with a limit and no other")
    if bool(cells["pvki"]) != bool(cells["pvv"]):
        raise ConfigError(where, "pvv", "both or neither of pvki and pvv")
    amount = int(cells["amount"]) if cells["amount"] else None
    return CardLine(listing, cells["response"], amount, cells["pvki"], cells["pvv"])
