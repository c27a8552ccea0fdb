"""LMKs by name and by kind: the published ones, new ones, and those that the vault gives back."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum
from typing import Protocol

from hsm.crypto.blockcipher import Algorithm
from hsm.keys.blocklmk import KeyBlockLmk
from hsm.keys.generate import random_key
from hsm.keys.lmk import VariantLmk
from hsm.keys.published import PUBLISHED_3DES_BLOCK, PUBLISHED_AES_BLOCK, PUBLISHED_PAIRS
from hsm.keys.usage import PAIRS_COUNT

Lmk = VariantLmk | KeyBlockLmk
KINDS = ("variant", "3des-block", "aes-block")


class LmkForm(Enum):
    """The forms in which an LMK is made: its kind, how many keys it consists of, and the bytes of each."""

    VARIANT_2KEY = ("variant", PAIRS_COUNT, 16)
    VARIANT_3KEY = ("variant", PAIRS_COUNT, 24)
    BLOCK_3DES = ("3des-block", 1, 24)
    BLOCK_AES = ("aes-block", 1, 32)

    @property
    def kind(self) -> str:
        return self.value[0]

    @property
    def keys_count(self) -> int:
        return self.value[1]

    @property
    def key_bytes(self) -> int:
        return self.value[2]

    @property
    def material_bytes(self) -> int:
        return self.keys_count * self.key_bytes

    @property
    def algorithm(self) -> Algorithm:
        return Algorithm.AES if self is LmkForm.BLOCK_AES else Algorithm.TDES


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


def form_of(lmk: Lmk) -> LmkForm:
    """The form that *lmk* has."""
    return next(form for form in LmkForm if (form.kind, form.key_bytes) == (lmk.kind, lmk.key_bytes))


def material_of(form: LmkForm, random: Callable[[int], bytes]) -> bytes:
    """Material of a new LMK of *form*: DES keys of odd parity, no part weak, no two parts of a key equal."""
    return b"".join(random_key(form.algorithm, form.key_bytes, random).reveal() for _ in range(form.keys_count))


def new_material(kind: str, random: Callable[[int], bytes]) -> bytes:
    """Material of a new LMK: 20 double-length pairs, a triple-length DES key, or an AES-256 key; raises ValueError."""
    for form in LmkForm:
        if form.kind == kind:
            return material_of(form, random)
    raise ValueError(f"no LMK kind {kind}; there are {', '.join(KINDS)}")


class Master(Protocol):
    """An LMK or a Domain Master Key."""

    @property
    def is_test(self) -> bool:
        """Is this one published for tests?"""


def mixes(masters: Iterable[Master]) -> bool:
    """Are there published test keys among *masters*, and others?  (PCI PIN 19-3 and 19-4: never in one device.)"""
    return len({master.is_test for master in masters}) > 1
