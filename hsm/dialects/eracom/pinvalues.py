"""Offsets and PVVs made: EE0604, EE0606, EE0607."""

from __future__ import annotations

from typing import Annotated

from hsm.appliance import Hsm
from hsm.audit.record import Category
from hsm.dialects.eracom.codes import eracom
from hsm.dialects.eracom.fields import (
    Anb,
    Kpvv,
    Offset,
    PinBlock,
    PinFormat,
    PinLength,
    Ppk,
    Pvk,
    Pvv,
    Request,
    Tsp12,
    ValidationData,
    block_format,
)
from hsm.dialects.eracom.pinrules import PVV_PIN_DIGITS, offset_field, offset_rule, pvv_rule
from hsm.keys.domaintypes import PPK
from hsm.operations import offsets, pvv
from hsm.operations.pins import PresentedPin
from hsm.refusal import DigitsInvalid
from hsm.wire.message import Message
from hsm.wire.packed import Packed

CATEGORY = Category.PIN


class MakeOffset(Request):
    block: PinBlock
    key: Ppk
    block_format: PinFormat
    account: Anb
    pvk: Pvk
    validation_data: ValidationData


class OffsetMade(Message):
    offset: Offset
    pin_length: PinLength


class MakePvvOfOffset(Request):
    pvk: Pvk
    validation_data: ValidationData
    offset: Annotated[str, Packed(PVV_PIN_DIGITS, hidden=True, wrong=DigitsInvalid)]
    pvv_key: Kpvv
    security_parameter: Tsp12


class MakePvv(Request):
    block: PinBlock
    key: Ppk
    block_format: PinFormat
    account: Anb
    pvv_key: Kpvv
    security_parameter: Tsp12


class PvvMade(Message):
    pvv: Pvv


@eracom.command("EE0604")
def make_offset(ask: MakeOffset, hsm: Hsm) -> OffsetMade:
    """Make the IBM 3624 offset of a PIN, as long as the PIN, and tell how long that is.

    A PIN that the weak PIN check excludes is 07.  Restricted PIN block usage needs validation data that are the account's
    (else 0C).
    """
    key, pvk = hsm.domain_key(ask.key, PPK), hsm.domain.verification_key(ask.pvk)
    pin = PresentedPin(key, ask.block, block_format(ask.block_format), ask.account).open(hsm)
    rule = offset_rule(hsm, pvk, len(pin), ask.validation_data, ask.account)
    return OffsetMade(offset=offset_field(offsets.make(hsm, pin, rule)), pin_length=len(pin))


@eracom.command("EE0606")
def make_pvv_of_offset(ask: MakePvvOfOffset, hsm: Hsm) -> PvvMade:
    """Make the Visa PVV of the PIN, of 4 digits, that an IBM 3624 offset stands for.

    Restricted PIN block usage needs validation data of the account in the security parameter (else 0C).
    """
    pvk = hsm.domain.verification_key(ask.pvk)
    of_pvv = pvv_rule(hsm, ask.pvv_key, ask.security_parameter)
    of_offset = offset_rule(hsm, pvk, PVV_PIN_DIGITS, ask.validation_data, ask.security_parameter[:-1])
    return PvvMade(pvv=pvv.make(hsm, offsets.derive(hsm, of_offset, ask.offset), of_pvv))


@eracom.command("EE0607")
def make_pvv(ask: MakePvv, hsm: Hsm) -> PvvMade:
    """Make the Visa PVV of a PIN.

    A PIN that the weak PIN check excludes is 07.  The security parameter is that of EE0605.
    """
    key = hsm.domain_key(ask.key, PPK)
    rule = pvv_rule(hsm, ask.pvv_key, ask.security_parameter, ask.account)
    pin = PresentedPin(key, ask.block, block_format(ask.block_format), ask.account).open(hsm)
    return PvvMade(pvv=pvv.make(hsm, pin, rule))
