"""PINs verified by offset and by PVV: EE0603, EE0605, 61."""

from __future__ import annotations

from typing import Annotated

from hsm.appliance import Hsm
from hsm.audit.record import Category
from hsm.dialects.eracom.codes import eracom
from hsm.dialects.eracom.fields import (
    Anb,
    CheckLength,
    Kpvv,
    Offset,
    PinBlock,
    PinFormat,
    Ppk,
    Pvk,
    Pvv,
    Request,
    StoredIndex,
    Tsp12,
    ValidationData,
    block_format,
    specifier,
    stored,
)
from hsm.dialects.eracom.pin import AS_ANSI
from hsm.dialects.eracom.pinrules import offset_digits, offset_rule, pvv_rule
from hsm.keys.domaintypes import PPK
from hsm.operations import offsets, pvv
from hsm.operations.pins import PresentedPin
from hsm.wire.kinds import Binary
from hsm.wire.message import Empty, Message

CATEGORY = Category.PIN
_SINGLE_LENGTH = "\x10"


class VerifyByOffset(Request):
    block: PinBlock
    key: Ppk
    block_format: PinFormat
    account: Anb
    pvk: Pvk
    validation_data: ValidationData
    offset: Offset
    check_length: CheckLength


class VerifyByPvv(Request):
    block: PinBlock
    key: Ppk
    block_format: PinFormat
    account: Anb
    pvv_key: Kpvv
    security_parameter: Tsp12
    pvv: Pvv


class VerifyByStoredKey(Message):
    pvk_index: StoredIndex
    block: PinBlock
    key: Annotated[bytes, Binary(8)]
    validation_data: ValidationData
    account: Anb
    offset: Offset


@eracom.command("EE0603")
def verify_by_offset(ask: VerifyByOffset, hsm: Hsm) -> Empty:
    """Verify a PIN by the IBM 3624 method.

    As many of the first digits are compared as the check length says, 4 to 12; more than the PIN has are 0B.  That these
    are the first and not the last is inferred.  Restricted PIN block usage needs validation data that are the account's
    (else 0C).
    """
    key, pvk = hsm.domain_key(ask.key, PPK), hsm.domain.verification_key(ask.pvk)
    presented = PresentedPin(key, ask.block, block_format(ask.block_format), ask.account)
    rule = offset_rule(hsm, pvk, ask.check_length, ask.validation_data, ask.account)
    offsets.verify(hsm, presented, rule, offset_digits(ask.offset, ask.check_length))
    return Empty()


@eracom.command("EE0605")
def verify_by_pvv(ask: VerifyByPvv, hsm: Hsm) -> Empty:
    """Verify a PIN by the Visa PVV method.

    The security parameter is 11 digits of the account and the PVKI, 1 to 6 (else 0F).  Restricted PIN block usage needs the
    same account in both fields (else 0C).
    """
    key = hsm.domain_key(ask.key, PPK)
    rule = pvv_rule(hsm, ask.pvv_key, ask.security_parameter, ask.account)
    pvv.verify(hsm, PresentedPin(key, ask.block, block_format(ask.block_format), ask.account), rule, ask.pvv)
    return Empty()


@eracom.command("61")
def verify_by_stored_key(ask: VerifyByStoredKey, hsm: Hsm) -> Empty:
    """Verify a PIN by the IBM 3624 method, with a stored PVK and a PPK of single length under the KM.

    The block is AS/ANSI, and the whole PIN is compared (both inferred: there is no field for either).
    """
    pvk = hsm.domain.verification_key(stored(ask.pvk_index))
    key = hsm.domain_key(specifier(_SINGLE_LENGTH + ask.key.decode("latin-1")), PPK)
    presented = PresentedPin(key, ask.block, AS_ANSI, ask.account)
    rule = offset_rule(hsm, pvk, offsets.CHECK_DIGITS_MIN, ask.validation_data, ask.account)
    offsets.verify_whole(hsm, presented, rule, ask.offset)
    return Empty()
