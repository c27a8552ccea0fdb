"""An account number as a PIN block wants it.

Hosts send 12 digits, 18 digits or a whole PAN, by PIN block format; a translation has one account and two formats.
"""

from __future__ import annotations

from hsm.crypto.pinblock import PinBlockFormat as Format
from hsm.refusal import AccountInvalid

ACCOUNT_DIGITS = 12


def in_block(account: str, fmt: Format, *, whole: bool) -> str:
    """The digits of *account* that *fmt* binds.

    *account* is the whole PAN with check digit if *whole*, else the right-most 12 or 18 digits without it.  Formats take
    the 12 right-most, PLUS the 12 left-most (its hosts send 18), ISO format 4 the PAN.  Raises AccountInvalid for
    format 4 without a PAN.
    """
    if fmt is Format.ISO_4:
        if not whole:
            raise AccountInvalid
        return account
    if len(account) == ACCOUNT_DIGITS and not whole:
        return account
    bare = account[:-1] if whole else account
    return bare[:ACCOUNT_DIGITS] if fmt is Format.PLUS else bare[-ACCOUNT_DIGITS:].rjust(ACCOUNT_DIGITS, "0")


def right_twelve(account: str, *, whole: bool) -> str:
    """The 12 right-most digits without check digit: what a PIN under the LMK, a PVV and an offset are bound to.

    >>> right_twelve("4111111111111111", whole=True), right_twelve("123456789012", whole=False)
    ('111111111111', '123456789012')
    """
    bare = account[:-1] if whole else account
    return bare[-ACCOUNT_DIGITS:].rjust(ACCOUNT_DIGITS, "0")
