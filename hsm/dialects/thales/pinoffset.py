"""IBM offsets made, and PINs derived from them: BK, DE, DU, EE."""

from __future__ import annotations

from typing import Annotated

from hsm.appliance import Hsm
from hsm.audit.record import Category
from hsm.dialects.thales.codes import thales
from hsm.dialects.thales.fields import (
    Account12,
    AnyKey,
    CheckLength,
    DecimalisationTable,
    KeyTypeCode,
    LmkPin,
    MaybeExcludedPins,
    Offset,
    PinFormatCode,
    Pvk,
    ValidationData,
    account_by,
)
from hsm.dialects.thales.pinwords import EXCLUDED_PINS, advised, authorise_choice, excluded, offset_rule, pin_key
from hsm.keys.usage import Usage
from hsm.operations import offsets
from hsm.operations.lmkpin import open_pin, pin_digits_max, seal_pin
from hsm.operations.pins import PresentedPin
from hsm.refusal import Advised
from hsm.wire.message import Message
from hsm.wire.shapes import BlockUnder

CATEGORY = Category.PIN


class OffsetOfKeptPin(Message):
    pvk: Pvk
    pin: LmkPin
    check_length: CheckLength
    account: Account12
    decimalisation_table: DecimalisationTable
    validation_data: ValidationData
    excluded_pins: MaybeExcludedPins


class DerivePin(Message):
    pvk: Pvk
    offset: Offset
    check_length: CheckLength
    account: Account12
    decimalisation_table: DecimalisationTable
    validation_data: ValidationData
    excluded_pins: MaybeExcludedPins


class OffsetOfChosenPin(Message):
    key_type: KeyTypeCode
    key: AnyKey
    pvk: Pvk
    block: Annotated[bytes, BlockUnder("key")]
    block_format: PinFormatCode
    check_length: CheckLength
    account: Annotated[str, account_by("block_format")]
    decimalisation_table: DecimalisationTable
    validation_data: ValidationData
    excluded_pins: MaybeExcludedPins


class ChangePinAndOffset(Message):
    key_type: KeyTypeCode
    key: AnyKey
    pvk: Pvk
    block: Annotated[bytes, BlockUnder("key")]
    block_format: PinFormatCode
    check_length: CheckLength
    account: Annotated[str, account_by("block_format")]
    decimalisation_table: DecimalisationTable
    validation_data: ValidationData
    offset: Offset
    new_block: Annotated[bytes, BlockUnder("key")]
    excluded_pins: MaybeExcludedPins


class OffsetMade(Message):
    offset: Offset


class PinDerived(Message):
    pin: LmkPin


@thales.command("DE", refusals=EXCLUDED_PINS)
def offset_of_kept_pin(ask: OffsetOfKeptPin, hsm: Hsm) -> OffsetMade | Advised[OffsetMade]:
    """Make the IBM offset of a PIN that is under the LMK.

    With variable length offsets on, the offset is as long as the PIN, else as the check length.  02 goes with the answer
    when the PVK is of double or triple length.  Restricted PIN block usage needs the activity pin.select.
    """
    authorise_choice(hsm)
    pvk = hsm.key(ask.pvk, Usage.PVK_IBM)
    rule = offset_rule(hsm, pvk, ask.check_length, ask.account, ask.decimalisation_table, ask.validation_data, ask.pvk)
    pin = open_pin(hsm, ask.pin, ask.account, ask.pvk)
    return advised(pvk, OffsetMade(offset=offsets.make(hsm, pin, rule, excluded(ask.excluded_pins))))


@thales.command("EE", refusals=EXCLUDED_PINS)
def derive_pin(ask: DerivePin, hsm: Hsm) -> PinDerived | Advised[PinDerived]:
    """Derive a PIN by the IBM 3624 method and put it under the LMK.

    The offset is zeros when there is none (``0000FFFFFFFF`` for a PIN of 4 digits).  02 goes with the answer when the PVK
    is of double or triple length.
    """
    pvk = hsm.key(ask.pvk, Usage.PVK_IBM)
    rule = offset_rule(hsm, pvk, ask.check_length, ask.account, ask.decimalisation_table, ask.validation_data, ask.pvk)
    pin = offsets.derive(hsm, rule, ask.offset, pin_digits_max(hsm, ask.pvk), excluded(ask.excluded_pins))
    return advised(pvk, PinDerived(pin=seal_pin(hsm, pin, ask.account, ask.pvk)))


@thales.command("BK", refusals=EXCLUDED_PINS)
def offset_of_chosen_pin(ask: OffsetOfChosenPin, hsm: Hsm) -> OffsetMade | Advised[OffsetMade]:
    """Make the IBM offset of a PIN that a cardholder chose.

    Key type 001 is a ZPK, 002 (or 70D, when separated) a TPK, FFF what the key block says.  The table of excluded PINs
    after ``*`` (count 2N, length 2N, PINs) is known from its error codes alone; its layout is inferred.  02 goes with
    the answer when the PVK is of double or triple length.  Restricted PIN block usage needs the activity pin.select.
    """
    authorise_choice(hsm)
    key, pvk = pin_key(hsm, ask.key_type, ask.key), hsm.destination(ask.pvk, Usage.PVK_IBM)
    chosen = PresentedPin(key, ask.block, ask.block_format, ask.account)
    rule = offset_rule(
        hsm, pvk, ask.check_length, chosen.account_12, ask.decimalisation_table, ask.validation_data, ask.pvk
    )
    return advised(pvk, OffsetMade(offset=offsets.make_chosen(hsm, chosen, rule, excluded(ask.excluded_pins))))


@thales.command("DU", refusals=EXCLUDED_PINS)
def change_pin_and_offset(ask: ChangePinAndOffset, hsm: Hsm) -> OffsetMade | Advised[OffsetMade]:
    """Verify a PIN by the IBM 3624 method and make the offset of the new one.

    Key types and codes are those of BK.  Both blocks are of one format under one key.
    """
    authorise_choice(hsm)
    key, pvk = pin_key(hsm, ask.key_type, ask.key), hsm.destination(ask.pvk, Usage.PVK_IBM)
    presented = PresentedPin(key, ask.block, ask.block_format, ask.account)
    chosen = PresentedPin(key, ask.new_block, ask.block_format, ask.account)
    rule = offset_rule(
        hsm, pvk, ask.check_length, chosen.account_12, ask.decimalisation_table, ask.validation_data, ask.pvk
    )
    table = excluded(ask.excluded_pins)
    return advised(pvk, OffsetMade(offset=offsets.change(hsm, presented, chosen, rule, ask.offset, table)))
