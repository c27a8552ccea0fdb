"""Track 2 as it stands in DE 35 (ISO/IEC 7813: without sentinels and LRC)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

TRACK_CHARS_MAX = 37
_TRACK_2 = re.compile("([0-9]{13,19})[=D]([0-9]{2}(?:0[1-9]|1[0-2]))([0-9]{3})([0-9]*)")


class TrackError(Exception):
    """No track 2 with all its fields; the text shows nothing of it."""


@dataclass(frozen=True)
class Track2:
    """*pan* 13 to 19 digits, *expires* ``yymm``, *service_code* 3 digits, *discretionary* what the issuer put behind."""

    pan: str = field(repr=False)
    expires: str
    service_code: str
    discretionary: str = field(repr=False)


def parse_track_2(text: str) -> Track2:
    """The fields of *text*.  Raises TrackError, also where an expiry date or service code is left out (a separator).

    The example is that of Thales' manual for a CVV, which has nothing behind the service code.

    >>> parse_track_2("4123456789012345=8701101")
    Track2(expires='8701', service_code='101')
    """
    found = _TRACK_2.fullmatch(text)
    if found is None or len(text) > TRACK_CHARS_MAX:
        raise TrackError("13 to 19 digits, a separator, a date, a service code and digits are a track 2")
    return Track2(*found.groups())
