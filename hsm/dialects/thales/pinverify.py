"""PIN verification by IBM offset and by PVV: DA, DC, EA, EC."""

from __future__ import annotations

from typing import Annotated

from hsm.appliance import Hsm
from hsm.audit.record import Category
from hsm.dialects.thales.codes import thales
from hsm.dialects.thales.fields import (
    CheckLength,
    DecimalisationTable,
    Offset,
    PinFormatCode,
    PinLengthMax,
    Pvk,
    PvkIndex,
    PvkPair,
    Pvv,
    Tpk,
    ValidationData,
    Zpk,
    account_by,
)
from hsm.dialects.thales.pinwords import advised, offset_rule
from hsm.keys.secret import ClearKey
from hsm.keys.usage import Usage
from hsm.operations import offsets, pvv
from hsm.operations.pins import PresentedPin
from hsm.operations.pvv import PvvRule
from hsm.refusal import AccountInvalid, Advised
from hsm.wire.kinds import Account
from hsm.wire.message import Empty, Message
from hsm.wire.shapes import BlockUnder, Maybe

CATEGORY = Category.PIN


class VerifyTerminalPinByOffset(Message):
    key: Tpk
    pvk: Pvk
    pin_length_max: PinLengthMax
    block: Annotated[bytes, BlockUnder("key")]
    block_format: PinFormatCode
    check_length: CheckLength
    account: Annotated[str, account_by("block_format")]
    decimalisation_table: DecimalisationTable
    validation_data: ValidationData
    offset: Offset


class VerifyZonePinByOffset(VerifyTerminalPinByOffset):
    """The same fields; the PIN is under a zone's key."""

    key: Zpk


class VerifyTerminalPinByPvv(Message):
    key: Tpk
    pvk: PvkPair
    block: Annotated[bytes, BlockUnder("key")]
    block_format: PinFormatCode
    account: Annotated[str, account_by("block_format")]
    pvk_index: PvkIndex
    pvv: Pvv


class VerifyZonePinByPvv(Message):
    key: Zpk
    pvk: PvkPair
    block: Annotated[bytes, BlockUnder("key")]
    block_format: PinFormatCode
    account: Annotated[str, account_by("block_format")]
    verification_account: Annotated[str | None, Maybe(";", Account(12, wrong=AccountInvalid))]
    pvk_index: PvkIndex
    pvv: Pvv


def _by_offset(ask: VerifyTerminalPinByOffset, hsm: Hsm, key: ClearKey) -> Empty | Advised[Empty]:
    pvk = hsm.destination(ask.pvk, Usage.PVK_IBM)
    presented = PresentedPin(key, ask.block, ask.block_format, ask.account)
    rule = offset_rule(
        hsm, pvk, ask.check_length, presented.account_12, ask.decimalisation_table, ask.validation_data, ask.pvk
    )
    offsets.verify(hsm, presented, rule, ask.offset, ask.pin_length_max)
    return advised(pvk, Empty())


@thales.command("DA")
def verify_terminal_pin_by_offset(ask: VerifyTerminalPinByOffset, hsm: Hsm) -> Empty | Advised[Empty]:
    """Verify a PIN under a terminal PIN key by the IBM 3624 method.

    With a PVK of double or triple length success is 02: the method is defined for a single-length key.
    """
    return _by_offset(ask, hsm, hsm.key(ask.key, Usage.TPK))


@thales.command("EA")
def verify_zone_pin_by_offset(ask: VerifyZonePinByOffset, hsm: Hsm) -> Empty | Advised[Empty]:
    """Verify a PIN under a zone PIN key by the IBM 3624 method.

    With a PVK of double or triple length success is 02: the method is defined for a single-length key.
    """
    return _by_offset(ask, hsm, hsm.key(ask.key, Usage.ZPK))


@thales.command("DC")
def verify_terminal_pin_by_pvv(ask: VerifyTerminalPinByPvv, hsm: Hsm) -> Empty:
    """Verify a PIN under a terminal PIN key by the Visa PVV method."""
    presented = PresentedPin(hsm.key(ask.key, Usage.TPK), ask.block, ask.block_format, ask.account)
    rule = PvvRule(hsm.destination(ask.pvk, Usage.PVK_VISA), presented.account_12, ask.pvk_index)
    pvv.verify(hsm, presented, rule, ask.pvv)
    return Empty()


@thales.command("EC")
def verify_zone_pin_by_pvv(ask: VerifyZonePinByPvv, hsm: Hsm) -> Empty:
    """Verify a PIN under a zone PIN key by the Visa PVV method.

    A payShield 9000 host may give the account of the PVV apart from that of the PIN block, after ``;``.
    """
    presented = PresentedPin(hsm.key(ask.key, Usage.ZPK), ask.block, ask.block_format, ask.account)
    account = ask.verification_account or presented.account_12
    pvv.verify(hsm, presented, PvvRule(hsm.destination(ask.pvk, Usage.PVK_VISA), account, ask.pvk_index), ask.pvv)
    return Empty()
