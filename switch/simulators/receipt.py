"""What a terminal prints, and the balances that an answer brings (DE 54)."""

from __future__ import annotations

from dataclasses import dataclass

from switch.codec.message import Message, Parts
from switch.codec.privacy import masked_pan
from switch.money import Amount, MoneyError, currency
from switch.simulators.talk import Finished, Outcome, text_of
from switch.simulators.terminal import Terminal
from switch.simulators.wording import BALANCES, DATE, PAN, STAN, TIME

KINDS = {"01": "ledger balance", "02": "available balance"}
"""ISO 8583:1987, DE 54: the amount's type."""
GROUP_CHARS = 20


@dataclass(frozen=True)
class Balance:
    """One balance: *kind* in words, *minor* units of *currency* (three digits)."""

    kind: str
    minor: int
    currency: str


def balances(answer: Message | None) -> tuple[Balance, ...]:
    """The balances in DE 54, whether or not the dialect knows its parts; none that can't be read."""
    told = answer.fields.get(BALANCES) if answer is not None else None
    texts: list[str] = []
    if isinstance(told, Parts):
        texts = ["".join(str(part) for _, part in group.pairs) for group in told.values() if isinstance(group, Parts)]
    elif isinstance(told, str):
        texts = [told[at : at + GROUP_CHARS] for at in range(0, len(told), GROUP_CHARS)]
    found = []
    for text in texts:
        sign, digits = text[7:8], text[8:]
        if len(text) == GROUP_CHARS and sign in "CD" and digits.isascii() and digits.isdecimal():
            minor = -int(digits) if sign == "D" else int(digits)
            found.append(Balance(KINDS.get(text[2:4], f"balance {text[2:4]}"), minor, text[4:7]))
    return tuple(found)


def written(minor: int, code: str) -> str:
    """An amount as people write it, in minor units where the currency is not known."""
    try:
        return str(Amount(minor, currency(code)))
    except MoneyError:
        return f"{minor} minor units"


def receipt(terminal: Terminal, finished: Finished, meaning: str) -> tuple[str, ...]:
    """The lines of the receipt; *meaning* says DE 39 in words.  None for what the host was never asked."""
    asked, offer = finished.asked, finished.offer
    if asked is None or offer is None or not finished.receipt:
        return ()
    time, date = text_of(asked, TIME), text_of(asked, DATE)
    lines = [
        terminal.place or terminal.merchant,
        f"{terminal.id}  {date[2:]}/{date[:2]} {time[:2]}:{time[2:4]}:{time[4:]}  no. {text_of(asked, STAN)}",
        offer.name.upper(),
        f"card {masked_pan(text_of(asked, PAN))}",
    ]
    if finished.invoice:
        lines.append(f"invoice {finished.invoice}")
    if offer.amount:
        lines.append(f"amount {written(finished.amount, terminal.currency)}")
    if finished.actual is not None and finished.actual != finished.amount:
        lines.append(f"dispensed {written(finished.actual, terminal.currency)}")
    lines += [f"{each.kind} {written(each.minor, each.currency)}" for each in balances(finished.answer)]
    if finished.response:
        lines.append(f"{finished.response} {meaning}".rstrip())
    if finished.approval:
        lines.append(f"approval {finished.approval}")
    if finished.outcome is Outcome.UNABLE:
        lines.append(finished.text)
    return tuple(lines)
