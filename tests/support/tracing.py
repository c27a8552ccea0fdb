"""Which keys a request makes an appliance open, as what, and keys that fit there."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from unittest import mock

from hsm.crypto.blockcipher import Algorithm
from hsm.crypto.parity import with_odd
from hsm.keys.blocklmk import KeyBlockLmk
from hsm.keys.lmk import VariantLmk
from hsm.keys.masters import Lmk
from hsm.keys.secret import BlockAttributes, ClearKey
from hsm.keys.usage import Wanted
from hsm.refusal import KeyTypeInvalid

Opened = dict[str, tuple[ClearKey | None, Wanted]]
"""By the key's text: the key, None when it did not open, and what was asked for."""


@contextmanager
def traced() -> Iterator[Opened]:
    """Notes what LMKs are asked to open.  Only sees everything when the key cache is off."""
    opened: Opened = {}

    def noting(original: Callable[[Lmk, str, Wanted], ClearKey]) -> Callable[[Lmk, str, Wanted], ClearKey]:
        def unwrap(lmk: Lmk, token: str, asked: Wanted) -> ClearKey:
            opened[token] = (None, asked)
            key = original(lmk, token, asked)
            opened[token] = (key, asked)
            return key

        return unwrap

    with (
        mock.patch.object(VariantLmk, "unwrap", noting(VariantLmk.unwrap)),  # type: ignore[arg-type]  # one face, two classes
        mock.patch.object(KeyBlockLmk, "unwrap", noting(KeyBlockLmk.unwrap)),  # type: ignore[arg-type]
    ):
        yield opened


def fitting_key(asked: Wanted, seed: str, *, aes: bool = False, odd: bool = True) -> ClearKey:
    """A key such as *asked* wants, the same for the same *seed*: double-length if it may be, AES if *aes* and it may be."""
    draw = random.Random(seed).randbytes
    row = asked.key_type
    if "H" in asked.algorithms and not asked.des_bytes:
        return ClearKey(draw(32), None)
    if aes and "A" in asked.algorithms:
        return ClearKey(draw(32), Algorithm.AES)
    if not asked.des_bytes:
        raise KeyTypeInvalid
    key = with_odd(draw(16 if 16 in asked.des_bytes else asked.des_bytes[0]))
    if not odd:
        key = key[:3] + bytes((key[3] ^ 1,)) + key[4:]
    return ClearKey(key, Algorithm.TDES) if row is None or row.odd_parity else ClearKey(key)


def sample_token(lmk: Lmk, asked: Wanted, key: ClearKey) -> str:
    """*key* under *lmk* as the command that *asked* opens it.  Raises Refusal when that LMK can't hold it."""
    random_bytes = random.Random(asked.modes.__len__()).randbytes
    if isinstance(lmk, VariantLmk):
        scheme = {8: "Z", 16: "U", 24: "T"}.get(key.key_bytes, "U")
        return lmk.wrap(key, asked.key_type, scheme, None, random_bytes)
    letter = {None: "H", Algorithm.DES: "D", Algorithm.TDES: "T", Algorithm.AES: "A"}[key.algorithm]
    usages = asked.key_type.block_usages if asked.key_type is not None else ("72",)
    fits = [usage for usage in usages if asked.block_usages is None or usage in asked.block_usages]
    if not fits:
        raise KeyTypeInvalid
    mode = "N" if "N" in asked.modes else min(asked.modes)
    return lmk.wrap(key, asked.key_type, "S", BlockAttributes(fits[0], letter, mode, "00", "E"), random_bytes)
