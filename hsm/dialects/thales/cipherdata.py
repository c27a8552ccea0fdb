"""Data blocks enciphered, deciphered and translated: M0, M2, M4."""

from __future__ import annotations

from types import MappingProxyType
from typing import Annotated

from hsm.appliance import Hsm
from hsm.audit.record import Category
from hsm.crypto.dukpt import Variant
from hsm.dialects.thales.codes import thales
from hsm.dialects.thales.dataformats import BINARY, HEXADECIMAL, TEXT, from_wire, to_wire
from hsm.dialects.thales.fields import KeyTypeCode
from hsm.keys.dukpt import transaction_key
from hsm.keys.secret import ClearKey
from hsm.keys.usage import KEY_TYPES, Usage
from hsm.operations import encipher
from hsm.operations.encipher import CipherMode
from hsm.refusal import (
    DataFormatInvalid,
    DataLengthInvalid,
    DestinationKeyParity,
    DestinationKeyTypeCodeInvalid,
    DestinationModeInvalid,
    InputFormatInvalid,
    InputInvalid,
    KeyBlockUsageInvalid,
    KeyTypeCodeInvalid,
    ModeInvalid,
    OutputFormatInvalid,
    Refusal,
    SourceKeyParity,
)
from hsm.wire.kinds import Choice, Hex, Text
from hsm.wire.message import Message
from hsm.wire.shapes import Ahead, BlockUnder, Key, Prefixed, When

CATEGORY = Category.CIPHER

_MODES = MappingProxyType({"00": CipherMode.ECB, "01": CipherMode.CBC, "02": CipherMode.CFB8, "03": CipherMode.CFB64})
_CHAINED = ("01", "02", "03")
_FROM_BLOCK = "FFF"
_DATA_KEY_TYPES = ("00A", "00B", "30B")
_DATA_USAGES = frozenset().union(*(usage.key_type().block_usages for usage in (Usage.ZEK, Usage.DEK, Usage.TEK)))
_BASE_KEY_TYPE = "009"
_BASE = (_BASE_KEY_TYPE,)
_KSN_LENGTHS_SUM = 15
_CODES = MappingProxyType(
    {
        ModeInvalid: "02",
        InputFormatInvalid: "03",
        OutputFormatInvalid: "04",
        KeyTypeCodeInvalid: "05",
        DataLengthInvalid: "06",
        DestinationModeInvalid: "07",
        DestinationKeyTypeCodeInvalid: "08",
    }
)

DataKey = Annotated[str, Key("ZEK, DEK or TEK, or BDK with a key serial number")]
KsnDescriptor = Text("H", 3, 3)
DataBytes = Annotated[bytes, Prefixed(4, 16, binary=("input_format", (BINARY,)), hidden=True)]


class EncipherBlock(Message):
    mode: Annotated[str, Choice(tuple(_MODES), wrong=ModeInvalid)]
    input_format: Annotated[str, Choice((BINARY, HEXADECIMAL, TEXT), wrong=InputFormatInvalid)]
    output_format: Annotated[str, Choice((BINARY, HEXADECIMAL), wrong=OutputFormatInvalid)]
    key_type: KeyTypeCode
    key: DataKey
    ksn_descriptor: Annotated[str | None, When("key_type", _BASE, KsnDescriptor)]
    ksn: Annotated[bytes | None, When("key_type", _BASE, Hex(10))]
    iv: Annotated[bytes | None, When("mode", _CHAINED, BlockUnder("key"))]
    data: DataBytes


class DecipherBlock(Message):
    mode: Annotated[str, Choice(tuple(_MODES), wrong=ModeInvalid)]
    input_format: Annotated[str, Choice((BINARY, HEXADECIMAL), wrong=InputFormatInvalid)]
    output_format: Annotated[str, Choice((BINARY, HEXADECIMAL, TEXT), wrong=OutputFormatInvalid)]
    key_type: KeyTypeCode
    key: DataKey
    ksn_descriptor: Annotated[str | None, When("key_type", _BASE, KsnDescriptor)]
    ksn: Annotated[bytes | None, When("key_type", _BASE, Hex(10))]
    iv: Annotated[bytes | None, When("mode", _CHAINED, BlockUnder("key"))]
    data: DataBytes


class TranslateBlock(Message):
    source_mode: Annotated[str, Choice(tuple(_MODES), wrong=ModeInvalid)]
    destination_mode: Annotated[str, Choice(tuple(_MODES), wrong=DestinationModeInvalid)]
    input_format: Annotated[str, Choice((BINARY, HEXADECIMAL), wrong=InputFormatInvalid)]
    output_format: Annotated[str, Choice((BINARY, HEXADECIMAL), wrong=OutputFormatInvalid)]
    source_key_type: KeyTypeCode
    source_key: DataKey
    source_ksn_descriptor: Annotated[str | None, When("source_key_type", _BASE, KsnDescriptor)]
    source_ksn: Annotated[bytes | None, When("source_key_type", _BASE, Hex(10))]
    destination_key_type: Annotated[str, Text("H", 3, 3, wrong=DestinationKeyTypeCodeInvalid)]
    destination_key: DataKey
    destination_ksn_descriptor: Annotated[str | None, When("destination_key_type", _BASE, KsnDescriptor)]
    destination_ksn: Annotated[bytes | None, When("destination_key_type", _BASE, Hex(10))]
    source_iv: Annotated[bytes | None, When("source_mode", _CHAINED, BlockUnder("source_key"))]
    destination_iv: Annotated[bytes | None, When("destination_mode", _CHAINED, BlockUnder("destination_key"))]
    data: DataBytes


class DataBlock(Message):
    iv: Annotated[bytes | None, Ahead(4, 16)]
    data: Annotated[bytes, Prefixed(4, 16, most=0xFFFF, binary=False, hidden=True)]


class BinaryBlock(DataBlock):
    """The same on the wire; what differs is that a host of another character set gets the data untranslated."""

    data: Annotated[bytes, Prefixed(4, 16, most=0xFFFF, binary=True, hidden=True)]


@thales.command("M0", refusals=_CODES)
def encipher_block(ask: EncipherBlock, hsm: Hsm) -> DataBlock:
    """Encipher a block of data under a ZEK, DEK or TEK, or under a transaction key of a BDK.

    Lengths count characters of the message, hexadecimal ones included, as captures show; 16H for each block of DES, 32H
    of AES.  Nothing is padded: the data is whole blocks, multiples of 8 bytes in the feedback modes.  In every mode but
    ECB the answer begins with the IV for the next block (inferred: captures show ECB alone); IVs are 16H, 32H for AES.
    With a BDK-1 (key type 009) the key is that of X9.24-1 for data from the terminal or both ways; the key serial
    number is 20H, and the three digits of its descriptor add up to 15.  Codes: 02 mode, 03 input format, 04 output
    format, 05 key type, 06 length, 35 hexadecimal or text that is none.
    """
    key = _key(hsm, ask.key_type, ask.key, ask.ksn_descriptor, ask.ksn)
    clear = from_wire(ask.data, ask.input_format, DataFormatInvalid)
    data, iv = encipher.encipher(hsm, key, _MODES[ask.mode], clear, ask.iv)
    return _block(data, ask.output_format, iv)


@thales.command("M2", refusals=_CODES)
def decipher_block(ask: DecipherBlock, hsm: Hsm) -> DataBlock:
    """Decipher a block of data; everything as in M0."""
    key = _key(hsm, ask.key_type, ask.key, ask.ksn_descriptor, ask.ksn)
    data = from_wire(ask.data, ask.input_format, DataFormatInvalid)
    clear, iv = encipher.decipher(hsm, key, _MODES[ask.mode], data, ask.iv)
    return _block(clear, ask.output_format, iv)


@thales.command("M4", refusals=_CODES)
def translate_block(ask: TranslateBlock, hsm: Hsm) -> DataBlock:
    """Decipher a block of data under one key and encipher it under another; fields as in M0.

    The answer has no IVs: the next ones are the last blocks of the two cipher texts, which the host has.
    07 is a wrong destination mode, 08 a wrong destination key type.
    """
    source = _key(hsm, ask.source_key_type, ask.source_key, ask.source_ksn_descriptor, ask.source_ksn)
    destination = _key(
        hsm, ask.destination_key_type, ask.destination_key, ask.destination_ksn_descriptor, ask.destination_ksn,
        parity=DestinationKeyParity, wrong=DestinationKeyTypeCodeInvalid,
    )  # fmt: skip
    moved = encipher.reencipher(
        hsm,
        (source, _MODES[ask.source_mode], ask.source_iv),
        (destination, _MODES[ask.destination_mode], ask.destination_iv),
        from_wire(ask.data, ask.input_format, DataFormatInvalid),
    )
    return _block(moved, ask.output_format, None)


def _key(
    hsm: Hsm,
    code: str,
    token: str,
    descriptor: str | None,
    ksn: bytes | None,
    *,
    parity: type[Refusal] = SourceKeyParity,
    wrong: type[Refusal] = KeyTypeCodeInvalid,
) -> ClearKey:
    """The key that enciphers.  Raises *wrong* for a key type that enciphers no data, *parity*, KeyBlockUsageInvalid."""
    if code == _FROM_BLOCK:
        key = hsm.typed(token, None, parity=parity)
        if key.attributes is None or key.attributes.usage not in _DATA_USAGES:
            raise KeyBlockUsageInvalid
        return key
    if code == _BASE_KEY_TYPE and descriptor is not None and ksn is not None:
        lengths = [int(digit, 16) for digit in descriptor]
        if lengths[1] or sum(lengths) != _KSN_LENGTHS_SUM:
            raise InputInvalid
        return transaction_key(hsm.typed(token, KEY_TYPES[code], parity=parity), ksn, Variant.DATA_REQUEST)
    if code not in _DATA_KEY_TYPES:
        raise wrong
    return hsm.typed(token, KEY_TYPES[code], parity=parity)


def _block(data: bytes, form: str, iv: bytes | None) -> DataBlock:
    return (BinaryBlock if form == BINARY else DataBlock)(iv=iv, data=to_wire(data, form))
