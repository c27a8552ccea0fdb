"""The vocabulary that Eracom messages share: each name is a type and how it is written."""

from __future__ import annotations

from typing import Annotated

from hsm.crypto.pinblock import PIN_DIGITS_MIN
from hsm.keys import domaintypes as t
from hsm.keys.domaintypes import DomainKeyType
from hsm.refusal import (
    CheckLengthInvalid,
    DigitsInvalid,
    FunctionModifierInvalid,
    IndexInvalid,
    PinEmpty,
    PinLengthInvalid,
)
from hsm.wire.counts import counted
from hsm.wire.kinds import Binary
from hsm.wire.message import Message
from hsm.wire.packed import Packed, PackedChoice, PackedPadded, Whole
from hsm.wire.shapes import KeySpec, Variable

DATA_BYTES_MAX = 65_000


class Request(Message):
    """What begins with a function modifier, as all functions with a code of three bytes do.

    The modifier 00 is the usual one.  Others ask for newer forms of key specifiers in the reply, or for variants of a
    function, and are not public.
    """

    modifier: Annotated[str, PackedChoice(("00",), wrong=FunctionModifierInvalid)]


def key_field(*rows: DomainKeyType) -> KeySpec:
    """The kind of a field for keys of these types, the first unless the specifier says another."""
    return KeySpec(" or ".join(row.name for row in rows), tuple(row.code for row in rows))


# Keys -------------------------------------------------------------------------------------------------------------
Dpk = Annotated[str, key_field(t.DPK)]
Ppk = Annotated[str, key_field(t.PPK)]
PIN_KEYS = (t.PPK, t.PTK)
PinKey = Annotated[str, key_field(*PIN_KEYS)]
"""A PPK, or, where format 08 says so, a PTK."""
Mpk = Annotated[str, key_field(t.MPK)]
Ktm = Annotated[str, key_field(t.KTM)]
Kir = Annotated[str, key_field(t.KIR, t.KI)]
Kis = Annotated[str, key_field(t.KIS, t.KI)]
Pvk = Annotated[str, key_field(t.PVK)]
Kpvv = Annotated[str, key_field(t.KPVV)]
Kcvv = Annotated[str, key_field(t.KCVV)]
ImkAc = Annotated[str, key_field(t.IMK_AC)]
ImkSmi = Annotated[str, key_field(t.IMK_SMI)]
ImkSmc = Annotated[str, key_field(t.IMK_SMC)]
Ktk = Annotated[str, key_field(t.KTK)]
ANY_KEY = KeySpec("of the type given")
AnyKey = Annotated[str, ANY_KEY]
"""A key whose type another field says, and every key in a reply: a host's own, under the KM."""

StoredIndex = Annotated[str, Packed(2, wrong=IndexInvalid)]
"""Where a key is stored, in functions that know no key specifiers: see ``stored``."""

KeyTypeByte = Annotated[str, Packed(2, wrong=DigitsInvalid)]
"""A key type; whether it exists is decided when it is used."""
Mode = Annotated[str, PackedChoice(("00", "01"), wrong=DigitsInvalid)]
"""00 ECB, 01 CBC with a zero vector."""
CBC = "01"
CheckValue = Annotated[bytes, Binary(3)]
CheckValueOpen = Annotated[bytes, Variable(8)]
"""A check value led by its count."""
UNDER_TRANSPORT = Variable(24)
UnderTransport = Annotated[bytes, UNDER_TRANSPORT]
"""A key under a transport key, without a format byte."""

# PINs and cards ---------------------------------------------------------------------------------------------------
PinBlock = Annotated[bytes, Binary(8)]
PinFormat = Annotated[str, Packed(2, "H")]
"""A PIN block format; whether it exists is decided when it is used: see ``block_format``."""
PinLength = Annotated[int, Whole(1, 0, 12, bcd=True, wrong=DigitsInvalid)]
"""4 to 12, binary or packed decimal: clients that were seen write no number for which it makes a difference.  What is
less is refused when it is used: see ``pin_digits``."""
CheckLength = Annotated[int, Whole(1, 0, 12, bcd=True, wrong=CheckLengthInvalid)]
"""4 to 12, likewise."""
Anb = Annotated[str, Packed(12, hidden=True, wrong=DigitsInvalid)]
"""The 12 right-most digits of the PAN without its check digit."""
Tsp12 = Annotated[str, Packed(12, hidden=True, wrong=DigitsInvalid)]
"""The 11 right-most digits of the PAN without its check digit, and the PVKI."""
Pvv = Annotated[str, Packed(4, hidden=True, wrong=DigitsInvalid)]
ValidationData = Annotated[str, Packed(16, "H", hidden=True)]
"""16 digits that the host chose, of the account as a rule; F fills what is short."""
Offset = Annotated[str, Packed(12, "H", hidden=True)]
"""Digits on the left; what is behind the digits to be checked may be 0 or F and is not looked at."""
CardVerificationValue = Annotated[str, PackedPadded(4, 3, hidden=True, wrong=DigitsInvalid)]
"""Three digits and F."""

CardDigits = Annotated[str, Packed(16, hidden=True, wrong=DigitsInvalid)]
"""The 16 right-most digits of PAN and PAN sequence number, Y in EMV 4.3 Book 2 A1.4."""

_FORMATS = {
    "01": "01", "10": "01",  # AS/ANSI, ISO 9564-1 format 0
    "03": "03",  # PIN and pad, Diebold and IBM
    "08": "02",  # Docutel
    "11": "05", "12": "34", "13": "47",  # ISO 9564-1 formats 1, 2 and 3
}  # fmt: skip


def block_format(byte: str) -> str:
    """The code under which ``hsm.policy.pinformats`` knows the PIN block format *byte*; itself unknown for another.

    02 (Docutel-2), 09 (ZKA) and 14 are not offered: their blocks are not public, or no key for them is.
    """
    return _FORMATS.get(byte, "")


def pin_digits(length: int) -> int:
    """*length* if a PIN can be so long.  Raises PinEmpty for none, PinLengthInvalid for fewer than 4."""
    if length < PIN_DIGITS_MIN:
        raise PinLengthInvalid if length else PinEmpty
    return length


# Data -------------------------------------------------------------------------------------------------------------
Vector = Annotated[bytes, Binary(8)]
Data = Annotated[bytes, Variable(DATA_BYTES_MAX, hidden=True)]
MacValue = Annotated[bytes, Variable(8)]
"""The left end of a MAC."""


def stored(index: str) -> str:
    """The specifier of the key stored under *index*, two digits."""
    return specifier("\0" + bytes.fromhex(index).decode("latin-1"))


def specifier(content: str) -> str:
    """A key specifier, led by its count, of format byte and *content*."""
    return counted(content)
