"""What an operator orders a terminal to do, one JSON object a line, and what is said about it.

    {"id": 1, "terminal": "ATM00001", "do": "withdrawal", "amount": 500000, "card": "an", "pin": "1234"}

The PIN is what the cardholder types; it goes into the keypad and is not kept.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from switch.codec.privacy import masked_pan
from switch.simulators.receipt import balances, receipt
from switch.simulators.talk import Finished, text_of
from switch.simulators.terminal import OFFERS, Channel, Offer, Terminal
from switch.simulators.wording import PAN, STAN

LINE_BYTES_MAX = 4096
SIGN_ON, STATUS, REVERSAL, SETTLEMENT, FAULT, SERVICE = (
    "sign-on",
    "status",
    "reversal",
    "settlement",
    "fault",
    "service",
)
SWIPED, FALSIFIED, REPLAYED = "swiped", "falsified", "replayed"
FAULTS = ("dispenser", "jam", "paper")
"""*dispenser*: stops after so many ``notes``; *jam*: the card sticks; *paper*: there is none."""
CHIP_WAYS = (SWIPED, FALSIFIED, REPLAYED)
"""Another way than that a chip card's chip is asked: its stripe is read; someone between chip and host turns a bit of the
cryptogram, or says once more what the chip said the time before."""
DO = {
    Channel.ATM: (SIGN_ON, STATUS, FAULT, SERVICE),
    Channel.POS: (SIGN_ON, STATUS, REVERSAL, SETTLEMENT),
}
"""What a terminal can be ordered besides its services."""
Told = dict[str, object]
"""What is said, before it is written as JSON."""
_TEXTS = {
    "card": "[ -~]{1,40}", "pin": "[0-9]{4,12}", "new-pin": "[0-9]{4,12}", "from-type": "[0-9]{2}", "to-type": "[0-9]{2}",
    "from": "[0-9A-Za-z]{1,28}", "to": "[0-9A-Za-z]{1,28}", "invoice": "[0-9]{1,6}", "fault": "|".join(FAULTS),
    "chip": "|".join(CHIP_WAYS),
}  # fmt: skip
_NUMBERS = {"amount": 10**12 - 1, "notes": 1000}
_FLAGS = ("keyed", "damaged")


class CommandRefused(Exception):
    """What was ordered can't be; the text says why, and shows no PIN."""


@dataclass(frozen=True)
class Command:
    """*do* it at *terminal*; *id* is said back.  *damaged*: the card's stripe; *keyed*: the card's number is typed in."""

    id: object
    terminal: str
    do: str
    amount: int = 0
    notes: int = 0
    texts: Mapping[str, str] = field(default_factory=dict, repr=False)
    keyed: bool = False
    damaged: bool = False

    def text(self, name: str, default: str = "") -> str:
        """One of the texts."""
        return self.texts.get(name, default)


def command_of(line: bytes) -> Command:
    """The command that *line* is.  Raises CommandRefused."""
    try:
        told = json.loads(line) if len(line) <= LINE_BYTES_MAX else None
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        raise CommandRefused(f"a JSON object of at most {LINE_BYTES_MAX} bytes is expected")
    left: Told = dict(told)
    id, terminal, do = left.pop("id", None), left.pop("terminal", None), left.pop("do", None)
    if not isinstance(terminal, str) or not isinstance(do, str) or isinstance(id, dict | list):
        raise CommandRefused('"terminal" and "do" are expected as texts, and "id" as a text or a number')
    texts = {}
    for name, form in _TEXTS.items():
        value = left.pop(name, None)
        if value is not None and not (isinstance(value, str) and re.fullmatch(form, value, re.ASCII)):
            raise CommandRefused(f'"{name}" is not as it should be: {form}')
        if isinstance(value, str):
            texts[name] = value
    numbers = {name: _number(name, left.pop(name, 0), most) for name, most in _NUMBERS.items()}
    flags = {name: left.pop(name, False) is True for name in _FLAGS}
    if left:
        raise CommandRefused(f"{', '.join(sorted(left))[:80]}: no such field is known")
    return Command(id, terminal, do, numbers["amount"], numbers["notes"], texts, flags["keyed"], flags["damaged"])


def _number(name: str, value: object, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise CommandRefused(f'"{name}" is a whole number, 0 to {most}')
    return value


def offer_of(command: Command, channel: Channel) -> Offer | None:
    """The service that *command* names; None for one of DO.  Raises CommandRefused."""
    for offer in OFFERS[channel]:
        if ordered_as(offer) == command.do:
            return offer
    if command.do in DO[channel]:
        return None
    known = (*map(ordered_as, OFFERS[channel]), *DO[channel])
    raise CommandRefused(f'"do" is one of {", ".join(known)}')


def ordered_as(offer: Offer) -> str:
    """The word for *offer* in a command.

    >>> ordered_as(Offer("PIN change", "94"))
    'pin-change'
    """
    return offer.name.lower().replace(" ", "-")


def told_of(terminal: Terminal, finished: Finished, meanings: Mapping[str, str]) -> Told:
    """What is said when a service has ended; *meanings* of DE 39."""
    meaning = meanings.get(finished.response, "")
    told: Told = {
        "terminal": terminal.id,
        "do": ordered_as(finished.offer) if finished.offer else "",
        "outcome": finished.outcome.value,
        "text": finished.text,
        "response": finished.response,
        "meaning": meaning,
        "approval": finished.approval,
        "amount": finished.amount,
        "dispensed": finished.actual,
        "stan": text_of(finished.asked, STAN),
        "invoice": finished.invoice,
        "pan": masked_pan(text_of(finished.asked, PAN)),
        "reversal": finished.reversing or None,
        "balances": [
            {"kind": each.kind, "minor": each.minor, "currency": each.currency} for each in balances(finished.answer)
        ],
        "receipt": list(receipt(terminal, finished, meaning)),
    }
    return {name: value for name, value in told.items() if value not in ("", None, [])}
