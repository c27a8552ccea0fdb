"""The messages of the nodes' own journals, as people read them: who says what to whom."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from switch.money import Amount, MoneyError, currency
from switch.store.rows import Noted

TERMINALS = frozenset({"atms", "pos"})
"""Links at whose ends are terminals, which keep no journal of their own."""
SERVICES = {
    "00": "purchase", "01": "cash", "02": "void", "20": "refund", "30": "balance", "40": "transfer", "94": "PIN change",
}  # fmt: skip
"""By DE 3."""
WIDTH, VND = 10, "704"


@dataclass(frozen=True)
class Heard:
    """A message in the journal of *node*."""

    node: str
    noted: Noted


def lines(heard: Iterable[Heard], meanings: Mapping[str, str]) -> list[str]:
    """A line for each message, in order of time; *meanings* of DE 39.

    Both ends of a link have it in their journals: it is shown as who received it has it.
    """
    spoken = [each for each in heard if each.noted.direction == "in" or each.noted.link in TERMINALS]
    return [_line(each, meanings) for each in sorted(spoken, key=lambda each: (each.noted.at_us, each.noted.id))]


def _line(heard: Heard, meanings: Mapping[str, str]) -> str:
    noted = heard.noted
    fields: Mapping[str, object] = json.loads(noted.fields)
    other = str(fields.get("41", noted.link)).strip() if noted.link in TERMINALS else noted.link
    way = (heard.node, other) if noted.direction == "out" else (other, heard.node)
    said = [SERVICES.get(str(fields.get("3", ""))[:2], ""), _amount(fields), noted.pan]
    said += [
        "with a PIN block" if "52" in fields else "",
        "a chip's data" if "55" in fields else "",
        "MAC" if {"64", "128"} & fields.keys() else "",
    ]
    if noted.response_code:
        said.append(f"{noted.response_code} {meanings.get(noted.response_code, 'unknown code')}")
    return f"{way[0]:>{WIDTH}} → {way[1]:<{WIDTH}} {noted.mti}  {', '.join(word for word in said if word)}"


def _amount(fields: Mapping[str, object]) -> str:
    try:
        minor = int(str(fields.get("4", "0")))
        return money(minor, str(fields.get("49", VND))) if minor else ""
    except (ValueError, MoneyError):
        return ""


def money(minor: int, code: str = VND) -> str:
    """With its thousands apart.  Raises MoneyError.

    >>> money(1500000)
    '1,500,000 VND'
    """
    amount = str(Amount(minor, currency(code)))
    number, _, name = amount.rpartition(" ")
    whole, point, rest = number.partition(".")
    return f"{int(whole):,}{point}{rest} {name}"
