"""PIN blocks from key to key: EE0602."""

from __future__ import annotations

from hsm.appliance import Hsm
from hsm.audit.record import Category
from hsm.crypto.pinblock import PIN_DIGITS_MAX
from hsm.dialects.eracom.codes import eracom
from hsm.dialects.eracom.fields import Anb, PinBlock, PinFormat, Ppk, Request, block_format
from hsm.keys.domaintypes import PPK
from hsm.operations import pins
from hsm.wire.message import Message

CATEGORY = Category.PIN


class TranslatePin(Request):
    source_block: PinBlock
    source_key: Ppk
    source_format: PinFormat
    account: Anb
    destination_format: PinFormat
    destination_key: Ppk


class PinTranslated(Message):
    destination_block: PinBlock


@eracom.command("EE0602")
def translate_pin(ask: TranslatePin, hsm: Hsm) -> PinTranslated:
    """Re-encipher a PIN block from one PPK to another, and from format to format."""
    source, destination = hsm.domain_key(ask.source_key, PPK), hsm.domain_key(ask.destination_key, PPK)
    formats = (block_format(ask.source_format), block_format(ask.destination_format))
    _, block = pins.translate(hsm, source, destination, ask.source_block, formats, ask.account, PIN_DIGITS_MAX)
    return PinTranslated(destination_block=block)
