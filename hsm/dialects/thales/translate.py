"""PIN blocks from key to key: CA, CC."""

from __future__ import annotations

from typing import Annotated

from hsm.appliance import Hsm
from hsm.audit.record import Category
from hsm.dialects.thales.codes import thales
from hsm.dialects.thales.fields import PinBlock, PinFormatCode, PinLength, PinLengthMax, Tpk, Zpk, account_by
from hsm.keys.usage import Usage
from hsm.operations import pins
from hsm.wire.message import Message
from hsm.wire.shapes import BlockUnder

CATEGORY = Category.PIN


class TranslatePinFromTerminal(Message):
    source_key: Tpk
    destination_key: Zpk
    pin_length_max: PinLengthMax
    source_block: Annotated[bytes, BlockUnder("source_key")]
    source_format: PinFormatCode
    destination_format: PinFormatCode
    account: Annotated[str, account_by("source_format", "destination_format")]


class TranslatePinBetweenZones(TranslatePinFromTerminal):
    """The same fields; the source key is a zone's."""

    source_key: Zpk


class PinTranslated(Message):
    pin_length: PinLength
    destination_block: PinBlock
    destination_format: PinFormatCode


@thales.command("CA")
def translate_pin_from_terminal(ask: TranslatePinFromTerminal, hsm: Hsm) -> PinTranslated:
    """Re-encipher a PIN block from a terminal PIN key to a zone PIN key."""
    source, destination = hsm.key(ask.source_key, Usage.TPK), hsm.destination(ask.destination_key, Usage.ZPK)
    formats = (ask.source_format, ask.destination_format)
    length, block = pins.translate(hsm, source, destination, ask.source_block, formats, ask.account, ask.pin_length_max)
    return PinTranslated(pin_length=length, destination_block=block, destination_format=ask.destination_format)


@thales.command("CC")
def translate_pin_between_zones(ask: TranslatePinBetweenZones, hsm: Hsm) -> PinTranslated:
    """Re-encipher a PIN block from one zone PIN key to another."""
    source, destination = hsm.key(ask.source_key, Usage.ZPK), hsm.destination(ask.destination_key, Usage.ZPK)
    formats = (ask.source_format, ask.destination_format)
    length, block = pins.translate(hsm, source, destination, ask.source_block, formats, ask.account, ask.pin_length_max)
    return PinTranslated(pin_length=length, destination_block=block, destination_format=ask.destination_format)
