"""The magnetic stripe of a financial card: tracks 1 and 2 (ISO/IEC 7813), track 3 (ISO/IEC 4909), written and read.

A track's text is what stands from start sentinel to end sentinel; on the stripe the longitudinal redundancy check (LRC)
follows it (ISO/IEC 7811-2 clause 11).  Characters of track 1 have 6 bits, from blank on; those of tracks 2 and 3 have 4,
from ``0`` on.  Refusals never quote what stood in a track.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields
from functools import reduce
from operator import xor
from types import MappingProxyType

START_1, START_2, SEPARATOR_1, SEPARATOR_2, END = "%", ";", "^", "=", "?"
TRACK_1_CHARS_MAX, TRACK_2_CHARS_MAX, TRACK_3_CHARS_MAX = 79, 40, 107
"""With sentinels and LRC (ISO/IEC 7811-2)."""
FIRST_CHARACTERS = MappingProxyType({1: " ", 2: "0", 3: "0"})
CHARACTER_BITS = MappingProxyType({1: 6, 2: 4, 3: 4})
_START = MappingProxyType({1: START_1, 2: START_2, 3: START_2})
_CHARS_MAX = MappingProxyType({1: TRACK_1_CHARS_MAX, 2: TRACK_2_CHARS_MAX, 3: TRACK_3_CHARS_MAX})
_CONTROL = "%^?!\"&'*+,:;<=>@_"
"""What no field of track 1 holds: the sentinels, the separator, and what ISO/IEC 7811-2 keeps for hardware and others."""
_EVERY_1 = re.compile(r"[ -_]*")
_EVERY_2 = re.compile(r"[0-?]*")


class TrackError(ValueError):
    """A track, or what shall be on one, is not as the standard says; the message names the field."""


def _must(right: object, what: str) -> None:
    if not right:
        raise TrackError(what)


def _digits(text: str, least: int, most: int) -> bool:
    return least <= len(text) <= most and (not text or (text.isascii() and text.isdecimal()))


def lrc(track: int, text: str) -> str:
    """The LRC of *text*, sentinels included, as a character of that *track*: each bit column is even.

    >>> lrc(2, ";1?")
    '5'
    """
    first = ord(FIRST_CHARACTERS[track])
    _must((_EVERY_1 if track == 1 else _EVERY_2).fullmatch(text), f"track {track}: characters")
    return chr(first + reduce(xor, (ord(char) - first for char in text), 0))


def on_stripe(track: int, text: str) -> str:
    """*text* and its LRC."""
    return text + lrc(track, text)


def off_stripe(track: int, read: str) -> str:
    """The text of a track as it was *read*, LRC last.  Raises TrackError for a wrong one."""
    text, check = read[:-1], read[-1:]
    _must(text and check == lrc(track, text), f"track {track}: LRC")
    return text


def _inside(track: int, text: str) -> str:
    """What stands between the sentinels.  Raises TrackError."""
    _must(text.startswith(_START[track]) and text.endswith(END) and len(text) > 1, f"track {track}: sentinels")
    _must(len(text) < _CHARS_MAX[track], f"track {track}: length")
    inside = text[1:-1]
    _must((_EVERY_1 if track == 1 else _EVERY_2).fullmatch(inside), f"track {track}: characters")
    _must(END not in inside and _START[track] not in inside, f"track {track}: sentinels")
    return inside


def is_expiry(text: str) -> bool:
    """Is *text* a date YYMM?"""
    return bool(re.fullmatch(r"\d\d(0[1-9]|1[0-2])", text, re.ASCII))


def _dated(rest: str, separator: str) -> tuple[str, str, str]:
    """Expiry, service code and discretionary data; a separator stands in for either of the first two that is absent."""
    taken: list[str] = []
    for digits in (4, 3):
        absent = rest[:1] == separator
        taken.append("" if absent else rest[:digits])
        rest = rest[1 if absent else digits :]
    return taken[0], taken[1], rest


def _check_common(track: int, pan: str, expiry: str, service_code: str) -> None:
    _must(_digits(pan, 8, 19), f"track {track}: PAN")
    _must(not expiry or is_expiry(expiry), f"track {track}: expiry")
    _must(not service_code or _digits(service_code, 3, 3), f"track {track}: service code")


@dataclass(frozen=True)
class Track1:
    """Track 1, format B.  *pan* 8 to 19 digits, *name* 2 to 26 characters (surname/first name.title), *expiry* YYMM or
    empty, *service_code* 3 digits or empty.  Raises TrackError.
    """

    pan: str = field(repr=False)
    name: str = field(repr=False)
    expiry: str = field(repr=False)
    service_code: str
    discretionary: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        _check_common(1, self.pan, self.expiry, self.service_code)
        _must(2 <= len(self.name) <= 26, "track 1: name length")
        for what, text in (("name", self.name), ("discretionary data", self.discretionary)):
            _must(_EVERY_1.fullmatch(text) and not set(text) & set(_CONTROL), f"track 1: {what} characters")
        _must(len(self.text) < TRACK_1_CHARS_MAX, "track 1: length")

    @property
    def text(self) -> str:
        dated = (self.expiry or SEPARATOR_1) + (self.service_code or SEPARATOR_1) + self.discretionary
        return f"{START_1}B{self.pan}{SEPARATOR_1}{self.name}{SEPARATOR_1}{dated}{END}"


def read_track_1(text: str) -> Track1:
    """The fields of track 1 from sentinel to sentinel.  Raises TrackError."""
    inside = _inside(1, text)
    _must(inside[:1] == "B", "track 1: format code")
    parts = inside[1:].split(SEPARATOR_1, 2)
    _must(len(parts) == 3, "track 1: separators")
    return Track1(parts[0], parts[1], *_dated(parts[2], SEPARATOR_1))


@dataclass(frozen=True)
class Track2:
    """Track 2: as track 1 without a name; discretionary data are digits.  Raises TrackError."""

    pan: str = field(repr=False)
    expiry: str = field(repr=False)
    service_code: str
    discretionary: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        _check_common(2, self.pan, self.expiry, self.service_code)
        _must(_digits(self.discretionary, 0, 19), "track 2: discretionary data")
        _must(len(self.text) < TRACK_2_CHARS_MAX, "track 2: length")

    @property
    def _content(self) -> str:
        dated = (self.expiry or SEPARATOR_2) + (self.service_code or SEPARATOR_2) + self.discretionary
        return f"{self.pan}{SEPARATOR_2}{dated}"

    @property
    def text(self) -> str:
        return START_2 + self._content + END

    @property
    def equivalent_data(self) -> bytes:
        """Track 2 equivalent data, tag 57 (EMV 4.3 Book 3 annex A): packed, D for the separator, F behind an odd count."""
        text = self._content.replace(SEPARATOR_2, "D")
        return bytes.fromhex(text + "F" * (len(text) % 2))


def read_track_2(text: str) -> Track2:
    """The fields of track 2 from sentinel to sentinel.  Raises TrackError."""
    pan, separator, rest = _inside(2, text).partition(SEPARATOR_2)
    _must(separator, "track 2: separators")
    return Track2(pan, *_dated(rest, SEPARATOR_2))


def of_equivalent_data(data: bytes) -> Track2:
    """The fields of tag 57.  Raises TrackError."""
    text = data.hex().upper().removesuffix("F").replace("D", SEPARATOR_2)
    return read_track_2(START_2 + text + END)


USE = (
    ("country_code", 3, True),
    ("currency_code", 3, True),
    ("currency_exponent", 1, False),
    ("cycle_amount", 4, False),
    ("cycle_remaining", 4, False),
    ("cycle_begin", 4, False),
    ("cycle_length", 2, False),
    ("retry_count", 1, False),
    ("pin_parameters", 6, True),
    ("interchange_control", 1, False),
    ("pan_restriction", 2, False),
    ("first_account_restriction", 2, False),
    ("second_account_restriction", 2, False),
    ("expiry", 4, True),
    ("card_sequence", 1, False),
    ("card_security", 9, True),
)
"""Use and security data of track 3: name, digits, and whether a separator may stand for it."""


@dataclass(frozen=True)
class Track3:
    """Track 3.  Fields are digits; an empty one is absent where ISO/IEC 4909 lets it be.  Raises TrackError."""

    pan: str = field(repr=False)
    currency_exponent: str
    cycle_amount: str
    cycle_remaining: str
    cycle_begin: str
    cycle_length: str
    retry_count: str
    interchange_control: str
    pan_restriction: str
    first_account_restriction: str
    second_account_restriction: str
    card_sequence: str
    country_code: str = ""
    currency_code: str = ""
    pin_parameters: str = field(default="", repr=False)
    expiry: str = field(default="", repr=False)
    card_security: str = field(default="", repr=False)
    first_account: str = field(default="", repr=False)
    second_account: str = field(default="", repr=False)
    relay_marker: str = "0"
    check_digits: str = field(default="", repr=False)
    discretionary: str = field(default="", repr=False)
    format_code: str = "01"

    def __post_init__(self) -> None:
        for name, digits, optional in (*USE, ("relay_marker", 1, False), ("check_digits", 6, True)):
            given = getattr(self, name)
            _must(_digits(given, digits, digits) or (optional and not given), f"track 3: {name.replace('_', ' ')}")
        _must(_digits(self.format_code, 2, 2), "track 3: format code")
        _must(_digits(self.pan, 8, 19), "track 3: PAN")
        _must(not self.expiry or is_expiry(self.expiry), "track 3: expiry")
        for each in fields(self):
            _must(_digits(getattr(self, each.name), 0, 99), f"track 3: {each.name.replace('_', ' ')}")
        _must(len(self.text) < TRACK_3_CHARS_MAX, "track 3: length")

    @property
    def text(self) -> str:
        used = "".join(getattr(self, name) or SEPARATOR_2 for name, _, _ in USE)
        accounts = f"{self.first_account}{SEPARATOR_2}{self.second_account}{SEPARATOR_2}"
        last = f"{self.relay_marker}{self.check_digits or SEPARATOR_2}{self.discretionary}"
        return f"{START_2}{self.format_code}{self.pan}{SEPARATOR_2}{used}{accounts}{last}{END}"


def read_track_3(text: str) -> Track3:
    """The fields of track 3 from sentinel to sentinel.  Raises TrackError."""
    inside = _inside(3, text)
    pan, separator, rest = inside[2:].partition(SEPARATOR_2)
    _must(separator, "track 3: separators")
    taken: dict[str, str] = {}
    for name, digits, optional in USE:
        absent = optional and rest[:1] == SEPARATOR_2
        taken[name] = "" if absent else rest[:digits]
        rest = rest[1 if absent else digits :]
    parts = rest.split(SEPARATOR_2, 2)
    _must(len(parts) == 3, "track 3: separators")
    relay, last = parts[2][:1], parts[2][1:]
    absent = last[:1] == SEPARATOR_2
    return Track3(
        pan,
        **taken,
        first_account=parts[0],
        second_account=parts[1],
        relay_marker=relay,
        check_digits="" if absent else last[:6],
        discretionary=last[1 if absent else 6 :],
        format_code=inside[:2],
    )
