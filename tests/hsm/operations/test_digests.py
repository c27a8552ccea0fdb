"""Digests in parts: what a part gives goes into the next one, and numbers that cannot be are refused."""

from __future__ import annotations

import hashlib

import pytest

from hsm.crypto.digest import Digest
from hsm.operations.digests import BITS_MOST, digest_part
from hsm.operations.macs import Part
from hsm.refusal import DataLengthInvalid, FieldsInconsistent, InputInvalid, Refusal

BLOCK = b"0123456789abcdef" * 4


def test_three_parts() -> None:
    bits, chaining = digest_part(Digest.SHA_256, Part.FIRST, 0, b"", BLOCK)
    bits, chaining = digest_part(Digest.SHA_256, Part.MIDDLE, bits, chaining, BLOCK * 2)
    assert (bits, len(chaining)) == (3 * 512, 32)
    assert digest_part(Digest.SHA_256, Part.LAST, bits, chaining, b"") == (bits, hashlib.sha256(BLOCK * 3).digest())


@pytest.mark.parametrize(
    ("refusal", "part", "bits", "chaining", "data"),
    [
        (FieldsInconsistent, Part.ONLY, 512, b"", b""),
        (FieldsInconsistent, Part.LAST, 0, bytes(20), b""),
        (FieldsInconsistent, Part.LAST, 511, bytes(20), b""),
        (FieldsInconsistent, Part.LAST, BITS_MOST + 1 - 512, bytes(20), BLOCK),
        (InputInvalid, Part.LAST, 512, bytes(19), b""),
        (DataLengthInvalid, Part.FIRST, 0, b"", b"1"),
        (DataLengthInvalid, Part.MIDDLE, 512, bytes(20), b""),
    ],
)
def test_refusals(refusal: type[Refusal], part: Part, bits: int, chaining: bytes, data: bytes) -> None:
    with pytest.raises(refusal):
        digest_part(Digest.SHA_1, part, bits, chaining, data)
