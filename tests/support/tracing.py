"""Which keys a request makes an appliance open, as what, and keys that fit there."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from unittest import mock

from hsm.appliance import Hsm
from hsm.crypto import pinblock
from hsm.crypto.blockcipher import Algorithm, Cipher
from hsm.crypto.parity import with_odd
from hsm.crypto.pinblock import AccountError, PinBlockError, PinBlockFormat, write
from hsm.keys.blocklmk import KeyBlockLmk
from hsm.keys.lmk import VariantLmk
from hsm.keys.masters import Lmk
from hsm.keys.secret import BlockAttributes, ClearKey
from hsm.keys.usage import Wanted
from hsm.operations import lmkpin, pins
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


@dataclass
class Presented:
    """PIN blocks and PINs under the LMK that were read, and what they were read with."""

    _blocks: dict[str, tuple[PinBlockFormat, Cipher, str]] = field(default_factory=dict)
    _sealed: dict[str, str] = field(default_factory=dict)

    def blocks(self, pin: str) -> dict[str, str]:
        """For each block (hexadecimal) one that holds *pin*, as far as its format and account allow."""
        made = {}
        for block, (fmt, under, account) in self._blocks.items():
            with suppress(PinBlockError, AccountError):
                made[block] = write(fmt, under, pin, account, random.Random(1).randbytes).hex().upper()
        return made

    def sealed(self, pin: str, hsm: Hsm) -> dict[str, str]:
        """For each text of a PIN under the LMK that of *pin*."""
        return {text: lmkpin.seal_pin(hsm, pin, account) for text, account in self._sealed.items()}


@contextmanager
def presented() -> Iterator[Presented]:
    """Notes which PINs a request makes an appliance read."""
    noted = Presented()
    read_block, carry, open_sealed = pinblock.read, pinblock.carry_iso0, lmkpin._open

    def read(fmt: PinBlockFormat, under: Cipher, block: bytes, account: str) -> str:
        noted._blocks[block.hex().upper()] = (fmt, under, account)
        return read_block(fmt, under, block, account)

    def carry_iso0(source: Cipher, destination: Cipher, block: bytes, account: str) -> tuple[str, bytes]:
        noted._blocks[block.hex().upper()] = (PinBlockFormat.ISO_0, source, account)
        return carry(source, destination, block, account)

    def unseal(lmk: Cipher, sealed: str, account: str) -> str:
        noted._sealed[sealed] = account
        return open_sealed(lmk, sealed, account)

    with (
        mock.patch.object(pins, "read", read),
        mock.patch.object(pins, "carry_iso0", carry_iso0),
        mock.patch.object(lmkpin, "_open", unseal),
    ):
        yield noted


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
    random_bytes = random.Random(len(asked.modes)).randbytes
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
