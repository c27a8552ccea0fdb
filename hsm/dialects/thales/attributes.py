"""What key-management messages say of a key block: the fields after ``#``, ``&`` and ``!``, and key type codes."""

from __future__ import annotations

from types import MappingProxyType
from typing import Annotated

from hsm import refusal as r
from hsm.crypto.keyblock import OptionalBlock
from hsm.keys.generate import ALGORITHMS
from hsm.keys.scheme import is_block
from hsm.keys.secret import BlockAttributes
from hsm.keys.usage import KeyType, key_type
from hsm.wire.kinds import Choice, Number, Text
from hsm.wire.message import Message
from hsm.wire.shapes import Group, Key, Maybe, Prefixed, Repeated, When

ANY_TYPE = "FFF"
"""The key type code that leaves the type to the key block."""

OPTIONAL_BLOCKS_MAX = 8
_LENGTH_FLAGS = MappingProxyType({"0": (8,), "1": (16,), "2": (24,), "3": (24,)})

_USAGE = Text("L", 2, 2, wrong=r.KeyBlockUsageInvalid)
_MODE = Text("L", 1, 1, wrong=r.KeyBlockModeInvalid)
_KEY_VERSION = Text("N", 2, 2, wrong=r.KeyBlockVersionInvalid)
_EXPORTABILITY = Choice(("E", "N", "S"), wrong=r.KeyBlockExportabilityInvalid)
_OPTIONAL_COUNT = Number(2, 0, OPTIONAL_BLOCKS_MAX, wrong=r.KeyBlockOptionalCountInvalid)


class OptionalBlockField(Message):
    """An optional block of a key block header, as it will stand there."""

    identifier: Annotated[str, Text("L", 2, 2, wrong=r.KeyBlockOptionalInvalid)]
    content: Annotated[bytes, Prefixed(2, base=16, most=251, included=4, binary=False, wrong=r.KeyBlockOptionalInvalid)]


_OPTIONAL = Repeated("optional_count", Group(OptionalBlockField))


class KeyAttributes(Message):
    """What a key is for, when it goes into a key block and comes in none."""

    usage: Annotated[str, _USAGE]
    mode: Annotated[str, _MODE]
    key_version: Annotated[str, _KEY_VERSION]
    block_exportability: Annotated[str, _EXPORTABILITY]
    optional_count: Annotated[int, _OPTIONAL_COUNT]
    optional: Annotated[tuple[OptionalBlockField, ...], _OPTIONAL]


class NewKeyAttributes(Message):
    """What a new key is for, and its algorithm and length."""

    usage: Annotated[str, _USAGE]
    algorithm: Annotated[str, Choice(tuple(ALGORITHMS), wrong=r.KeyBlockAlgorithmInvalid)]
    mode: Annotated[str, _MODE]
    key_version: Annotated[str, _KEY_VERSION]
    block_exportability: Annotated[str, _EXPORTABILITY]
    optional_count: Annotated[int, _OPTIONAL_COUNT]
    optional: Annotated[tuple[OptionalBlockField, ...], _OPTIONAL]


class FormedKeyVersion(Message):
    """The version of a key that is formed of components; it is otherwise like them."""

    key_version: Annotated[str, _KEY_VERSION]
    optional_count: Annotated[str, Choice(("00",), wrong=r.KeyBlockOptionalCountInvalid)]


HostKeyType = Annotated[str, Text("H", 3, 3, wrong=r.KeyTypeInvalid)]
"""A key type code of three characters; FFF leaves the type to the key block."""
Attributes = Annotated[KeyAttributes | None, Maybe("#", Group(KeyAttributes))]
NewAttributes = Annotated[NewKeyAttributes | None, Maybe("#", Group(NewKeyAttributes))]
NewExportability = Annotated[str | None, Maybe("&", _EXPORTABILITY)]
"""The exportability that the key block shall have instead of the key's own."""
BlockVersion = Annotated[str | None, Maybe("!", Choice(("A", "B", "C", "D", "E"), wrong=r.KeySchemeInvalid))]
"""The version of the TR-31 block to make."""

KeyLengthFlag = Annotated[str, Choice(("0", "1", "2", "3", "F"), wrong=r.KeyLengthFlagInvalid)]
"""0 single, 1 double, 2 (in one manual 3) triple length; F, a key block says itself."""
ShortKey = Annotated[str | None, When("length_flag", ("0", "F"), Key("as the type says"))]
DoubleKey = Annotated[str | None, When("length_flag", ("1",), Key("as the type says", untagged=32))]
TripleKey = Annotated[str | None, When("length_flag", ("2", "3"), Key("as the type says", untagged=48))]


def type_of(code: str) -> KeyType | None:
    """The key type of the 3-character *code*, None for FFF.  Raises KeyTypeInvalid (28; 04 is for 2-character codes)."""
    try:
        return None if code == ANY_TYPE else key_type(code)
    except r.KeyTypeCodeInvalid:
        raise r.KeyTypeInvalid from None


def asked_of(fields: KeyAttributes | NewKeyAttributes | None) -> BlockAttributes | None:
    """*fields* as block attributes; the algorithm is empty where the key itself decides it."""
    if fields is None:
        return None
    return BlockAttributes(
        fields.usage,
        fields.algorithm[0] if isinstance(fields, NewKeyAttributes) else "",
        fields.mode,
        fields.key_version,
        fields.block_exportability,
        tuple(OptionalBlock(each.identifier, each.content.decode("latin-1")) for each in fields.optional),
    )


def check_length_flag(flag: str, token: str, key_bytes: int) -> None:
    """Nothing, if *flag* says the length of the key in *token*, else KeyLengthFlagInvalid."""
    if is_block(token) is not (flag == "F") or (flag != "F" and key_bytes not in _LENGTH_FLAGS[flag]):
        raise r.KeyLengthFlagInvalid
