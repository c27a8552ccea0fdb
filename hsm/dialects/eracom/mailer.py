"""PINs printed for cardholders: EE0E05, EE0E06, E2.

The pages go to the virtual printer, where officers release them at the console.  All need the setting pin-mailing, else
they are 02; a printer that takes no page is 90.  Texts are ASCII; what can't be printed is left out, for which control
codes a device obeys is not public.
"""

from __future__ import annotations

from typing import Annotated

from hsm.appliance import Hsm
from hsm.audit.record import Category
from hsm.dialects.eracom.codes import eracom
from hsm.dialects.eracom.fields import (
    PIN_KEYS,
    Anb,
    Offset,
    PinBlock,
    PinFormat,
    PinKey,
    PinLength,
    Pvk,
    Request,
    StoredIndex,
    ValidationData,
    block_format,
    pin_digits,
    stored,
)
from hsm.dialects.eracom.pinrules import offset_field, offset_rule
from hsm.keys.domaintypes import PTK
from hsm.operations import mailers
from hsm.operations.pins import PresentedPin
from hsm.refusal import DigitsInvalid, FunctionModifierInvalid
from hsm.storage.printer import PLACES, Words
from hsm.wire.message import Empty, Message
from hsm.wire.packed import Packed, PackedChoice, Whole
from hsm.wire.shapes import Group, Repeated, ToEnd, Variable

CATEGORY = Category.PIN
TEXTS_MAX = 64

Place = Annotated[int, Whole(1, 0, PLACES - 1)]
"""A line or a column, from 0."""
PinType = Annotated[str, PackedChoice(("01",), wrong=DigitsInvalid)]
"""01; others are not public."""
Pan = Annotated[str, Packed(16, "H", hidden=True)]
"""16 digits, F for what is short."""


class Placed(Message):
    """A text and where it stands."""

    line: Place
    column: Place
    text: Annotated[bytes, Variable(127, hidden=True)]


TextCount = Annotated[int, Whole(1, 0, TEXTS_MAX, wrong=DigitsInvalid)]
Texts = Annotated[tuple[Placed, ...], Repeated("count", Group(Placed))]


class PrintPin(Request):
    block: PinBlock
    key: PinKey
    block_format: PinFormat
    account: Anb
    pan: Pan
    count: TextCount
    texts: Texts


class PrintNewPin(Message):
    modifier: Annotated[str, PackedChoice(("00", "01"), wrong=FunctionModifierInvalid)]
    pvk: Pvk
    validation_data: ValidationData
    pin_length: PinLength
    pin_type: PinType
    pin_line: Place
    pin_column: Place
    pan_line: Place
    pan_column: Place
    count: TextCount
    texts: Texts


class PrintNewPinOfStoredKey(Message):
    pvk_index: StoredIndex
    validation_data: ValidationData
    pin_length: PinLength
    pin_type: PinType
    texts: Annotated[tuple[Placed, ...], ToEnd(Group(Placed), TEXTS_MAX)]


class PinPrinted(Message):
    offset: Offset


def _words(texts: tuple[Placed, ...]) -> tuple[Words, ...]:
    return tuple(Words(each.line, each.column, each.text.decode("latin-1")) for each in texts)


@eracom.command("EE0E05", changes_state=True)
def print_pin(ask: PrintPin, hsm: Hsm) -> Empty:
    """Print the PIN in a block, under a PPK or, where format 08 says so (inferred), under a PTK.

    The host gives no place for PIN and PAN: they stand below its texts (inferred).
    """
    key, row = hsm.domain.key_and_type(ask.key, PIN_KEYS)
    presented = PresentedPin(key, ask.block, block_format(ask.block_format), ask.account, for_card=row is PTK)
    pin = presented.open(hsm)
    mailers.mail(hsm, mailers.below(_words(ask.texts), f"PAN {ask.pan.rstrip('F')}", f"PIN {pin}"))
    return Empty()


@eracom.command("EE0E06", changes_state=True)
def print_new_pin(ask: PrintNewPin, hsm: Hsm) -> PinPrinted:
    """Make a random PIN, print it, and give its IBM 3624 offset, as long as the PIN.

    A public client sends the modifier 01, which is taken for 00.  PIN and PAN (the validation data without fill) stand
    where the host says; the PAN is left out for line 00 and column 00 (inferred).
    """
    pvk = hsm.domain.verification_key(ask.pvk)
    rule = offset_rule(hsm, pvk, pin_digits(ask.pin_length), ask.validation_data)
    pin, offset = mailers.new_pin(hsm, rule)
    words = [*_words(ask.texts), Words(ask.pin_line, ask.pin_column, pin)]
    if ask.pan_line or ask.pan_column:
        words.append(Words(ask.pan_line, ask.pan_column, ask.validation_data.rstrip("F")))
    mailers.mail(hsm, words)
    return PinPrinted(offset=offset_field(offset))


@eracom.command("E2", changes_state=True)
def print_new_pin_of_stored_key(ask: PrintNewPinOfStoredKey, hsm: Hsm) -> PinPrinted:
    """Make a random PIN, print it, and give its IBM 3624 offset under a stored PVK.

    One public client sends nothing behind the PIN type; texts there, each with its line and column as in EE0E05, are
    inferred, as is that PIN and PAN stand below them.
    """
    pvk = hsm.domain.verification_key(stored(ask.pvk_index))
    rule = offset_rule(hsm, pvk, pin_digits(ask.pin_length), ask.validation_data)
    pin, offset = mailers.new_pin(hsm, rule)
    mailers.mail(hsm, mailers.below(_words(ask.texts), f"PAN {ask.validation_data.rstrip('F')}", f"PIN {pin}"))
    return PinPrinted(offset=offset_field(offset))
