"""What the PIN commands' words mean to the operations: key type codes, excluded PINs, the advice on long PVKs."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeVar

from hsm.appliance import Hsm
from hsm.dialects.thales.fields import ExcludedPins as ExcludedPinsField
from hsm.keys.secret import ClearKey
from hsm.keys.usage import Usage
from hsm.operations.weakpins import ExcludedPins
from hsm.refusal import (
    Advised,
    ExcludedPinsInvalid,
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
