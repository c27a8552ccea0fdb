"""Digests of whole messages and of messages that come in parts."""

from __future__ import annotations

from hsm.crypto.digest import Digest, digest
from hsm.crypto.digestparts import advance, block_bytes, chaining_bytes, finish, initial_value
from hsm.operations.macs import Part
from hsm.refusal import DataLengthInvalid, FieldsInconsistent, InputInvalid

BITS_MOST = 2**64 - 1
"""The longest message that all the functions take."""


def digest_part(algorithm: Digest, part: Part, bits_before: int, chaining: bytes, data: bytes) -> tuple[int, bytes]:
    """How many bits of the message are taken in after *data*, and the digest, or the chaining value of more to come.

    *bits_before* and *chaining* are what the part before gave; of a part that begins the message *chaining* is not looked
    at.  Raises FieldsInconsistent for a number of bits that cannot be, InputInvalid for a chaining value of the wrong
    length, DataLengthInvalid for a part that is not the last and not whole blocks.
    """
    size = block_bytes(algorithm)
    bits = bits_before + 8 * len(data)
    if bits > BITS_MOST or (bits_before == 0) is part.continues or bits_before % (8 * size):
        raise FieldsInconsistent
    if part is Part.ONLY:
        return bits, digest(algorithm, data)
    if not part.continues:
        chaining = initial_value(algorithm)
    if len(chaining) != chaining_bytes(algorithm):
        raise InputInvalid
    if part.ends:
        whole = len(data) - len(data) % size
        return bits, finish(algorithm, advance(algorithm, chaining, data[:whole]), data[whole:], bits)
    if not data or len(data) % size:
        raise DataLengthInvalid
    return bits, advance(algorithm, chaining, data)
