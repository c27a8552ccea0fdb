"""Hashes: EE9007, EE9008."""

from __future__ import annotations

from types import MappingProxyType
from typing import Annotated

from hsm.appliance import Hsm
from hsm.audit.record import Category
from hsm.crypto.digest import Digest
from hsm.dialects.eracom.codes import eracom
from hsm.dialects.eracom.fields import Data, Request
from hsm.operations.digests import BITS_MOST, digest_part
from hsm.operations.macs import Part
from hsm.refusal import DigitsInvalid, HashInvalid
from hsm.wire.kinds import Binary
from hsm.wire.message import Message
from hsm.wire.packed import PackedChoice, Whole
from hsm.wire.shapes import Variable

CATEGORY = Category.MAC
HASH_BYTES_MAX = 64
_PARTS = MappingProxyType({"00": Part.ONLY, "01": Part.FIRST, "02": Part.MIDDLE, "03": Part.LAST})
_NUMBERED = {0: Digest.SHA_1, 25: Digest.SHA_224, 26: Digest.SHA_256, 30: Digest.SHA_384, 32: Digest.MD5}
_HASHES = MappingProxyType(
    {form.format(number): hashed for number, hashed in _NUMBERED.items() for form in ("{:02X}", "{:02d}")}
)
"""One client's numbers, binary as it writes them, or packed decimal."""

PartByte = Annotated[str, PackedChoice(tuple(_PARTS), wrong=DigitsInvalid)]
"""00 the only part, 01 the first, 02 in the middle, 03 the last."""
BitCount = Annotated[int, Whole(8, 0, BITS_MOST)]


class HashMd5(Request):
    part: PartByte
    bit_count: BitCount
    hash: Annotated[bytes, Binary(16)]
    data: Data


class Md5Hashed(Message):
    bit_count: BitCount
    hash: Annotated[bytes, Binary(16)]


@eracom.command("EE9007")
def hash_md5(ask: HashMd5, hsm: Hsm) -> Md5Hashed:
    """Hash data by MD5, at once or in parts.

    What EE9008 says of parts holds here.
    """
    bits, value = digest_part(Digest.MD5, _PARTS[ask.part], ask.bit_count, ask.hash, ask.data)
    return Md5Hashed(bit_count=bits, hash=value)


class HashMessage(Request):
    algorithm: Annotated[str, PackedChoice(tuple(_HASHES), wrong=HashInvalid)]
    part: PartByte
    bit_count: BitCount
    hash: Annotated[bytes, Variable(HASH_BYTES_MAX)]
    data: Data


class MessageHashed(Message):
    bit_count: BitCount
    hash: Annotated[bytes, Variable(HASH_BYTES_MAX)]


@eracom.command("EE9008")
def hash_data(ask: HashMessage, hsm: Hsm) -> MessageHashed:
    """Hash data, at once or in parts, by SHA-1, SHA-224, SHA-256, SHA-384 or MD5.

    Their numbers are 0, 25, 26, 30 and 32.  0 is in a client's request, the others are another client's table, which
    writes them binary (19, 1A, 1E, 20); packed decimal is taken as well.  What else stands there is refused (51), for it
    looks like a list of names in a Java library.  In the reply the bit count is that of the message so far and the hash the
    digest, or after a part that is not the last the chaining value; both go into the next request (inferred).  With the
    only or the first part the bit count is 0, and the hash, which clients fill with zeros, is not looked at.  A part that
    is not the last is whole blocks: 64 bytes, 128 for SHA-384.
    """
    bits, value = digest_part(_HASHES[ask.algorithm], _PARTS[ask.part], ask.bit_count, ask.hash, ask.data)
    return MessageHashed(bit_count=bits, hash=value)
