"""RSA keys that sign for an issuer, under the Domain Master Key."""

from __future__ import annotations

from collections.abc import Callable

from hsm.crypto import keyblock, rsasign
from hsm.crypto.blockprotector import BlockProtector
from hsm.crypto.rsasign import PrivateKey, RsaInputError
from hsm.keys.blocklmk import refusal_for
from hsm.keys.secret import Secret
from hsm.refusal import InputInvalid, KeyBlockUsageInvalid, KeyLengthInvalid

_HEADER = keyblock.Header("B", "S0", "R", "S")
"""ANSI X9.143 clause 6.3: an asymmetric key for signatures, which does not leave."""


class SigningKey(Secret):
    """A private key as an object without text."""

    __slots__ = ("_key",)

    _key: PrivateKey

    def __init__(self, key: PrivateKey) -> None:
        object.__setattr__(self, "_key", key)

    def __repr__(self) -> str:
        return "<RSA private key>"

    @property
    def modulus(self) -> bytes:
        """The public modulus."""
        return self._key.modulus.to_bytes(self._key.modulus_bytes, "big")

    def sign_static_data(self, authentication_code: bytes, static_data: bytes) -> bytes:
        """As ``rsasign.sign_static_data``.  Raises InputInvalid."""
        try:
            return rsasign.sign_static_data(self._key, authentication_code, static_data)
        except RsaInputError:
            raise InputInvalid from None

    def wrapped(self, protector: BlockProtector, random: Callable[[int], bytes]) -> str:
        """The TR-31 block that holds this key."""
        return protector.wrap(_HEADER, rsasign.packed(self._key), random)


def new_signing_key(bits: int, exponent: int, random: Callable[[int], bytes]) -> SigningKey:
    """A new key; raises KeyLengthInvalid for a modulus of *bits* that EMV does not have."""
    try:
        return SigningKey(rsasign.generate(bits, exponent, random))
    except RsaInputError:
        raise KeyLengthInvalid from None


def open_signing_key(protector: BlockProtector, block: str) -> SigningKey:
    """The key in *block*.  Raises the KeyBlock refusals; KeyBlockUsageInvalid for another sort of key."""
    try:
        header, content = protector.unwrap(block)
    except keyblock.KeyBlockError as error:
        raise refusal_for(error) from None
    if header != _HEADER:
        raise KeyBlockUsageInvalid
    try:
        return SigningKey(rsasign.unpacked(content))
    except RsaInputError:
        raise InputInvalid from None
