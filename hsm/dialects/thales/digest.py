"""Hashes: GM."""

from __future__ import annotations

from types import MappingProxyType
from typing import Annotated

from hsm.appliance import Hsm
from hsm.audit.record import Category
from hsm.crypto.digest import Digest, digest
from hsm.dialects.thales.codes import thales
from hsm.refusal import HashInvalid
from hsm.wire.kinds import Choice
from hsm.wire.message import Message
from hsm.wire.shapes import Prefixed, Rest

CATEGORY = Category.MAC

_HASHES = MappingProxyType(
    {
        "01": Digest.SHA_1,
        "02": Digest.MD5,
        "05": Digest.SHA_224,
        "06": Digest.SHA_256,
        "07": Digest.SHA_384,
        "08": Digest.SHA_512,
    }
)
_DIGEST_BYTES_MAX = 64


class HashBlock(Message):
    hash: Annotated[str, Choice(tuple(_HASHES), wrong=HashInvalid)]
    data: Annotated[bytes, Prefixed(5, 10, hidden=True)]


class BlockHashed(Message):
    digest: Annotated[bytes, Rest(most=_DIGEST_BYTES_MAX)]


@thales.command("GM", refusals={HashInvalid: "05"})
def hash_block(ask: HashBlock, hsm: Hsm) -> BlockHashed:
    """Hash a block of data; the digest is answered as raw bytes.

    01 SHA-1, 02 MD5, 05 SHA-224, 06 SHA-256, 07 SHA-384, 08 SHA-512.  03, ISO 10118-2, is refused (05): no public
    exchange shows which of that standard's functions it is.
    """
    return BlockHashed(digest=digest(_HASHES[ask.hash], ask.data))
