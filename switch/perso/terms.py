"""What all parts of personalisation speak of: attributes of a card, keys by what they are for, and refusals.

A card's attributes travel from the issuer under the issuer's transport keys (TKissuer) and lie at the bureau under internal
data keys (DKep), one for each attribute.  What a value is decides the type of the key, and so what the HSM lets a host do:

* DATA, cardholder data that the bureau prints and writes: a DPK, under which a host may decipher (EE0805);
* PINS: a PPK, from which the HSM makes PVVs and offsets and translates, and never tells a PIN;
* KEYS, what no host may see: a KTK, under which values only move on to another KTK or to a card (EEF001).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType

from switch.routing.pan import Pan, PanError

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}")
"""Issuers, orders, products and keys: no path and no blank can be in a name."""
ISSUER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._]{0,15}")
"""An issuer's name has no dash: it stands before the first one in names of files and keys."""
CHECK_VALUE = re.compile(r"[0-9A-F]{6}")
CARDS_MAX = 10_000_000
ICC_KEYS_BYTES = 48
NAME_CHARS_MAX = 26
"""A cardholder's name as on track 1 (ISO/IEC 7813)."""


class Content(Enum):
    """What travels under a key; the value is the Eracom key type."""

    DATA = "00"
    PINS = "01"
    KEYS = "35"
    MACS = "02"


ISSUER_KEYS = MappingProxyType(
    {Content.DATA: "TK-DATA", Content.PINS: "TK-PIN", Content.KEYS: "TK-KEYS", Content.MACS: "TK-MAC"}
)
"""TKissuer: one key for each kind of content, and one for the order's MAC."""


def key_name(issuer: str, version: str, content: Content) -> str:
    """The name of an issuer's key, at the issuer and at the bureau.

    >>> key_name("970499", "01", Content.PINS)
    '970499-01-TK-PIN'
    """
    return f"{issuer}-{version}-{ISSUER_KEYS[content]}"


class Attribute(Enum):
    """A card's attribute: its name in files, and what it is."""

    HOLDER = ("holder", Content.DATA)
    """PAN, sequence number, expiry, service code and name: see ``Cardholder``."""
    PIN = ("pin", Content.PINS)
    """A PIN block of ISO 9564-1 format 0, 8 bytes; a card without one gets its PIN at the bureau."""
    TRACKS = ("tracks", Content.KEYS)
    """Tracks 1 and 2 as the issuer wants them, without sentinels, a line feed between."""
    APPLICATION = ("application", Content.DATA)
    """Data groupings (EMV CPS 1.1): DGI of 2 bytes, length of 1 byte or FF and 2, value; of no secret content."""
    ICC_KEYS = ("icc-keys", Content.KEYS)
    """AC, SMI and SMC keys, 48 bytes, that the issuer derived itself; ``application`` has their check values."""

    def __init__(self, label: str, content: Content) -> None:
        self.label = label
        self.content = content

    @property
    def chained(self) -> bool:
        """Is the value 8 bytes of IV and a CBC cryptogram (a PIN block is one block)?"""
        return self.content is not Content.PINS


ATTRIBUTES = {each.label: each for each in Attribute}


@dataclass(frozen=True)
class CardValues:
    """A card in a file: *sequence* from 1, and its values: IV and CBC cryptogram, or a PIN block."""

    sequence: int
    values: Mapping[Attribute, bytes] = field(repr=False)


class Refused(Exception):
    """A file can't be taken: says in which *file*, at which *record* (from 1; 0 is the file's head) and *field*, and why.

    >>> str(Refused("a.order", 7, "pin", "16 hexadecimal digits"))
    'a.order: record 7, field pin: 16 hexadecimal digits'
    """

    def __init__(self, file: str, record: int | None, place: str, why: str) -> None:
        where = [f"record {record}" if record else "head" if record == 0 else "", f"field {place}" if place else ""]
        super().__init__(f"{file}: " + "".join([", ".join(each for each in where if each), ": "] * any(where)) + why)
        self.file, self.record, self.place, self.why = file, record, place, why


@dataclass(frozen=True)
class KeyName:
    """A key as files name it: *name*, what it is for, and its check value of 6 hexadecimal digits."""

    name: str
    content: Content
    check_value: str


@dataclass(frozen=True)
class HeldKey:
    """A key of the HSM that a host keeps: *specifier* is its Eracom key specifier, led by its count."""

    named: KeyName
    specifier: bytes = field(repr=False)


@dataclass(frozen=True)
class Cardholder:
    """The DATA of a card.

    *pan* has its check digit, *sequence* (the PAN sequence number) 2 digits, *expiry* is YYMM, *service_code* 3 digits.
    """

    pan: str = field(repr=False)
    sequence: str
    expiry: str
    service_code: str
    name: str = field(repr=False)

    def __post_init__(self) -> None:
        """Raises ValueError; the text shows nothing of the card."""
        try:
            Pan(self.pan)
        except PanError as e:
            raise ValueError(str(e)) from None
        for value, pattern, expected in (
            (self.sequence, r"[0-9]{2}", "a PAN sequence number is 2 digits"),
            (self.expiry, r"[0-9]{2}(0[1-9]|1[0-2])", "an expiry is YYMM"),
            (self.service_code, r"[0-9]{3}", "a service code is 3 digits"),
            (
                self.name,
                rf"[ A-Z0-9.,'/-]{{2,{NAME_CHARS_MAX}}}",
                f"a name is 2 to {NAME_CHARS_MAX} characters of track 1",
            ),
        ):
            if not re.fullmatch(pattern, value):
                raise ValueError(expected)

    @property
    def account(self) -> str:
        """What PIN blocks are bound to: the 12 right-most digits of the PAN without its check digit."""
        return self.pan[:-1][-12:].rjust(12, "0")

    def content(self) -> bytes:
        """The attribute's content: the five values, a vertical bar between."""
        return "|".join((self.pan, self.sequence, self.expiry, self.service_code, self.name)).encode("ascii")

    @classmethod
    def read(cls, content: bytes) -> Cardholder:
        """Raises ValueError."""
        parts = content.decode("ascii", "replace").split("|")
        if len(parts) != 5:
            raise ValueError("five values: PAN, sequence number, expiry, service code, name")
        return cls(*parts)
