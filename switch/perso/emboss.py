"""What is embossed on a card: characters and places (ISO/IEC 7811-1 and, for the places, 7811-3).

The identification number line takes characters of 7 to the inch at 3.63 mm pitch, OCR 7B; the name and address area has
four lines of up to 27 characters, 10 to the inch.  Places are in millimetres from the card's left and lower edges to the
centre of a line's first character.  The standard bounds the name and address area; how its lines stand in it is ours.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from switch.perso.tracks import is_expiry

NUMBER_CHARS_MAX = 19
"""16 digits in groups, or 19 without blanks: more does not fit the card."""
NAME_CHARS_MAX = 27
NAME_LINES_MAX = 4
NAME_CHARACTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .,-/&'")
NUMBER_PITCH_MM, NAME_PITCH_MM = 3.63, 2.54
NUMBER_LEFT_MM, NUMBER_BOTTOM_MM = 10.18, 21.42
NAME_LEFT_MM = 7.65
NAME_BOTTOMS_MM = (14.53, 10.47, 6.41, 2.41)
"""Of lines 1 to 4: from the top down within the 14.53 mm that the area is high."""


class EmbossError(ValueError):
    """What shall be embossed has a character that no embosser has, or does not fit; the message names the line."""


@dataclass(frozen=True)
class EmbossedLine:
    """One line: where it begins (mm), its pitch (mm a character), and its text."""

    name: str
    left_mm: float
    bottom_mm: float
    pitch_mm: float
    text: str = field(repr=False)


def grouped(pan: str) -> str:
    """*pan* as it is embossed: groups of four digits; 15 digits as 4, 6 and 5; more than 16 digits without blanks.

    >>> grouped("4123456789012345")
    '4123 4567 8901 2345'
    """
    if len(pan) == 15:
        return f"{pan[:4]} {pan[4:10]} {pan[10:]}"
    if len(pan) > 16:
        return pan
    return " ".join(pan[at : at + 4] for at in range(0, len(pan), 4))


def embossed(pan: str, expiry: str, name: str, *more: str) -> tuple[EmbossedLine, ...]:
    """The number line, the expiry MM/YY on line 1, the cardholder's name on line 2, and up to two lines *more*.

    *pan* is 8 to 19 digits, *expiry* YYMM; *name* is in capitals, as people read it.  Raises EmbossError.
    """
    if not (8 <= len(pan) <= 19 and pan.isascii() and pan.isdecimal()):
        raise EmbossError("identification number line: 8 to 19 digits")
    if not is_expiry(expiry):
        raise EmbossError("line 1: an expiry date YYMM")
    lines = (f"{expiry[2:]}/{expiry[:2]}", name, *more)
    if len(lines) > NAME_LINES_MAX:
        raise EmbossError(f"at most {NAME_LINES_MAX} lines below the number")
    number = EmbossedLine("number", NUMBER_LEFT_MM, NUMBER_BOTTOM_MM, NUMBER_PITCH_MM, grouped(pan))
    return (number, *(_named(at, text) for at, text in enumerate(lines)))


def _named(at: int, text: str) -> EmbossedLine:
    if not 1 <= len(text) <= NAME_CHARS_MAX:
        raise EmbossError(f"line {at + 1}: 1 to {NAME_CHARS_MAX} characters")
    if not set(text) <= NAME_CHARACTERS:
        raise EmbossError(f"line {at + 1}: a character that is not embossed")
    return EmbossedLine(f"line {at + 1}", NAME_LEFT_MM, NAME_BOTTOMS_MM[at], NAME_PITCH_MM, text)


def name_on_card(track_name: str) -> str:
    """A name as track 1 has it, SURNAME/FIRST NAME.TITLE, as it is embossed: TITLE FIRST NAME SURNAME.

    >>> name_on_card("NGUYEN/VAN AN.DR")
    'DR VAN AN NGUYEN'
    """
    surname, _, rest = track_name.partition("/")
    given, _, title = rest.partition(".")
    return " ".join(part.strip() for part in (title, given, surname) if part.strip())
