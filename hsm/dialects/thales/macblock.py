"""MACs of large messages, in one or several parts: MQ, MS, M6, M8."""

from __future__ import annotations

from types import MappingProxyType
from typing import Annotated

from hsm.appliance import Hsm
from hsm.audit.record import Category
from hsm.crypto.mac import Padding
from hsm.dialects.thales.codes import thales
from hsm.dialects.thales.dataformats import BINARY, HEXADECIMAL, TEXT, from_wire
from hsm.dialects.thales.fields import AnyKey, KeyTypeCode, Zak
from hsm.keys.secret import ClearKey
from hsm.keys.usage import KEY_TYPES, Usage
from hsm.operations import macs
from hsm.operations.macs import MacAlgorithm, Part
from hsm.policy.choices import M6Layout
from hsm.refusal import (
    AlgorithmInvalid,
    DataLengthInvalid,
    InputFormatInvalid,
    InputInvalid,
    KeyLengthFlagInvalid,
    KeyTypeCodeInvalid,
    MacSizeInvalid,
    ModeInvalid,
    PaddingInvalid,
)
from hsm.wire.kinds import Choice, Hex, Text
from hsm.wire.message import Message
from hsm.wire.shapes import BlockUnder, IfMore, Key, Prefixed, When

CATEGORY = Category.MAC

_PARTS = MappingProxyType({"0": Part.ONLY, "1": Part.FIRST, "2": Part.MIDDLE, "3": Part.LAST})
_CONTINUES = ("2", "3")
_ENDS = ("0", "3")
_ALGORITHMS = MappingProxyType({"1": MacAlgorithm.CBC, "3": MacAlgorithm.RETAIL, "6": MacAlgorithm.CMAC})
_PADDINGS = MappingProxyType({"1": Padding.ZEROS, "2": Padding.BIT, "3": Padding.LENGTH})
_MAC_BYTES = MappingProxyType({"0": 4, "1": 8})
_CMAC_PADDING = "0"
_KEY_BYTES = MappingProxyType({"0": 8, "1": 16})
_FROM_BLOCK = "FFF"
_CODES = MappingProxyType(
    {
        ModeInvalid: "02",
        InputFormatInvalid: "03",
        AlgorithmInvalid: "04",
        MacSizeInvalid: "04",
        KeyTypeCodeInvalid: "05",
        DataLengthInvalid: "06",
        PaddingInvalid: "09",
    }
)


class LargeMac(Message):
    block: Annotated[str, Choice(tuple(_PARTS))]
    zak: Zak
    iv: Annotated[bytes | None, When("block", _CONTINUES, Hex(8))]
    data: Annotated[bytes, Prefixed(3, 16, hidden=True)]


class LargeRetailMac(Message):
    block: Annotated[str, Choice(tuple(_PARTS))]
    key_type: Annotated[str, Choice(("0", "1"))]
    key_length: Annotated[str, Choice(tuple(_KEY_BYTES), wrong=KeyLengthFlagInvalid)]
    message_type: Annotated[str, Choice((BINARY, HEXADECIMAL))]
    key: Annotated[str, Key("TAK (key type 0) or ZAK (1)")]
    iv: Annotated[bytes | None, When("block", _CONTINUES, Hex(8))]
    data: Annotated[
        bytes,
        Prefixed(4, 16, doubled=("message_type", HEXADECIMAL), binary=("message_type", (BINARY,)), hidden=True),
    ]


class AuthenticationBlock(Message):
    mab: Annotated[bytes, Hex(8)]


class GenerateMac(Message):
    mode: Annotated[str, Choice(tuple(_PARTS), wrong=ModeInvalid)]
    input_format: Annotated[str, Choice((BINARY, HEXADECIMAL, TEXT), wrong=InputFormatInvalid)]
    mac_size: Annotated[str, Choice(tuple(_MAC_BYTES), wrong=MacSizeInvalid)]
    algorithm: Annotated[str, Choice(tuple(_ALGORITHMS), wrong=AlgorithmInvalid)]
    padding: Annotated[str, Choice((_CMAC_PADDING, *_PADDINGS), wrong=PaddingInvalid)]
    key_type: KeyTypeCode
    key: AnyKey
    iv: Annotated[bytes | None, When("mode", _CONTINUES, BlockUnder("key"))]
    data: Annotated[bytes, Prefixed(4, 16, binary=("input_format", (BINARY,)), hidden=True)]


class MacGenerated(Message):
    mac: Annotated[str, Text("H", 8, 32)]


class VerifyMac(GenerateMac):
    """The fields of M6, then the MAC where the message ends."""

    mac: Annotated[str | None, When("mode", _ENDS, Text("H", 8, 16))]


class MacVerified(Message):
    iv: Annotated[str | None, IfMore(Text("H", 16, 32))]


@thales.command("MQ")
def authenticate_large_message(ask: LargeMac, hsm: Hsm) -> AuthenticationBlock:
    """Generate the authentication block of a large message under a ZAK, by CBC with the whole key.

    Parts that are not the last must be whole blocks (80); the last is filled with zeros.
    """
    key, part = macs.des_key(hsm.key(ask.zak, Usage.ZAK)), _PARTS[ask.block]
    return AuthenticationBlock(mab=macs.generate(key, MacAlgorithm.CBC, ask.data, part=part, running=ask.iv))


@thales.command("MS")
def authenticate_large_message_x919(ask: LargeRetailMac, hsm: Hsm) -> AuthenticationBlock:
    """Generate the authentication block of a large message under a TAK or ZAK, by ANSI X9.19.

    The length counts bytes even where two hexadecimal characters stand for one.  A key length flag that contradicts
    the key is refused (05).
    """
    key = macs.des_key(hsm.key(ask.key, Usage.TAK if ask.key_type == "0" else Usage.ZAK))
    if key.key_bytes != _KEY_BYTES[ask.key_length]:
        raise KeyLengthFlagInvalid
    data, part = from_wire(ask.data, ask.message_type, InputInvalid), _PARTS[ask.block]
    return AuthenticationBlock(mab=macs.generate(key, MacAlgorithm.RETAIL, data, part=part, running=ask.iv))


@thales.command("M6", refusals=_CODES)
def generate_mac(ask: GenerateMac, hsm: Hsm) -> MacGenerated:
    """Generate a MAC of a message or, of a part that is not the last, the IV for the next (16H; 32H for AES).

    The HSM 8000's two-digit algorithm (01, 03) and the payShield's MAC size and one-digit algorithm (1, 3) are the same
    characters, so both are always read.  The HSM 8000 leads the MAC with its length in 4 digits, the payShield does not:
    setting m6-layout decides, and ``auto`` means the payShield's.  The length counts characters of the request,
    hexadecimal ones included.  Algorithm 6, CMAC, is known at second hand; it goes with padding 0 and no other.
    Padding 3, the length in front, needs the message whole.  Which code stands for which wrong field is public for 02
    (mode) and 03 (input format) alone; here 04 is algorithm or MAC size, 05 key type, 06 length, 09 padding.
    """
    part = _PARTS[ask.mode]
    algorithm, padding = _method(ask, hsm)
    data = from_wire(ask.data, ask.input_format, InputInvalid)
    value = macs.generate(_key(ask, hsm), algorithm, data, padding=padding, part=part, running=ask.iv)
    if not part.ends:
        return MacGenerated(mac=value.hex().upper())
    mac = value[: _MAC_BYTES[ask.mac_size]].hex().upper()
    led = f"{len(mac):04d}" if hsm.settings.m6_layout is M6Layout.HSM8000 else ""
    return MacGenerated(mac=led + mac)


@thales.command("M8", refusals=_CODES)
def verify_mac(ask: VerifyMac, hsm: Hsm) -> MacVerified:
    """Verify a MAC of a message that comes in one or several parts; fields as in M6, then the MAC.

    No source shows a part that is not the last: it carries no MAC, and the answer is the IV for the next, as in M6.
    """
    part = _PARTS[ask.mode]
    algorithm, padding = _method(ask, hsm)
    data, key = from_wire(ask.data, ask.input_format, InputInvalid), _key(ask, hsm)
    if ask.mac is None:
        value = macs.running_value(key, algorithm, data, part, ask.iv)
        return MacVerified(iv=value.hex().upper())
    if len(ask.mac) != 2 * _MAC_BYTES[ask.mac_size]:
        raise InputInvalid
    macs.verify(key, algorithm, data, bytes.fromhex(ask.mac), padding=padding, part=part, running=ask.iv)
    return MacVerified(iv=None)


def _method(ask: GenerateMac, hsm: Hsm) -> tuple[MacAlgorithm, Padding]:
    """Raises AlgorithmInvalid for what the HSM 8000 has not, PaddingInvalid."""
    algorithm = _ALGORITHMS[ask.algorithm]
    if hsm.settings.m6_layout is M6Layout.HSM8000 and (ask.mac_size != "0" or algorithm is MacAlgorithm.CMAC):
        raise AlgorithmInvalid
    if (ask.padding == _CMAC_PADDING) is not (algorithm is MacAlgorithm.CMAC):
        raise PaddingInvalid
    return algorithm, _PADDINGS.get(ask.padding, Padding.BIT)


def _key(ask: GenerateMac, hsm: Hsm) -> ClearKey:
    """The TAK or ZAK.  Raises KeyTypeCodeInvalid for a key type that makes no MACs, and the ring's refusals."""
    if ask.key_type == _FROM_BLOCK:
        return hsm.typed(ask.key, None)
    if ask.key_type not in ("003", "008"):
        raise KeyTypeCodeInvalid
    return hsm.typed(ask.key, KEY_TYPES[ask.key_type])
