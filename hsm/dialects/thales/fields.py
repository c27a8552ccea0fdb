"""The vocabulary that Thales messages share: each name is a type and how it is written.

``Zmk``'s untagged width and the width of a PIN under the LMK follow settings, through ``widths``.
"""

from __future__ import annotations

from typing import Annotated

from hsm import refusal as r
from hsm.policy.choices import StorageLength, ZmkLength
from hsm.policy.settings import Settings
from hsm.wire.kinds import (
    Account,
    Choice,
    ClearPin,
    Digits,
    Either,
    HexDigits,
    HexOf,
    Kind,
    Number,
    Padded,
    Pan,
    Pattern,
    Text,
    Width,
    Widths,
)
from hsm.wire.message import Message
from hsm.wire.shapes import Cases, Group, Key, Maybe, Until

ZMK_WIDTH = Width("ZMK length", 32)
LMK_PIN_WIDTH = Width("encrypted PIN length", 5)
SOCKETS_WIDTH = Width("socket digits", 2)
STORAGE_COUNT_WIDTH = Width("storage count digits", 2)
STORAGE_COUNT_BASE = Width("storage count base", 16)
STORAGE_UNIT = Width("storage unit", 16)


def widths(settings: Settings) -> Widths:
    """The widths that *settings* decide."""
    variable = settings.user_storage_length is StorageLength.VARIABLE
    return {
        ZMK_WIDTH.name: 16 if settings.zmk_length is ZmkLength.SINGLE else 32,
        LMK_PIN_WIDTH.name: settings.encrypted_pin_length,
        SOCKETS_WIDTH.name: int(settings.socket_digits.value),
        STORAGE_COUNT_WIDTH.name: 4 if variable else 2,
        STORAGE_COUNT_BASE.name: 10 if variable else 16,
        STORAGE_UNIT.name: settings.user_storage_length.value_chars or 1,
    }


# Keys -------------------------------------------------------------------------------------------------------------
Zmk = Annotated[str, Key("ZMK", untagged=ZMK_WIDTH)]
Zpk = Annotated[str, Key("ZPK")]
Tpk = Annotated[str, Key("TPK")]
Tmk = Annotated[str, Key("TMK")]
Pvk = Annotated[str, Key("PVK")]
PvkPair = Annotated[str, Key("PVK pair", untagged=32)]
Tak = Annotated[str, Key("TAK")]
Zak = Annotated[str, Key("ZAK")]
Cvk = Annotated[str, Key("CVK pair", untagged=32)]
MkAc = Annotated[str, Key("MK-AC", untagged=32)]
Bdk = Annotated[str, Key("BDK", untagged=32)]
AnyKey = Annotated[str, Key("as the key type code says")]

GivenKey = Annotated[str, Key("as the command says", followed=(6, 8, 12, 16))]
"""A key in an answer, of any length, with a check value behind it and nothing more."""

KeyTypeCode = Annotated[str, Text("H", 3, 3, wrong=r.KeyTypeCodeInvalid)]
"""Three characters, such as 001; FFF leaves the type to the key block."""
Scheme = Annotated[str, Text("L", 1, 1, wrong=r.KeySchemeInvalid)]
"""A key scheme tag: 0 Z U T X Y S R."""
KeyCheckValue = Annotated[str, Text("H", 6, 16)]
"""6 or 16 hexadecimal digits."""

Atalla = Annotated[str, Pattern("[0-9]{0,2}", "[ 1-2 N Atalla variant ]")]
"""Absent, or one or two digits."""


class Extension(Message):
    """The ``;xyz`` tail of the older key-management commands (HSM 8000 help).

    A scheme that the command has no use for is any of the eight; 0 leaves the choice to the command.
    """

    transport_scheme: Annotated[str, Choice(tuple("0ZUTXYSR"), wrong=r.KeySchemeInvalid)]
    lmk_scheme: Annotated[str, Choice(tuple("0ZUTXYSR"), wrong=r.KeySchemeInvalid)]
    check_value_type: Annotated[str, Choice(("0", "1", "2"))]


# PINs -------------------------------------------------------------------------------------------------------------
PinBlock = Annotated[bytes, HexOf(sizes=(8, 16))]
"""A PIN block in a reply: 32H for format 48, else 16H.  In a request it is ``BlockUnder`` its key."""
PinFormatCode = Annotated[str, Digits(2, wrong=r.PinFormatInvalid)]
"""A PIN block format code; whether it exists and is enabled is decided when it is used."""
PinLength = Annotated[int, Number(2, 4, 12, wrong=r.PinLengthInvalid)]
PinLengthMax = Annotated[int, Number(2, 4, 12)]
CheckLength = Annotated[int, Number(2, 1, 16)]
Account12 = Annotated[str, Account(12, wrong=r.AccountInvalid)]


def account_by(*formats: str) -> Kind:
    """The account number that goes with PIN block formats in the fields *formats*.

    12N without check digit; for format 04 18N, likewise; for format 48 the whole PAN, then ``;``.  The last is inferred
    from the payShield 10K form of JA, of which a public client sends an example.
    """
    return Cases(
        formats,
        (("48", Until(";", Pan("N", 13, 19, wrong=r.AccountInvalid))), ("04", Account(18, wrong=r.AccountInvalid))),
        Account(12, wrong=r.AccountInvalid),
    )


LmkPin = Annotated[str, Either((Pattern("J[0-9A-F]{32}", "J + 32 H under an AES LMK"), HexDigits(LMK_PIN_WIDTH)))]
"""A PIN under the LMK: as many digits as the setting says, or ``J`` and 32H under an AES LMK."""
ClearPinText = Annotated[str, ClearPin(LMK_PIN_WIDTH, 4, wrong=r.PinLengthInvalid)]
"""A clear PIN, left-justified and filled with F to the length of a PIN under the LMK."""

DecimalisationTable = Annotated[
    str, Pattern("(?:K[0-9A-F]{3}|[0-9A-F]{32}|[0-9A-F]{16})", "16 H (32 H: AES LMK) or K + 3 H")
]
ValidationData = Annotated[str, Pattern("(?=[0-9A-F]*N)[0-9A-FN]{12}", "12 A: 11 hexadecimal digits and one N")]
Offset = Annotated[str, Padded(12, 1)]
PvkIndex = Annotated[str, Digits(1)]
Pvv = Annotated[str, Digits(4)]


class ExcludedPins(Message):
    """The excluded PINs that a request brings along: how many, how long, and their digits."""

    excluded_count: Annotated[int, Number(2, 0, 99)]
    excluded_digits: PinLength
    excluded_pins: Annotated[str, Text("N", 0, 99 * 12)]


MaybeExcludedPins = Annotated[ExcludedPins | None, Maybe("*", Group(ExcludedPins))]

# Cards ------------------------------------------------------------------------------------------------------------
PanUntilSemicolon = Annotated[str, Until(";", Pan("N", 1, 19, wrong=r.AccountInvalid))]

LmkChoice = Annotated[str | None, Maybe("%", Digits(2))]
"""``%`` and an LMK identifier, where it stands inside a message and not at its end."""
