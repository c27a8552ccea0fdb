"""The encrypting PIN pad: what is typed at it leaves it under the terminal's PIN key, and its keys never do.

It is a simulator's, and so is its protection: the keys lie in this process's memory, and nothing here gives them out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from hmac import compare_digest
from typing import NoReturn, Protocol

from Crypto.Cipher import DES3

KEY_BYTES, BLOCK_BYTES = 16, 8
UNDER_TMK = re.compile(r"X[0-9A-F]{32}")
"""A double-length key enciphered in ECB mode (ANSI X9.17): scheme X."""
PIN = re.compile(r"[0-9]{4,12}")
"""ISO 9564-1, 6.2: four to twelve digits."""


class _Ecb(Protocol):
    """A block cipher in ECB mode, whose key can't be read back."""

    def encrypt(self, plaintext: bytes) -> bytes: ...
    def decrypt(self, ciphertext: bytes) -> bytes: ...


class KeyRefused(Exception):
    """A key that the pad doesn't take; the text says why, and nothing of the key."""


class PinRefused(Exception):
    """What was typed is no PIN, or can't leave the pad; the text shows nothing of it."""


class Epp:
    """A keypad with the terminal master key (TMK) of *components*, 16 bytes each, combined by XOR.

    Raises KeyRefused.  It has no text, can't be compared by content and can't be copied out of its process.
    """

    __slots__ = ("_pin_key", "_tmk")

    def __init__(self, components: Sequence[bytes]) -> None:
        combined = 0
        for component in components:
            if len(component) != KEY_BYTES:
                raise KeyRefused(f"components of {KEY_BYTES} bytes are expected")
            combined ^= int.from_bytes(component, "big")
        self._tmk = _cipher(combined.to_bytes(KEY_BYTES, "big"))
        self._pin_key: _Ecb | None = None

    @property
    def master_check_value(self) -> str:
        """The TMK's check value: six hexadecimal digits."""
        return _check_value(self._tmk)

    @property
    def has_pin_key(self) -> bool:
        """Was a PIN key (TPK) taken?"""
        return self._pin_key is not None

    def take(self, under_tmk: str, check_value: str) -> str:
        """Install the PIN key that lies under the TMK (``X`` and 32 hexadecimal digits), and say its check value.

        The new key must have *check_value* (six hexadecimal digits), or the one before stays.  Raises KeyRefused.
        """
        if not UNDER_TMK.fullmatch(under_tmk):
            raise KeyRefused("a double-length key of scheme X is expected")
        taken = _cipher(self._tmk.decrypt(bytes.fromhex(under_tmk[1:])))
        computed = _check_value(taken)
        if not compare_digest(computed.encode(), check_value.upper().encode("ascii", "replace")):
            raise KeyRefused("the key has another check value")
        self._pin_key = taken
        return computed

    def block(self, pin: str, pan: str) -> bytes:
        """The PIN block of *pin*, typed for the card *pan*, under the PIN key: ISO 9564-1 format 0 (9.3.2), 8 bytes.

        Raises PinRefused.
        """
        if self._pin_key is None:
            raise PinRefused("the keypad has no PIN key yet: the host gives it one")
        if not PIN.fullmatch(pin):
            raise PinRefused("a PIN has 4 to 12 digits")
        pin_field = int(f"0{len(pin):X}{pin}".ljust(2 * BLOCK_BYTES, "F"), 16)
        account_field = int(pan[-13:-1].rjust(2 * BLOCK_BYTES, "0"), 16)
        return self._pin_key.encrypt((pin_field ^ account_field).to_bytes(BLOCK_BYTES, "big"))

    def __repr__(self) -> str:
        return "<EPP>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a keypad is not copied")


def _cipher(key: bytes) -> _Ecb:
    """Triple DES with two keys; whose halves are equal it would be single DES.  Raises KeyRefused."""
    try:
        return DES3.new(key, DES3.MODE_ECB)
    except ValueError:
        raise KeyRefused("a key whose halves are alike is no double-length key") from None


def _check_value(cipher: _Ecb) -> str:
    return cipher.encrypt(bytes(BLOCK_BYTES))[:3].hex().upper()
