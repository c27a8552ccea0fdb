"""Message authentication codes, of whole messages and of messages that come in parts (ISO 9797-1).

A key block that names a MAC algorithm (ANSI X9.143 clause 6.3: M0 M1 M3 M6) lets its key do that one only.  A single-length
key does algorithm 1 where algorithm 3 is asked for, which is the same computation.
"""

from __future__ import annotations

from enum import Enum

from hsm.crypto.blockcipher import Algorithm
from hsm.crypto.mac import Padding, algorithm_1, algorithm_3, chain, cmac, pad, retail_chain, verifies
from hsm.keys.secret import ClearKey
from hsm.keys.usage import Deed, require
from hsm.refusal import (
    DataLengthInvalid,
    InputInvalid,
    KeyBlockAlgorithmInvalid,
    KeyBlockUsageInvalid,
    PaddingInvalid,
    VerificationFailed,
)


class MacAlgorithm(Enum):
    """Values are the usages of key blocks for this algorithm."""

    CBC = frozenset({"M0", "M1"})
    """Algorithm 1 with the whole cipher: ANSI X9.9 with a single-length key."""
    RETAIL = frozenset({"M3"})
    """Algorithm 3, ANSI X9.19: DES with the first part of the key, triple DES for the last block."""
    CMAC = frozenset({"M6"})
    """NIST SP 800-38B; pads by itself."""


class Part(Enum):
    """Which part of a message this is: (does a part come before it, does one come after it)."""

    ONLY = (False, False)
    FIRST = (False, True)
    MIDDLE = (True, True)
    LAST = (True, False)

    @property
    def continues(self) -> bool:
        """Does it need the running value of the part before?"""
        return self.value[0]

    @property
    def ends(self) -> bool:
        """Does it end the message, so that the result is the MAC?"""
        return not self.value[1]


def des_key(key: ClearKey) -> ClearKey:
    """*key* itself, for commands that know DES alone; KeyBlockAlgorithmInvalid for any other."""
    if key.algorithm not in (Algorithm.DES, Algorithm.TDES):
        raise KeyBlockAlgorithmInvalid
    return key


def generate(
    key: ClearKey,
    algorithm: MacAlgorithm,
    data: bytes,
    *,
    padding: Padding = Padding.ZEROS,
    part: Part = Part.ONLY,
    running: bytes | None = None,
) -> bytes:
    """The MAC, one whole block (callers cut it on the left), or the running value of a part that is not the last.

    *running* is one block, present if *part* continues (else InputInvalid).  Raises DataLengthInvalid for a part that is
    not whole blocks or an empty message, PaddingInvalid for the total length in front of a message that comes in parts,
    and the KeyBlock refusals for a key that may not do this.
    """
    require(key, Deed.GENERATE)
    return _value(key, algorithm, data, padding, part, running)


def verify(
    key: ClearKey,
    algorithm: MacAlgorithm,
    data: bytes,
    given: bytes,
    *,
    padding: Padding = Padding.ZEROS,
    part: Part = Part.ONLY,
    running: bytes | None = None,
) -> None:
    """Nothing, if *given*, the left 4 bytes or more of a MAC, is right; else VerificationFailed.  See ``generate``."""
    require(key, Deed.VERIFY)
    if not verifies(given, _value(key, algorithm, data, padding, part, running)):
        raise VerificationFailed


def running_value(key: ClearKey, algorithm: MacAlgorithm, data: bytes, part: Part, running: bytes | None) -> bytes:
    """The running value of a part that is not the last, for whoever verifies the message."""
    require(key, Deed.VERIFY)
    return _value(key, algorithm, data, Padding.ZEROS, part, running)


def advance(key: ClearKey, algorithm: MacAlgorithm, data: bytes, running: bytes) -> bytes:
    """The running value after a part in the middle, for whoever need not say yet what the MAC is for.

    *running* is that of the part before, zeros for the first.  Raises as ``generate``.
    """
    if key.attributes is None or key.attributes.mode not in Deed.VERIFY.value:
        require(key, Deed.GENERATE)
    return _value(key, algorithm, data, Padding.ZEROS, Part.MIDDLE, running)


def _value(
    key: ClearKey, algorithm: MacAlgorithm, data: bytes, padding: Padding, part: Part, running: bytes | None
) -> bytes:
    _check(key, algorithm)
    size = key.cipher.block_bytes
    if (running is not None) is not part.continues or (running is not None and len(running) != size):
        raise InputInvalid
    if padding is Padding.LENGTH and part is not Part.ONLY:
        raise PaddingInvalid
    if not part.ends:
        if not data or len(data) % size:
            raise DataLengthInvalid
        step = retail_chain if algorithm is MacAlgorithm.RETAIL else chain
        return step(key.cipher, data, running)
    if not data and (part is Part.LAST or padding is not Padding.BIT):
        raise DataLengthInvalid
    if algorithm is MacAlgorithm.CMAC:
        return cmac(key.cipher, data, running)
    last = algorithm_3 if algorithm is MacAlgorithm.RETAIL else algorithm_1
    return last(key.cipher, pad(data, padding, size), running)


def _check(key: ClearKey, algorithm: MacAlgorithm) -> None:
    """Nothing, if *key* is for *algorithm*; else raises KeyBlockAlgorithmInvalid or KeyBlockUsageInvalid."""
    if algorithm is MacAlgorithm.RETAIL:
        des_key(key)
    usages = algorithm.value
    if key.algorithm is Algorithm.DES and algorithm is not MacAlgorithm.CMAC:
        usages = MacAlgorithm.CBC.value | MacAlgorithm.RETAIL.value
    if key.attributes is not None and key.attributes.usage not in usages:
        raise KeyBlockUsageInvalid
