"""Cards, their PINs, and their PIN blocks under a key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from Crypto.Cipher import DES3

from switch.routing.pan import check_digit

PREFIX = "970411"
SERIAL_DIGITS = 9
BLOCK_BYTES = 8
ZMK_UNDER_TEST_LMK = "U42BBE7D9A0A55D0EBDE055DE2791ACCD"
TMK_UNDER_TEST_LMK = "U1750CDFB0757D3B3994430636DBB281B"
ZMK = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
"""A key that everybody knows, here zone and terminal master key, and what it is as such under the published test LMK (pairs
04-05 and 14-15, scheme U)."""


@dataclass(frozen=True)
class Card:
    """A PAN of 16 digits and its PIN of four."""

    pan: str = field(repr=False)
    pin: str = field(repr=False)

    @property
    def track_2(self) -> str:
        """DE 35: expiry, service code and discretionary data behind the PAN, 37 characters."""
        return f"{self.pan}=29121010000000000000"

    @property
    def block(self) -> bytes:
        """The clear PIN block of ISO 9564-1 format 0: the PIN field and the account number field, added modulo 2."""
        pin_field = int(f"04{self.pin}".ljust(2 * BLOCK_BYTES, "F"), 16)
        return (pin_field ^ int(self.pan[-13:-1], 16)).to_bytes(BLOCK_BYTES, "big")


def cards(count: int) -> tuple[Card, ...]:
    """So many cards of one issuer, the same ones each time; their PINs differ."""
    made = []
    for number in range(count):
        digits = f"{PREFIX}{number:0{SERIAL_DIGITS}d}"
        made.append(Card(digits + check_digit(digits), f"{(number * 7919 + 1234) % 10_000:04d}"))
    return tuple(made)


def under(key: bytes, owners: Sequence[Card]) -> tuple[bytes, ...]:
    """The PIN block of each of *owners* under *key* (16 bytes), as 16 hexadecimal digits."""
    clear = b"".join(card.block for card in owners)
    digits = DES3.new(key, DES3.MODE_ECB).encrypt(clear).hex().upper().encode()
    return tuple(digits[at : at + 2 * BLOCK_BYTES] for at in range(0, len(digits), 2 * BLOCK_BYTES))


def by_pan(key: bytes, owners: Sequence[Card]) -> Mapping[bytes, bytes]:
    """The same by PAN."""
    return dict(zip((card.pan.encode() for card in owners), under(key, owners), strict=True))


def check_value(key: bytes) -> str:
    """The check value of *key*: the first three bytes of zeros under it, as hexadecimal digits."""
    return str(DES3.new(key, DES3.MODE_ECB).encrypt(bytes(BLOCK_BYTES))[:3].hex().upper())


def received(under_zmk: str, zmk: bytes = ZMK) -> bytes:
    """The key that *under_zmk* (``X`` and 32 hexadecimal digits: ANSI X9.17, ECB mode) is under *zmk*.

    Raises ValueError for another form.
    """
    if len(under_zmk) != 33 or under_zmk[0] != "X":
        raise ValueError("a key of double length under the ZMK, in the form X")
    return bytes(DES3.new(zmk, DES3.MODE_ECB).decrypt(bytes.fromhex(under_zmk[1:])))
