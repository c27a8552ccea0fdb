"""Visa PVVs made: CU, DG, FW."""

from __future__ import annotations

from typing import Annotated

from hsm.appliance import Hsm
from hsm.audit.record import Category
from hsm.dialects.thales.codes import thales
from hsm.dialects.thales.fields import (
    Account12,
    AnyKey,
    KeyTypeCode,
    LmkPin,
    MaybeExcludedPins,
    PinFormatCode,
    PvkIndex,
    PvkPair,
    Pvv,
    account_by,
)
from hsm.dialects.thales.pinwords import EXCLUDED_PINS, authorise_choice, excluded, pin_key
from hsm.keys.usage import Usage
from hsm.operations import pvv
from hsm.operations.lmkpin import open_pin
from hsm.operations.pins import PresentedPin
from hsm.operations.pvv import PvvRule
from hsm.wire.message import Message
from hsm.wire.shapes import BlockUnder

CATEGORY = Category.PIN


class PvvOfKeptPin(Message):
    pvk: PvkPair
    pin: LmkPin
    account: Account12
    pvk_index: PvkIndex
    excluded_pins: MaybeExcludedPins


class PvvOfChosenPin(Message):
    key_type: KeyTypeCode
    key: AnyKey
    pvk: PvkPair
    block: Annotated[bytes, BlockUnder("key")]
    block_format: PinFormatCode
    account: Annotated[str, account_by("block_format")]
    pvk_index: PvkIndex
    excluded_pins: MaybeExcludedPins


class ChangePinAndPvv(Message):
    key_type: KeyTypeCode
    key: AnyKey
    pvk: PvkPair
    block: Annotated[bytes, BlockUnder("key")]
    block_format: PinFormatCode
    account: Annotated[str, account_by("block_format")]
    pvk_index: PvkIndex
    pvv: Pvv
    new_block: Annotated[bytes, BlockUnder("key")]
    excluded_pins: MaybeExcludedPins


class PvvMade(Message):
    pvv: Pvv


@thales.command("DG", refusals=EXCLUDED_PINS)
def pvv_of_kept_pin(ask: PvvOfKeptPin, hsm: Hsm) -> PvvMade:
    """Make the Visa PVV of a PIN that is under the LMK."""
    rule = PvvRule(hsm.key(ask.pvk, Usage.PVK_VISA), ask.account, ask.pvk_index)
    pin = open_pin(hsm, ask.pin, ask.account, ask.pvk)
    return PvvMade(pvv=pvv.make(hsm, pin, rule, excluded(ask.excluded_pins)))


@thales.command("FW", refusals=EXCLUDED_PINS)
def pvv_of_chosen_pin(ask: PvvOfChosenPin, hsm: Hsm) -> PvvMade:
    """Make the Visa PVV of a PIN that a cardholder chose.

    Key types are those of BK.  The one public list of codes has 10 for the PVK and none for the key of the block; here
    10 is the key of the block and 11 the PVK, as in BK and CU.
    """
    key = pin_key(hsm, ask.key_type, ask.key)
    chosen = PresentedPin(key, ask.block, ask.block_format, ask.account)
    rule = PvvRule(hsm.destination(ask.pvk, Usage.PVK_VISA), chosen.account_12, ask.pvk_index)
    return PvvMade(pvv=pvv.make(hsm, chosen.open(hsm), rule, excluded(ask.excluded_pins)))


@thales.command("CU", refusals=EXCLUDED_PINS)
def change_pin_and_pvv(ask: ChangePinAndPvv, hsm: Hsm) -> PvvMade:
    """Verify a PIN by the Visa PVV method and make the PVV of the new one.

    Key types are those of BK.  Both blocks are of one format under one key.  Restricted PIN block usage needs the
    activity pin.select.
    """
    authorise_choice(hsm)
    key = pin_key(hsm, ask.key_type, ask.key)
    presented = PresentedPin(key, ask.block, ask.block_format, ask.account)
    chosen = PresentedPin(key, ask.new_block, ask.block_format, ask.account)
    rule = PvvRule(hsm.destination(ask.pvk, Usage.PVK_VISA), presented.account_12, ask.pvk_index)
    return PvvMade(pvv=pvv.change(hsm, presented, chosen, rule, ask.pvv, excluded(ask.excluded_pins)))
