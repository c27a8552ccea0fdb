"""LMKs by name and by kind: the published ones, new ones, and those that the vault gives back."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from hsm.crypto.blockcipher import Algorithm
from hsm.keys.blocklmk import KeyBlockLmk
from hsm.keys.generate import random_key
from hsm.keys.lmk import VariantLmk
from hsm.keys.published import PUBLISHED_3DES_BLOCK, PUBLISHED_AES_BLOCK, PUBLISHED_PAIRS
from hsm.keys.usage import PAIRS_COUNT

Lmk = VariantLmk | KeyBlockLmk
KINDS = ("variant", "3des-block", "aes-block")
_PUBLISHED = {
    "test-variant": ("variant", b"".join(PUBLISHED_PAIRS)),
    "test-3des-block": ("3des-block", PUBLISHED_3DES_BLOCK),
    "test-aes-block": ("aes-block", PUBLISHED_AES_BLOCK),
}
PUBLISHED_NAMES = tuple(_PUBLISHED)


def lmk_of_material(kind: str, lmk_id: str, material: bytes, name: str = "", *, mask_bytes: int = 0) -> Lmk:
    """The LMK of *kind* whose ``material()`` was *material*, loaded as *lmk_id* (2 digits).

    Raises ValueError for an unknown kind, an identifier that is not 2 digits, or material of another length.
    """
    if len(lmk_id) != 2 or not (lmk_id.isascii() and lmk_id.isdecimal()):
        raise ValueError("an LMK identifier is 2 digits")
    if kind == "variant":
        step = len(material) // PAIRS_COUNT
        if len(material) != step * PAIRS_COUNT or not step:
            raise ValueError("a variant LMK is 20 pairs of 16 or 24 bytes")
        return VariantLmk(lmk_id, [material[at : at + step] for at in range(0, len(material), step)], name)
    if kind == "3des-block":
        return KeyBlockLmk(lmk_id, material, Algorithm.TDES, name, mask_bytes=mask_bytes)
    if kind == "aes-block":
        return KeyBlockLmk(lmk_id, material, Algorithm.AES, name, mask_bytes=mask_bytes)
    raise ValueError(f"no LMK kind {kind}; there are {', '.join(KINDS)}")


def published_lmk(name: str, lmk_id: str, *, mask_bytes: int = 0) -> Lmk:
    """The published test LMK *name*: test-variant, test-3des-block or test-aes-block; raises ValueError.

    >>> published_lmk("test-aes-block", "02").check_value
    'DB3FB60000000000'
    """
    if name not in _PUBLISHED:
        raise ValueError(f"no published LMK {name}; there are {', '.join(PUBLISHED_NAMES)}")
    kind, material = _PUBLISHED[name]
    return lmk_of_material(kind, lmk_id, material, name, mask_bytes=mask_bytes)


def padding_keys(lmk: Lmk, disguise: bool) -> Lmk:
    """*lmk*, padding every key it wraps to the longest of the algorithm when *disguise* is asked for.

    A variant LMK has nothing to pad: its schemes say how long a key is.
    """
    if lmk.kind == "variant":
        return lmk
    return lmk_of_material(lmk.kind, lmk.lmk_id, lmk.material(), lmk.name, mask_bytes=lmk.key_bytes if disguise else 0)


def new_material(kind: str, random: Callable[[int], bytes]) -> bytes:
    """Material of a new LMK: 20 double-length pairs, a triple-length DES key, or an AES-256 key; raises ValueError."""
    if kind == "variant":
        return b"".join(random_key(Algorithm.TDES, 16, random).reveal() for _ in range(PAIRS_COUNT))
    if kind == "3des-block":
        return random_key(Algorithm.TDES, 24, random).reveal()
    if kind == "aes-block":
        return random_key(Algorithm.AES, 32, random).reveal()
    raise ValueError(f"no LMK kind {kind}; there are {', '.join(KINDS)}")


def mixes(lmks: Iterable[Lmk]) -> bool:
    """Are there published test LMKs among *lmks*, and others?  (PCI PIN 19-3 and 19-4: never in one device.)"""
    return len({lmk.is_test for lmk in lmks}) > 1
