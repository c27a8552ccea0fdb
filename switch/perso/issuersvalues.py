"""What an issuer computes of its cards by keys of its own, in its own memory: CVVs, PVVs, and the cards' master keys.

Outside the bureau, as ``issuing``: a bureau asks its HSM.
"""

from __future__ import annotations

from Crypto.Cipher import DES, DES3

BLOCK_BYTES = 8
PVV_DIGITS, CVV_DIGITS = 4, 3
_COMPLEMENT = bytes([0xFF]) * BLOCK_BYTES


def cvv(key: bytes, pan: str, date: str, service_code: str) -> str:
    """The card verification value, 3 digits, under a *key* of 16 bytes; *date* is 4 digits in the order of use.

    For CVV2 the service code is 000, for the iCVV 999 (Visa Payment Technology Standards Manual).
    """
    text = bytes.fromhex(f"{pan}{date}{service_code}".ljust(32, "0"))
    left, right = DES.new(key[:8], DES.MODE_ECB), DES.new(key[8:], DES.MODE_ECB)
    mixed = bytes(a ^ b for a, b in zip(left.encrypt(text[:8]), text[8:], strict=True))
    return _decimal(left.encrypt(right.decrypt(left.encrypt(mixed))))[:CVV_DIGITS]


def pvv(key: bytes, account: str, index: int, pin: str) -> str:
    """The PIN verification value, 4 digits, under a *key* of 16 bytes; *account* is 12 digits, *index* the PVKI."""
    text = bytes.fromhex(f"{account[-11:]}{index}{pin[:PVV_DIGITS]}")
    return _decimal(DES3.new(key, DES3.MODE_ECB).encrypt(text))[:PVV_DIGITS]


def _decimal(block: bytes) -> str:
    """The decimal digits of *block*, then its hexadecimal ones less 10."""
    text = block.hex()
    return "".join(c for c in text if c.isdecimal()) + "".join(str(int(c, 16) - 10) for c in text if not c.isdecimal())


def card_master_key(imk: bytes, derivation_block: str) -> bytes:
    """A card's master key, 16 bytes of odd parity, by the 16 digits Y (EMV 4.3 Book 2 A1.4)."""
    block = bytes.fromhex(derivation_block)
    other = bytes(a ^ b for a, b in zip(block, _COMPLEMENT, strict=True))
    return odd_parity(DES3.new(imk, DES3.MODE_ECB).encrypt(block + other))


def odd_parity(key: bytes) -> bytes:
    """*key* with odd parity in every byte."""
    return bytes(byte & 0xFE | (1 ^ (byte >> 1).bit_count() & 1) for byte in key)
