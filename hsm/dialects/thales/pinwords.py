"""What the PIN commands' words mean to the operations: key type codes, excluded PINs, the advice on long PVKs."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import TypeVar

from hsm.appliance import Hsm
from hsm.dialects.thales.fields import ExcludedPins as ExcludedPinsField
from hsm.keys.secret import ClearKey
from hsm.keys.usage import Usage
from hsm.operations.decimalisation import open_table
from hsm.operations.offsets import OffsetRule
from hsm.operations.weakpins import ExcludedPins
from hsm.refusal import (
    Advised,
    ExcludedPinsInvalid,
    InputInvalid,
    KeyBlockUsageInvalid,
    KeyLengthUnsuitable,
    KeyTypeCodeInvalid,
    KeyTypeInvalid,
    Refusal,
)
from hsm.wire.message import Message

A = TypeVar("A", bound=Message)

EXCLUDED_PINS: Mapping[type[Refusal], str] = MappingProxyType({ExcludedPinsInvalid: "03"})
"""The code of the commands that take a table of excluded PINs."""
_PIN_KEY_USAGES = ("P0", "71", "72")
_ACCOUNT_DIGITS_IN_DATA = 5
_VALIDATION_DIGITS = 11


def offset_rule(
    hsm: Hsm, pvk: ClearKey, check_digits: int, account: str, table: str, validation_data: str, beside: str
) -> OffsetRule:
    """How natural PINs of *account* (12 digits) are made.

    *table* is as the host gives it, under the LMK of the key *beside* it or in the clear; *validation_data* is 11
    hexadecimal digits and an ``N``, which stands for the last 5 digits of the account.  Raises InputInvalid.
    """
    own, *rest = validation_data.split("N")
    if len(rest) != 1:
        raise InputInvalid
    of_account = own + rest[0] in (account[:_VALIDATION_DIGITS], account[-_VALIDATION_DIGITS:])
    expanded = account[-_ACCOUNT_DIGITS_IN_DATA:].join((own, rest[0]))
    return OffsetRule(pvk, check_digits, expanded, of_account, partial(open_table, hsm, table, beside))


def pin_key(hsm: Hsm, code: str, token: str) -> ClearKey:
    """The key of a PIN block whose type the message gives: 001 a ZPK, 002 a TPK or, separated, 70D; FFF by its block.

    Raises KeyTypeCodeInvalid for any other code, so that no other key of the box reads PIN blocks.
    """
    if code == "FFF":
        key = hsm.typed(token, None)
        if key.attributes is None:
            raise KeyTypeInvalid
        if key.attributes.usage not in _PIN_KEY_USAGES:
            raise KeyBlockUsageInvalid
        return key
    terminal = "70D" if hsm.settings.enforce_key_type_002_separation else "002"
    usage = {"001": Usage.ZPK, terminal: Usage.TPK}.get(code)
    if usage is None:
        raise KeyTypeCodeInvalid
    return hsm.key(token, usage)


def excluded(table: ExcludedPinsField | None) -> ExcludedPins | None:
    """The request's own table of excluded PINs.  Raises ExcludedPinsInvalid when it is not as long as it says."""
    if table is None:
        return None
    digits, text = table.excluded_digits, table.excluded_pins
    if len(text) != digits * table.excluded_count:
        raise ExcludedPinsInvalid
    return ExcludedPins(digits, frozenset(text[at : at + digits] for at in range(0, len(text), digits)))


def authorise_choice(hsm: Hsm) -> None:
    """Nothing, if hosts may make reference values of PINs that a cardholder chose.

    With a known PIN an offset tells the natural PIN of any account, so restricted mode asks for the activity
    ``pin.select`` (attack catalogue A08).  Raises NotAuthorised.
    """
    if hsm.settings.restrict_pin_block_usage:
        hsm.authorise("pin.select")


def advised(pvk: ClearKey, answer: A) -> A | Advised[A]:
    """*answer*, with the advice that the IBM method is defined for a single-length PVK if *pvk* is longer."""
    return answer if pvk.key_bytes == 8 else Advised(KeyLengthUnsuitable, answer)
