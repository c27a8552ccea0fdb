"""What the fields of PIN functions mean to the operations: offsets and PVVs by a PVK that an Eracom host specifies."""

from __future__ import annotations

from functools import partial

from hsm.appliance import Hsm
from hsm.keys.domaintypes import KPVV
from hsm.keys.km import KeyAndTable
from hsm.operations.decimalisation import admitted_table
from hsm.operations.offsets import OffsetRule
from hsm.operations.pvv import PvvRule
from hsm.refusal import DigitsInvalid, FieldsInconsistent, PvkIndexInvalid

OFFSET_DIGITS = 12
PVV_PIN_DIGITS = 4
_ACCOUNT_DIGITS_IN_DATA = 11
_PVK_INDICES = "123456"


def offset_rule(hsm: Hsm, pvk: KeyAndTable, check_digits: int, validation_data: str, account: str = "") -> OffsetRule:
    """How natural PINs are made: the table is the one that lies with the PVK.

    Validation data (16 digits, F for what is short) are an account's when 11 digits in a row of *account* (12 digits) stand
    in them; without an *account* there is nothing to compare.
    """
    parts = (account[:_ACCOUNT_DIGITS_IN_DATA], account[-_ACCOUNT_DIGITS_IN_DATA:])
    of_account = any(part in validation_data for part in parts)
    return OffsetRule(pvk.key, check_digits, validation_data, of_account, partial(admitted_table, hsm, pvk.table))


def offset_digits(offset: str, digits: int) -> str:
    """The first *digits* of *offset*, which fill stands behind.  Raises DigitsInvalid."""
    given = offset[:digits]
    if given.strip("0123456789"):
        raise DigitsInvalid
    return given


def offset_field(offset: str) -> str:
    """*offset* as a reply has it: on the left, zeros behind it."""
    return offset.ljust(OFFSET_DIGITS, "0")


def pvv_rule(hsm: Hsm, key: str, security_parameter: str, account: str = "") -> PvvRule:
    """How PVVs are made: by the pair that the specifier *key* stands for and the 12 digits of *security_parameter*.

    PVKIs are 1 to 6 (ISO/IEC 7813; that another is 0F is inferred).  In restricted mode the other 11 digits must be those
    of *account*, 12 digits, where there is one.  Raises PvkIndexInvalid, FieldsInconsistent, and what PvvRule raises.
    """
    pair = hsm.domain_key(key, KPVV)
    digits, index = security_parameter[:-1], security_parameter[-1]
    if index not in _PVK_INDICES:
        raise PvkIndexInvalid
    if hsm.settings.restrict_pin_block_usage and account and not account.endswith(digits):
        raise FieldsInconsistent
    return PvvRule(pair, digits, index)
