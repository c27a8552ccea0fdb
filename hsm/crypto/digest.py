"""Message digests by the names of the field."""

from __future__ import annotations

import hashlib
from enum import Enum


class Digest(Enum):
    """Hash functions (FIPS 180-4; MD5: RFC 1321); values are the names of ``hashlib``."""

    SHA_1 = "sha1"
    MD5 = "md5"
    SHA_224 = "sha224"
    SHA_256 = "sha256"
    SHA_384 = "sha384"
    SHA_512 = "sha512"


def digest(algorithm: Digest, data: bytes) -> bytes:
    """The digest of *data*, 16 to 64 bytes.

    >>> digest(Digest.MD5, b"abc").hex()
    '900150983cd24fb0d6963f7d28e17f72'
    """
    return hashlib.new(algorithm.value, data, usedforsecurity=False).digest()
