"""PIN mailers: what is printed for a cardholder, on the virtual printer."""

from __future__ import annotations

from collections.abc import Sequence

from hsm.appliance import Hsm
from hsm.operations import issuing, offsets
from hsm.operations.offsets import OffsetRule
from hsm.storage.printer import PLACES, Words

PIN_MAILER = "PIN mailer"


def below(words: Sequence[Words], *lines: str) -> tuple[Words, ...]:
    """*words*, and two lines below the last of them *lines*, for which the host gave no place."""
    first = min(max((each.line for each in words), default=-2) + 2, PLACES - len(lines))
    return (*words, *(Words(first + at, 0, line) for at, line in enumerate(lines)))


def mail(hsm: Hsm, words: Sequence[Words]) -> None:
    """Print a PIN mailer.  Raises PrinterUnavailable."""
    hsm.appliance.printer.print(PIN_MAILER, words, hsm.appliance.clock.now())


def new_pin(hsm: Hsm, rule: OffsetRule) -> tuple[str, str]:
    """A random PIN as long as the rule's check length, and its IBM 3624 offset, as long; raises as ``offsets.make``."""
    pin = issuing.random_pin(hsm, rule.check_digits)
    return pin, offsets.make(hsm, pin, rule)
