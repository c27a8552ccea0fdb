"""What of a message may be shown in a trace, a log or on a screen.

A dialect's file can hide more, and can say of single sub-fields that they are harmless; it cannot show what is hidden here
as a whole.
"""

from __future__ import annotations

import re

PANS = frozenset({2, 34, 102, 103})
"""Account numbers: shown with the first six and the last four digits (PCI DSS 3.4.1)."""

HIDDEN = frozenset({35, 36, 45, 46, 47, 48, 52, 53, *range(55, 65), 96, *range(104, 129)})
"""Tracks, PIN data, security control, ICC data, MACs, and the private elements, which carry keys, PANs and CVVs."""

_PAN_LIKE = re.compile(r"[0-9]{13,19}")
CLEAR_DIGITS, LEAST_HIDDEN = 10, 3


def masked_pan(text: str) -> str:
    """*text* with all but the first six and last four characters masked; a short one shows its last four at most.

    >>> masked_pan("4000001234562"), masked_pan("123456789"), masked_pan("12")
    ('400000***4562', '*****6789', '**')
    """
    if len(text) >= CLEAR_DIGITS + LEAST_HIDDEN:
        return f"{text[:6]}{'*' * (len(text) - CLEAR_DIGITS)}{text[-4:]}"
    shown = text[-4:] if len(text) > CLEAR_DIGITS - 4 else ""
    return "*" * (len(text) - len(shown)) + shown


def without_pans(text: str) -> str:
    """*text* in which whatever could be a PAN is masked."""
    return _PAN_LIKE.sub(lambda found: masked_pan(found[0]), text)
