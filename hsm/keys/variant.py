"""Keys enciphered part by part under a variant of another key, as Thales and Racal write them.

A wrapping key is changed before use in two places, so that one key serves as many: a *key variant* in its first byte
says what the wrapped key is for, a *length variant* in its ninth says how long that is and which part this is.  Each
8-byte part is then enciphered by itself.  Schemes X and Y (ANSI X9.17) and keys without a tag have no length variant.

Source: HSM 8000 programmer help, worked example (F1 x8, C1 x8 under pair 28-29 variant 2); values in
protocol-spec/thales/keys.json.
"""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType

from hsm.crypto.blockcipher import Cipher
from hsm.refusal import InputInvalid, KeyLengthInvalid, KeySchemeInvalid

KEY_VARIANTS = (0x00, 0xA6, 0x5A, 0x6A, 0xDE, 0x2B, 0x50, 0x74, 0x9C, 0xFA)
"""Into byte 0 of the left LMK, by the first digit of the key type code."""

_LENGTH_VARIANTS = MappingProxyType(
    {"U": (0xA6, 0x5A), "T": (0x6A, 0xDE, 0x2B), "X": (0, 0), "Y": (0, 0, 0)},
)
_PLAIN = MappingProxyType({8: (0,), 16: (0, 0), 24: (0, 0, 0)})
_NO_TAG = ("", "Z", "0")

Variants = Callable[[int], Cipher]
"""The wrapping key under a length variant, a byte."""


def varied(key: bytes, key_variant: int, length_variant: int) -> bytes:
    """The wrapping *key* of 16 or 24 bytes with both variants in place."""
    return bytes((key[0] ^ key_variant,)) + key[1:8] + bytes((key[8] ^ length_variant,)) + key[9:]


def key_bytes_of(token: str) -> int:
    """Bytes of the key in *token*, which is of a variant or X9.17 scheme; raises KeySchemeInvalid or InputInvalid."""
    tag = token[:1]
    if tag.isalpha() and tag not in "ABCDEF":
        if tag not in _LENGTH_VARIANTS:
            raise KeySchemeInvalid
        expected = 8 * len(_LENGTH_VARIANTS[tag])
        if len(token) != 1 + 2 * expected:
            raise InputInvalid
        return expected
    if len(token) not in (16, 32, 48):
        raise InputInvalid
    return len(token) // 2


def decipher(token: str, variants: Variants) -> bytes:
    """The key in *token*, 8, 16 or 24 bytes, parity as it comes; raises KeySchemeInvalid or InputInvalid."""
    expected = key_bytes_of(token)
    tagged = len(token) % 2
    try:
        wrapped = bytes.fromhex(token[tagged:])
    except ValueError:
        raise InputInvalid from None
    if len(wrapped) != expected:
        raise InputInvalid
    steps = _LENGTH_VARIANTS[token[0]] if tagged else _PLAIN[expected]
    if not steps[0]:
        return variants(0).decrypt(wrapped)
    return b"".join(variants(step).decrypt(wrapped[8 * at : 8 * at + 8]) for at, step in enumerate(steps))


def encipher(key: bytes, scheme: str, variants: Variants) -> str:
    """*key* as a token of *scheme*: U, T, X, Y, or empty, Z or 0 for none.

    Raises KeySchemeInvalid, or KeyLengthInvalid when the scheme is for another length.
    """
    if scheme in _NO_TAG:
        return variants(0).encrypt(key).hex().upper()
    if scheme not in _LENGTH_VARIANTS:
        raise KeySchemeInvalid
    steps = _LENGTH_VARIANTS[scheme]
    if len(key) != 8 * len(steps):
        raise KeyLengthInvalid
    parts = [variants(step).encrypt(key[8 * at : 8 * at + 8]) for at, step in enumerate(steps)]
    return scheme + b"".join(parts).hex().upper()
