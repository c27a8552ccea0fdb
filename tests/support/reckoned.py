"""LMKs, keys and check values reckoned from components by pycryptodome, beside the product."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

from Crypto.Cipher import AES, DES3
from Crypto.Hash import CMAC
from psec import des

PAIRS_COUNT = 20
CUSTODIANS_COUNT = 3


@dataclass(frozen=True)
class Kind:
    """A kind of LMK and what the people at the console say of it, and of a ZMK under it.

    *choice* is its number in the console's list, *pieces* the pieces in which a component is typed, of *piece_bytes*
    each; *zmk_bytes* is the length of the ZMK, *sort* what FK is told of the ZMK between LMK and component type.
    """

    name: str
    choice: str
    pieces: int
    piece_bytes: int
    zmk_bytes: int
    sort: tuple[str, ...]
    versions: str

    @property
    def in_blocks(self) -> bool:
        """Is it a key-block LMK?"""
        return self.pieces == 1

    @property
    def is_aes(self) -> bool:
        return self.piece_bytes == 32

    def component(self, custodian: int) -> list[bytes]:
        """What *custodian* types, piece by piece."""
        return [self._drawn(f"{custodian} {at}", self.piece_bytes) for at in range(self.pieces)]

    def lmk(self) -> list[bytes]:
        """The exclusive or of all components, piece by piece."""
        return [combined(pieces) for pieces in zip(*map(self.component, range(CUSTODIANS_COUNT)), strict=True)]

    def lmk_check(self, pieces: list[bytes]) -> str:
        """6 digits: of a variant LMK a zero block through all pairs in turn."""
        if self.in_blocks:
            return check_of(pieces[0], aes=self.is_aes)
        return reduce(lambda block, pair: des3(pair, block), pieces, bytes(8))[:3].hex().upper()

    def zmk_component(self, custodian: int) -> bytes:
        return self._drawn(f"ZMK {custodian}", self.zmk_bytes)

    def zmk(self) -> bytes:
        return combined([self.zmk_component(custodian) for custodian in range(CUSTODIANS_COUNT)])

    def _drawn(self, name: str, length: int) -> bytes:
        """Bytes that look drawn at random; for DES of odd parity."""
        found = hashlib.sha256(f"{self.name} {name}".encode()).digest()[:length]
        return found if self.is_aes else bytes(des.adjust_key_parity(found))


KINDS = (
    Kind("variant, 2 keys", "1", PAIRS_COUNT, 16, 16, ("2", "000", "U"), "BAC"),
    Kind("variant, 3 keys", "2", PAIRS_COUNT, 24, 24, ("3", "000", "T"), "BAC"),
    Kind("3DES key block", "3", 1, 24, 24, ("3", "S", "K0", "B", "", "E"), "BAC"),
    Kind("AES key block", "4", 1, 32, 32, ("AES", "3", "S", "K0", "B", "", "E"), "D"),
)


def combined(parts: Sequence[bytes]) -> bytes:
    """The exclusive or of *parts*; that of three DES components of odd parity is of odd parity."""
    return reduce(lambda one, other: bytes(a ^ b for a, b in zip(one, other, strict=True)), parts)


def des3(key: bytes, block: bytes) -> bytes:
    """*block* (8 bytes) enciphered once under a double- or triple-length key."""
    return DES3.new(key, DES3.MODE_ECB).encrypt(block)


def check_of(key: bytes, *, aes: bool) -> str:
    """6 digits: zeros enciphered (ANSI X9.24-1 annex A), or for AES their CMAC (X9.143)."""
    value = CMAC.new(key, bytes(16), ciphermod=AES).digest() if aes else des3(key, bytes(8))
    return value[:3].hex().upper()
