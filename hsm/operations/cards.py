"""Values that prove a card: CVV and its kin, and American Express security codes."""

from __future__ import annotations

from enum import Enum
from hmac import compare_digest

from hsm.appliance import Hsm
from hsm.crypto.blockcipher import Algorithm
from hsm.crypto.card import CardDataError, SecurityCodes, amex_csc, cvv_of, cvv_text
from hsm.keys.generate import random_key
from hsm.keys.secret import ClearKey
from hsm.keys.usage import Deed, require
from hsm.refusal import AccountInvalid, InputInvalid, KeyLengthInvalid, VerificationFailed

PAIR_BYTES = 16
CVV_DIGITS = 3


class Match(Enum):
    """What became of one security code."""

    RIGHT = "right"
    ABSENT = "absent"
    WRONG = "wrong"


def new_card_key(hsm: Hsm) -> ClearKey:
    """A new CVK or CSCK pair: 16 bytes of odd parity."""
    return random_key(Algorithm.TDES, PAIR_BYTES, hsm.random.bytes)


def generate_cvv(key: ClearKey, pan: str, expiry: str, service_code: str) -> str:
    """The 3-digit CVV: *pan* 1 to 19 digits, *expiry* 4 as the issuer orders them, *service_code* 3.

    Raises KeyBlockModeInvalid for a key that may only verify, AccountInvalid.
    """
    return cvv_of_text(key, _text(pan, expiry, service_code))


def cvv_of_text(key: ClearKey, text: str) -> str:
    """The 3-digit CVV of 32 digits that the host put together.  Raises as ``generate_cvv``, and KeyLengthInvalid."""
    require(key, Deed.GENERATE)
    return cvv_of(_pair(key).cipher, text)


def verify_cvv(hsm: Hsm, key: ClearKey, given: str, pan: str, expiry: str, service_code: str) -> None:
    """Nothing, if *given* (3 digits) is the CVV; else raises VerificationFailed.

    There are only a thousand values, so failures count towards the fraud limits as those of PINs do.  Raises
    KeyBlockModeInvalid for a key that may only generate, FraudDetected, AccountInvalid.
    """
    verify_cvv_of_text(hsm, key, given, _text(pan, expiry, service_code))


def verify_cvv_of_text(hsm: Hsm, key: ClearKey, given: str, text: str) -> None:
    """Nothing, if *given* (3 digits, else InputInvalid) is the CVV of 32 digits that the host put together.

    Otherwise as ``verify_cvv``; raises KeyLengthInvalid too.
    """
    require(key, Deed.VERIFY)
    hsm.fraud.admit()
    if len(given) != CVV_DIGITS:
        raise InputInvalid
    if not compare_digest(cvv_of(_pair(key).cipher, text), given):
        hsm.fraud.failed()
        raise VerificationFailed


def _text(pan: str, expiry: str, service_code: str) -> str:
    try:
        return cvv_text(pan, expiry, service_code)
    except CardDataError:
        raise AccountInvalid from None


def _pair(key: ClearKey) -> ClearKey:
    if key.key_bytes != PAIR_BYTES:
        raise KeyLengthInvalid
    return key


def security_codes(key: ClearKey, pan: str, expiry: str) -> SecurityCodes:
    """The American Express codes of 5, 4 and 3 digits: *pan* 15 digits, *expiry* YYMM.

    Raises AccountInvalid for another card, KeyBlockModeInvalid.
    """
    require(key, Deed.GENERATE)
    return _codes(key, pan, expiry)


def check_security_codes(
    hsm: Hsm, key: ClearKey, pan: str, expiry: str, given: tuple[str | None, str | None, str | None]
) -> tuple[Match, Match, Match]:
    """What each of the *given* codes (5, 4 and 3 digits; None when there is none) is worth.

    A wrong one counts towards the fraud limits once.  Raises AccountInvalid, KeyBlockModeInvalid, FraudDetected.
    """
    require(key, Deed.VERIFY)
    hsm.fraud.admit()
    five, four, three = (_match(a, b) for a, b in zip(given, _codes(key, pan, expiry), strict=True))
    if Match.WRONG in (five, four, three):
        hsm.fraud.failed()
    return five, four, three


def _codes(key: ClearKey, pan: str, expiry: str) -> SecurityCodes:
    try:
        return amex_csc(key.cipher, pan, expiry)
    except CardDataError:
        raise AccountInvalid from None


def _match(given: str | None, expected: str) -> Match:
    if given is None:
        return Match.ABSENT
    return Match.RIGHT if compare_digest(given, expected) else Match.WRONG
