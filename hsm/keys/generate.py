"""New keys: drawn at random, or formed from components.

*random* is a port that gives as many bytes as asked for.  A weak draw is one in 2^50 and is drawn again; a formed key
that is zero or weak is refused, since two equal components, or a custodian who knows the others' sum, would make a key
that everybody knows (M. Bond, "Attacks on cryptoprocessor transaction sets", CHES 2001).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hmac import compare_digest
from itertools import combinations
from types import MappingProxyType

from hsm.crypto.blockcipher import Algorithm
from hsm.crypto.parity import combine, is_weak, masquerades, with_odd
from hsm.keys.secret import BlockAttributes, ClearKey
from hsm.refusal import (
    ComponentCountInvalid,
    ComponentsEqual,
    InternalFault,
    KeyBlockAlgorithmInvalid,
    KeyLengthInvalid,
    KeyUnsound,
)

DRAWS_MAX = 16
COMPONENTS_MIN = 2
COMPONENTS_MAX = 9
ALGORITHMS: MappingProxyType[str, tuple[Algorithm, int]] = MappingProxyType(
    {
        "D1": (Algorithm.DES, 8),
        "T2": (Algorithm.TDES, 16),
        "T3": (Algorithm.TDES, 24),
        "A1": (Algorithm.AES, 16),
        "A2": (Algorithm.AES, 24),
        "A3": (Algorithm.AES, 32),
    }
)
"""Algorithms of new keys as Thales calls them, with their lengths in bytes."""

_AES_BYTES = (16, 24, 32)
_DES_BYTES = (8, 16, 24)


def _unsound(key: bytes) -> bool:
    """Is any part of this DES key weak, or equal to another part?"""
    return masquerades(key) or any(is_weak(key[at : at + 8]) for at in range(0, len(key), 8))


def random_key(
    algorithm: Algorithm | None,
    key_bytes: int,
    random: Callable[[int], bytes],
    attributes: BlockAttributes | None = None,
) -> ClearKey:
    """A new key: DES keys of odd parity, no part weak, no two parts equal; an HMAC key when *algorithm* is None.

    Raises KeyLengthInvalid for a length that the algorithm has not, InternalFault when *random* gives no sound key.
    """
    if algorithm is None or algorithm is Algorithm.AES:
        if key_bytes <= 0 or (algorithm and key_bytes not in _AES_BYTES):
            raise KeyLengthInvalid
        return ClearKey(random(key_bytes), algorithm, attributes)
    if key_bytes not in _DES_BYTES:
        raise KeyLengthInvalid
    for _ in range(DRAWS_MAX):
        key = with_odd(random(key_bytes))
        if not _unsound(key):
            return ClearKey(key, algorithm, attributes)
    raise InternalFault


def form(
    components: Sequence[ClearKey],
    *,
    distinct: bool,
    attributes: BlockAttributes | None = None,
    least: int = COMPONENTS_MIN,
) -> ClearKey:
    """The key whose *components*, *least* to 9, these are: their exclusive or, made odd for DES.

    Raises ComponentCountInvalid, KeyBlockAlgorithmInvalid or KeyLengthInvalid when they are not of one sort,
    KeyUnsound when the key would be zero or weak, and ComponentsEqual when two are equal and *distinct* is asked for.
    """
    if not least <= len(components) <= COMPONENTS_MAX:
        raise ComponentCountInvalid
    first = components[0]
    if any(component.algorithm is not first.algorithm for component in components):
        raise KeyBlockAlgorithmInvalid if first.attributes else KeyLengthInvalid
    if any(component.key_bytes != first.key_bytes for component in components):
        raise KeyLengthInvalid
    shares = [component.reveal() for component in components]
    key = combine(shares)
    is_des = first.algorithm in (Algorithm.DES, Algorithm.TDES)
    if is_des:
        key = with_odd(key)
        if any(is_weak(key[at : at + 8]) for at in range(0, len(key), 8)):
            raise KeyUnsound
    elif compare_digest(key, bytes(len(key))):
        raise KeyUnsound
    if distinct and any(compare_digest(a, b) for a, b in combinations(shares, 2)):
        raise ComponentsEqual
    return ClearKey(key, first.algorithm, attributes)
