"""Certificates of issuers' RSA keys by a payment system's certification authority (EMV 4.3 Book 2 section 5, B2.1).

The authority stands outside the bureau, with a key of its own: here a test authority, for products that no real scheme
certifies.  A terminal's way from the authority's public key to the static data is here too: a product is checked by it
before the first card is made.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from hmac import compare_digest

from Crypto.PublicKey import RSA

HEADER, TRAILER, CERTIFICATE_FORMAT, STATIC_FORMAT, SHA_1, RSA_ALGORITHM = (
    b"\x6a",
    b"\xbc",
    b"\x02",
    b"\x03",
    b"\x01",
    b"\x01",
)
FILL = b"\xbb"
_HASH_BYTES = 20
_FRAME_BYTES = 36
"""What a certificate holds beside the leftmost digits of the issuer's modulus."""
MODULUS_BYTES_MAX = 248


class CertificateError(ValueError):
    """A certificate or signature that a terminal would refuse; the message says at which step."""


@dataclass(frozen=True)
class PublicKey:
    """A *modulus* and its *exponent*, 3 or 65537."""

    modulus: bytes
    exponent: int

    @property
    def exponent_bytes(self) -> bytes:
        return self.exponent.to_bytes(1 if self.exponent < 0x100 else 3, "big")

    def recovered(self, signature: bytes) -> bytes:
        """The block that the private key made *signature* of.  Raises CertificateError."""
        if len(signature) != len(self.modulus):
            raise CertificateError("the signature is not as long as the key")
        number = pow(int.from_bytes(signature, "big"), self.exponent, int.from_bytes(self.modulus, "big"))
        block = number.to_bytes(len(self.modulus), "big")
        if block[:1] != HEADER or block[-1:] != TRAILER:
            raise CertificateError("the recovered block has not its header and trailer")
        return block


@dataclass(frozen=True)
class IssuerCertificate:
    """What a card carries of its issuer's key.

    *index* is the authority's public key index (tag 8F, one byte), *certificate* tag 90, *remainder* tag 92 (may be
    empty), *exponent* tag 9F32.
    """

    index: int
    certificate: bytes
    remainder: bytes
    exponent: bytes


@dataclass(frozen=True)
class Subject:
    """Whom a certificate is for: *identifier* the leftmost 3 to 8 digits of the PAN, *expiry* MMYY, *serial* 3 bytes."""

    identifier: str
    expiry: str
    serial: bytes

    @property
    def raw(self) -> bytes:
        return bytes.fromhex(self.identifier.ljust(8, "F") + self.expiry) + self.serial


class TestAuthority:
    """A certification authority with a key of its own: *index* is what terminals know it by."""

    __test__ = False

    def __init__(self, key: RSA.RsaKey, index: int) -> None:
        self._key = key
        self.index = index

    def __repr__(self) -> str:
        return f"<test authority, key {self.index:02X}>"

    @classmethod
    def founded(cls, index: int, random: Callable[[int], bytes], bits: int = 1408) -> TestAuthority:
        """A new authority."""
        return cls(RSA.generate(bits, randfunc=random, e=3), index)

    @property
    def public(self) -> PublicKey:
        size = (int(self._key.n).bit_length() + 7) // 8
        return PublicKey(int(self._key.n).to_bytes(size, "big"), int(self._key.e))

    def certify(self, issuer: PublicKey, subject: Subject) -> IssuerCertificate:
        """A certificate of *issuer*'s key.  Raises CertificateError for one longer than the authority's own."""
        size = len(self.public.modulus)
        room = size - _FRAME_BYTES
        if len(issuer.modulus) > size:
            raise CertificateError("an issuer's key is no longer than the authority's")
        left, remainder = issuer.modulus[:room].ljust(room, FILL), issuer.modulus[room:]
        lengths = bytes((len(issuer.modulus), len(issuer.exponent_bytes)))
        body = CERTIFICATE_FORMAT + subject.raw + SHA_1 + RSA_ALGORITHM + lengths + left
        digest = hashlib.sha1(body + remainder + issuer.exponent_bytes, usedforsecurity=False).digest()
        block = int.from_bytes(HEADER + body + digest + TRAILER, "big")
        signed = pow(block, int(self._key.d), int(self._key.n)).to_bytes(size, "big")
        return IssuerCertificate(self.index, signed, remainder, issuer.exponent_bytes)


def _month(mmyy: str) -> tuple[int, int]:
    """A date MMYY as one that compares; years are of this century."""
    return int(mmyy[2:]), int(mmyy[:2])


def issuer_key(authority: PublicKey, given: IssuerCertificate, pan: str, today: str) -> PublicKey:
    """The issuer's key out of its certificate, as a terminal recovers it (section 5.3).

    *today* is MMYY.  Raises CertificateError.
    """
    block = authority.recovered(given.certificate)
    body, digest = block[1 : -_HASH_BYTES - 1], block[-_HASH_BYTES - 1 : -1]
    made = hashlib.sha1(body + given.remainder + given.exponent, usedforsecurity=False).digest()
    if not compare_digest(made, digest):
        raise CertificateError("the hash of the certificate is wrong")
    if body[:1] != CERTIFICATE_FORMAT or body[10:12] != SHA_1 + RSA_ALGORITHM:
        raise CertificateError("the certificate's format or algorithms are not those of EMV")
    identifier = body[1:5].hex().upper().rstrip("F")
    if len(identifier) < 3 or not pan.startswith(identifier):
        raise CertificateError("the certificate is of another issuer")
    if _month(body[5:7].hex()) < _month(today):
        raise CertificateError("the certificate has expired")
    length, left = body[12], body[14:]
    modulus = left[:length] if length <= len(left) else left + given.remainder
    if len(modulus) != length or body[13] != len(given.exponent):
        raise CertificateError("the key in the certificate is not as long as it says")
    return PublicKey(modulus, int.from_bytes(given.exponent, "big"))


def check_static_data(issuer: PublicKey, signature: bytes, static_data: bytes) -> bytes:
    """The data authentication code, 2 bytes, if *signature* is of *static_data* (section 5.4); else CertificateError."""
    block = issuer.recovered(signature)
    body, digest = block[1 : -_HASH_BYTES - 1], block[-_HASH_BYTES - 1 : -1]
    if body[:2] != STATIC_FORMAT + SHA_1:
        raise CertificateError("the signed data are of another format")
    if not compare_digest(hashlib.sha1(body + static_data, usedforsecurity=False).digest(), digest):
        raise CertificateError("the hash of the static data is wrong")
    return body[2:4]
