"""PIN blocks made and re-enciphered: EE0600, EE0602, EE0E04."""

from __future__ import annotations

from typing import Annotated

from hsm.appliance import Hsm
from hsm.audit.record import Category
from hsm.crypto.pinblock import PIN_DIGITS_MAX
from hsm.dialects.eracom.codes import eracom
from hsm.dialects.eracom.fields import (
    PIN_KEYS,
    Anb,
    PinBlock,
    PinFormat,
    PinKey,
    PinLength,
    Ppk,
    Request,
    block_format,
    pin_digits,
)
from hsm.keys.domaintypes import PPK, PTK
from hsm.operations import issuing, pins
from hsm.refusal import DigitsInvalid
from hsm.wire.message import Message
from hsm.wire.shapes import MaybeCounted

CATEGORY = Category.PIN
AS_ANSI = "01"
_ANB_BYTES = 6


class EncryptClearPin(Request):
    pin_length: PinLength
    pin: Annotated[bytes, MaybeCounted("pin_length", _ANB_BYTES, hidden=True)]
    account: Anb
    key: Ppk


class TranslatePin(Request):
    source_block: PinBlock
    source_key: Ppk
    source_format: PinFormat
    account: Anb
    destination_format: PinFormat
    destination_key: PinKey


class GeneratePin(Request):
    pin_length: PinLength
    block_format: PinFormat
    account: Anb
    key: Ppk


class PinEnciphered(Message):
    block: PinBlock


class PinTranslated(Message):
    destination_block: PinBlock


def _clear_pin(packed: bytes, length: int) -> str:
    """The PIN in *packed*, which a count may lead: *length* digits, and F behind or 0 before them where that is odd."""
    text = packed.hex().upper()[-2 * ((length + 1) // 2) :]
    if length % 2:
        text = text[:-1] if text[-1] == "F" else text.removeprefix("0")
    if len(text) != length or not text.isdecimal():
        raise DigitsInvalid
    return text


@eracom.command("EE0600")
def encrypt_clear_pin(ask: EncryptClearPin, hsm: Hsm) -> PinEnciphered:
    """Encipher a clear PIN, in an AS/ANSI block (format 01).

    The PIN is packed; behind an odd number of digits stands F (a public client writes 0 before them, which is taken too).
    Its bytes are led by their count; a public client leaves that out, which is taken where the length of the message fits
    nothing else.  A PIN length of 0 is F0, one below 4 is 07 (both inferred).
    """
    key = hsm.domain_key(ask.key, PPK)
    length = pin_digits(ask.pin_length)
    pin = _clear_pin(ask.pin, length)
    return PinEnciphered(block=pins.write_pin(hsm, key, pin, hsm.formats.leaving(AS_ANSI), ask.account))


@eracom.command("EE0602")
def translate_pin(ask: TranslatePin, hsm: Hsm) -> PinTranslated:
    """Re-encipher a PIN block from one PPK to another, or to a PTK, and from format to format.

    That format 08 may say that the destination is a PTK, from which PINs only go on to cards and mailers, is inferred.
    There format 12, the block that a card holds, may also be used with restricted PIN block usage.
    """
    source = hsm.domain_key(ask.source_key, PPK)
    destination, row = hsm.domain.key_and_type(ask.destination_key, PIN_KEYS)
    formats = (block_format(ask.source_format), block_format(ask.destination_format))
    _, block = pins.translate(
        hsm, source, destination, ask.source_block, formats, ask.account, PIN_DIGITS_MAX, to_card=row is PTK
    )
    return PinTranslated(destination_block=block)


@eracom.command("EE0E04")
def generate_pin(ask: GeneratePin, hsm: Hsm) -> PinEnciphered:
    """Make a random PIN in a block under a PPK.

    With the weak PIN check on, no excluded PIN is made.  A PIN length of 0 is F0, one below 4 is 07 (both inferred).
    """
    key = hsm.domain_key(ask.key, PPK)
    length = pin_digits(ask.pin_length)
    fmt = hsm.formats.leaving(block_format(ask.block_format))
    return PinEnciphered(block=pins.write_pin(hsm, key, issuing.random_pin(hsm, length), fmt, ask.account))
