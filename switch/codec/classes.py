"""The attribute classes of ISO 8583 as the characters that they admit."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

CLASSES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "n": ("[0-9]", "digits"),
        "a": ("[A-Za-z ]", "letters or blanks"),
        "an": ("[0-9A-Za-z ]", "letters, digits or blanks"),
        "as": (r"[ -/:-~]", "letters, blanks or special characters"),
        "ns": (r"[ -@\[-`{-~]", "digits, blanks or special characters"),
        "ans": ("[ -~]", "printable characters"),
        "z": ("[0-9:-?D]", "track characters (digits, = and D, : to ?)"),
        "b": ("", "bytes"),
        "xn": ("", "C or D and digits"),
    }
)
"""Class → the regular expression of one character, and what to call it.

The blank belongs to every class with letters, because short values of fixed elements are filled with it (ISO 8583, rules
for data elements).  Class z is the code set of ISO 7813, and D, which hosts put where the track has its separator.
"""

TRACK_OF_NIBBLE = str.maketrans("abcdef", ":;<=>?")
NIBBLE_OF_TRACK = str.maketrans(":;<=>?D", "abcdefd")
"""Track characters in nibbles (ISO 7813: A-F are the six characters after 9); both separators make nibble D."""
