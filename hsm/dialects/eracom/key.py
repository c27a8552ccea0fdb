"""Keys in, out, looked at and made: EE0200, EE0201, EE0202, EE0408, EE0619."""

from __future__ import annotations

from typing import Annotated

from hsm.appliance import Hsm
from hsm.audit.record import Category
from hsm.dialects.eracom.codes import eracom
from hsm.dialects.eracom.fields import (
    CBC,
    AnyKey,
    CheckValue,
    KeyTypeByte,
    Kir,
    Kis,
    Mode,
    Request,
    UnderTransport,
    specifier,
)
from hsm.keys.domaintypes import BDK, KI, KIR, KIS, domain_key_type
from hsm.operations import domainkeys
from hsm.refusal import DigitsInvalid, InputInvalid
from hsm.wire.message import Message
from hsm.wire.packed import Packed, PackedChoice
from hsm.wire.shapes import Variable

CATEGORY = Category.KEY


class ImportKey(Request):
    transport_key: Kir
    key_type: KeyTypeByte
    mode: Mode
    cryptogram: UnderTransport


class KeyImported(Message):
    key: AnyKey
    check_value: CheckValue


@eracom.command("EE0200")
def import_key(ask: ImportKey, hsm: Hsm) -> KeyImported:
    """Import a key that lies under a KIR.

    The key gets odd parity and comes back under the KM, in format 10, 11 or 12 by its length.  A key of type 07 brings
    its decimalisation table behind it.  A KIR of formats 10 to 14 enciphers keys as it is; a KI, which format 08 allows
    here, as changed by the variant of the key's type (for KIR inferred, for KI in device traces of the export).
    """
    transport = hsm.domain.transport_key(ask.transport_key, (KIR, KI))
    row = domain_key_type(ask.key_type)
    kept = domainkeys.import_key(hsm, transport, ask.cryptogram, row, cbc=ask.mode == CBC)
    return KeyImported(key=specifier(kept.specifier), check_value=kept.check_value)


class ExportKey(Request):
    transport_key: Kis
    key_type: KeyTypeByte
    mode: Mode
    key: AnyKey


class KeyExported(Message):
    cryptogram: UnderTransport
    check_value: CheckValue


@eracom.command("EE0201")
def export_key(ask: ExportKey, hsm: Hsm) -> KeyExported:
    """Export a key under a KIS, or, where format 08 says so, under a KI.

    What holds of transport keys for EE0200 holds here.
    """
    transport = hsm.domain.transport_key(ask.transport_key, (KIS, KI))
    row = domain_key_type(ask.key_type)
    held = hsm.domain.held(ask.key, row)
    cryptogram, check_value = domainkeys.export_key(hsm, transport, held, row, cbc=ask.mode == CBC)
    return KeyExported(cryptogram=cryptogram, check_value=check_value)


class AskDetails(Request):
    key: AnyKey
    key_type: KeyTypeByte
    check_value_type: Annotated[str, PackedChoice(("00", "01"), wrong=DigitsInvalid)]


class Details(Message):
    parity: Annotated[str, PackedChoice(("00", "01"))]
    check_value: Annotated[bytes, Variable(8)]


@eracom.command("EE0202")
def key_details(ask: AskDetails, hsm: Hsm) -> Details:
    """Tell the parity and the check value of a key.

    Parity 01 means that every byte is odd; that it is this way round is inferred.  Check values of type 01, by MDC-2, are
    refused (04): how they are formed is not public.
    """
    held = hsm.domain.held(ask.key, domain_key_type(ask.key_type))
    if ask.check_value_type != "00":
        raise InputInvalid
    found = domainkeys.details(held)
    return Details(parity="01" if found.odd_parity else "00", check_value=found.check_value)


class GenerateKey(Request):
    key_format: Annotated[str, Packed(2, "H")]
    detail: Annotated[bytes, Variable(64)]


class KeyGenerated(Message):
    key: AnyKey


@eracom.command("EE0619")
def generate_key(ask: GenerateKey, hsm: Hsm) -> KeyGenerated:
    """Make a random key under the KM, in the key specifier format asked for: 10 to 14, or 17.

    The detail is one byte, the key type.  Formats 10, 11 or 13, and 12 or 14 make keys of single, double and triple
    length; 17 of double length (inferred).  A key of type 07 is refused (19), because it would have no table.  The reply
    has no check value.
    """
    if len(ask.detail) != 1:
        raise InputInvalid
    made = domainkeys.new_key(hsm, domain_key_type(ask.detail.hex()), int(ask.key_format, 16))
    return KeyGenerated(key=specifier(made))


class GenerateBdk(Request):
    key_length: Annotated[str, PackedChoice(("10", "16"), wrong=DigitsInvalid)]


@eracom.command("EE0408")
def generate_bdk(ask: GenerateBdk, hsm: Hsm) -> KeyGenerated:
    """Make a random base derivation key under the KM, in format 11.

    One client's request is public.  Its length is inferred to be in bytes, 16, binary or packed; a BDK has no other.  The
    answer is inferred to be the specifier alone, as that of EE0619.
    """
    return KeyGenerated(key=specifier(domainkeys.new_key(hsm, BDK, 0x11)))
