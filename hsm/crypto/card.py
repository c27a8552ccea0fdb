"""Values that prove a card: the CVV family, its dynamic relatives and the American Express security codes."""

from __future__ import annotations

from typing import NamedTuple

from hsm.crypto.blockcipher import Cipher
from hsm.crypto.mac import Padding, algorithm_3, pad
from hsm.crypto.pin import two_scans

PAN_DIGITS_MAX = 19
CVV_TEXT_DIGITS = 32


class CardDataError(ValueError):
    """A PAN, date, service code or counter is not of the form that the card value takes."""


def _digits(text: str, least: int, most: int, what: str) -> str:
    if not (least <= len(text) <= most and text.isdecimal() and text.isascii()):
        raise CardDataError(what)
    return text


def cvv(cipher: Cipher, pan: str, expiry: str, service_code: str, digits: int = 3) -> str:
    """The CVV or CVC under the CVK pair, *digits* 1 to 5 of it.

    *pan*: 1 to 19 digits; *expiry*: 4 digits in the order that the issuer uses; *service_code*: 3 digits, 000 for a
    CVV2 and 999 for an iCVV.  Source: Visa CVV, as in IBM CCA "Visa card-verification value and Mastercard
    card-verification code": the first block under key A, the second mixed in, then triple DES with the pair.

    >>> from hsm.crypto.blockcipher import cipher
    >>> cvv(cipher(bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")), "4123456789012345", "8701", "101")
    '561'
    """
    return cvv_of(cipher, cvv_text(pan, expiry, service_code), digits)


def cvv_text(pan: str, expiry: str, service_code: str) -> str:
    """The 32 digits that a CVV is made of; for the parameters see ``cvv``."""
    text = _digits(pan, 1, PAN_DIGITS_MAX, "PAN") + _digits(expiry, 4, 4, "expiry")
    return (text + _digits(service_code, 3, 3, "service code")).ljust(CVV_TEXT_DIGITS, "0")


def cvv_of(cipher: Cipher, text: str, digits: int = 3) -> str:
    """The CVV of the 32 digits *text*: PAN, expiry, service code or what stands for them, and zeros; else as ``cvv``."""
    if not 1 <= digits <= 5 or cipher.block_bytes != 8 or len(cipher.parts) != 2:
        raise CardDataError("CVV")
    _digits(text, CVV_TEXT_DIGITS, CVV_TEXT_DIGITS, "CVV text")
    first = cipher.parts[0].encrypt(bytes.fromhex(text[:16]))
    mixed = int.from_bytes(first, "big") ^ int(text[16:], 16)
    return two_scans(cipher.encrypt(mixed.to_bytes(8, "big")))[:digits]


def dynamic_cvv(cipher: Cipher, pan: str, expiry: str, service_code: str, atc: str, digits: int = 3) -> str:
    """The Visa dynamic CVV: that of a card whose four leading PAN digits are the transaction counter.

    *cipher* is of the card's key (``emv.card_key`` from the issuer's master key, option A), *atc* 4 decimal digits,
    *pan* at least 5 digits.
    """
    _digits(pan, 5, PAN_DIGITS_MAX, "PAN")
    return cvv(cipher, _digits(atc, 4, 4, "ATC") + pan[4:], expiry, service_code, digits)


def cvc3(cipher: Cipher, track: bytes, atc: bytes, unpredictable_number: bytes) -> str:
    """The Mastercard CVC3, 5 digits, which a track carries as many of, from the right, as it has room for.

    *cipher* is of the card's CVC3 key; *track* the static track data with its discretionary data blanked; *atc* 2
    bytes; *unpredictable_number* 4.  The IV is the last 2 bytes of the retail MAC (padding method 2) of the track.
    """
    if len(atc) != 2 or len(unpredictable_number) != 4:
        raise CardDataError("ATC or unpredictable number")
    iv = algorithm_3(cipher, pad(track, Padding.BIT))[-2:]
    return f"{int.from_bytes(cipher.encrypt(iv + unpredictable_number + atc)[-2:], 'big'):05d}"


class SecurityCodes(NamedTuple):
    """The three American Express codes of a card, which are digits 1-5, 6-9 and 10-12 of one string."""

    five: str
    four: str
    three: str


def amex_csc(cipher: Cipher, pan: str, expiry: str) -> SecurityCodes:
    """The American Express CSC, version 1, under the CSCK pair; *pan* 15 digits from 34 or 37, *expiry* YYMM.

    No public specification exists; ThalesSim's reading (nickntg/thalessimulatorlibrary) is the only source, so that a
    device may answer otherwise.  Twelve PAN digits after the prefix stand before the date for 34, after it for 37; the
    decimal digits of the cryptogram come first, then letters as A=1 to F=6, and 5 more from the sixth place on.
    """
    _digits(pan, 15, 15, "PAN")
    _digits(expiry, 4, 4, "expiry")
    blocks = {"34": pan[2:14] + expiry, "37": expiry + pan[2:14]}
    if pan[:2] not in blocks:
        raise CardDataError("PAN")
    text = cipher.encrypt(bytes.fromhex(blocks[pan[:2]])).hex()
    digits = "".join([c for c in text if c.isdecimal()])
    letters = [(place, int(c, 16) - 9) for place, c in enumerate(text) if not c.isdecimal()]
    digits += "".join([str((n + 5 if place >= 5 else n) % 10) for place, n in letters])
    return SecurityCodes(digits[:5], digits[5:9], digits[9:12])
