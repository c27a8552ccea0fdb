"""RSA as EMV uses it: signatures with recovery of what is signed (EMV 4.3 Book 2 A2.1 and B2.1)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

from Crypto.Math.Numbers import Integer
from Crypto.PublicKey import RSA

MODULUS_BITS_MIN, MODULUS_BITS_MAX = 1024, 1984
"""Below it is too weak for anything, above it no certificate fits a card (Book 2 annex D)."""
EXPONENTS = (3, 65_537)
HEADER, TRAILER, STATIC_FORMAT, SHA_1, FILL = b"\x6a", b"\xbc", b"\x03", b"\x01", b"\xbb"
_HASH_BYTES = 20
_FRAME_BYTES = 26
"""Header, format, hash algorithm, authentication code, hash and trailer."""


class RsaInputError(ValueError):
    """A modulus length, exponent, private key or text that RSA for cards does not take."""


@dataclass(frozen=True)
class PrivateKey:
    """The primes, each half as long as the modulus, and the public *exponent*."""

    p: int = field(repr=False)
    q: int = field(repr=False)
    exponent: int

    @property
    def modulus(self) -> int:
        return self.p * self.q

    @property
    def modulus_bytes(self) -> int:
        return (self.modulus.bit_length() + 7) // 8

    def apply(self, block: bytes) -> bytes:
        """The private function on *block*, as long as the modulus and less than it."""
        number, modulus = int.from_bytes(block, "big"), self.modulus
        if len(block) != self.modulus_bytes or number >= modulus:
            raise RsaInputError("block")
        try:
            d = pow(self.exponent, -1, (self.p - 1) * (self.q - 1))
        except ValueError:
            raise RsaInputError("private key") from None
        of_p = int(pow(Integer(number % self.p), d % (self.p - 1), self.p))
        of_q = int(pow(Integer(number % self.q), d % (self.q - 1), self.q))
        made = of_q + (of_p - of_q) * pow(self.q, -1, self.p) % self.p * self.q
        # One wrong half would give the primes away to whoever sees the result (Boneh, DeMillo and Lipton, 1997).
        if pow(made, self.exponent, modulus) != number:
            raise RsaInputError("fault")
        return made.to_bytes(self.modulus_bytes, "big")


def generate(bits: int, exponent: int, random: Callable[[int], bytes]) -> PrivateKey:
    """A new key with a modulus of *bits*, a multiple of 16, by *random*; *exponent* 3 or 65537."""
    if not MODULUS_BITS_MIN <= bits <= MODULUS_BITS_MAX or bits % 16 or exponent not in EXPONENTS:
        raise RsaInputError("modulus or exponent")
    made = RSA.generate(bits, randfunc=random, e=exponent)
    return PrivateKey(int(made.p), int(made.q), exponent)


def packed(key: PrivateKey) -> bytes:
    """*key* as bytes: exponent of 3 bytes, then both primes."""
    half = key.modulus_bytes // 2
    return key.exponent.to_bytes(3, "big") + key.p.to_bytes(half, "big") + key.q.to_bytes(half, "big")


def unpacked(content: bytes) -> PrivateKey:
    """The key that ``packed`` made *content* of."""
    half, odd = divmod(len(content) - 3, 2)
    exponent = int.from_bytes(content[:3], "big")
    if odd or not MODULUS_BITS_MIN // 16 <= half <= MODULUS_BITS_MAX // 16 or exponent not in EXPONENTS:
        raise RsaInputError("private key")
    return PrivateKey(
        int.from_bytes(content[3 : 3 + half], "big"), int.from_bytes(content[3 + half :], "big"), exponent
    )


def sign_static_data(key: PrivateKey, authentication_code: bytes, static_data: bytes) -> bytes:
    """The Signed Static Application Data, tag 93, as long as the modulus (Book 2 5.1 and table 3).

    *authentication_code* is the Data Authentication Code, 2 bytes; *static_data* what the card's records have.
    """
    if len(authentication_code) != 2:
        raise RsaInputError("authentication code")
    middle = STATIC_FORMAT + SHA_1 + authentication_code + FILL * (key.modulus_bytes - _FRAME_BYTES)
    digest = hashlib.sha1(middle + static_data, usedforsecurity=False).digest()
    return key.apply(HEADER + middle + digest + TRAILER)
