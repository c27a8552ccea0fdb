"""The words of settings that have more than two values."""

from __future__ import annotations

from enum import Enum


class Profile(Enum):
    """Whole sets of values: an old estate's box, or everything as the published attacks demand."""

    LEGACY = "legacy"
    HARDENED = "hardened"


class ZmkLength(Enum):
    """How long a ZMK without scheme tag is: 16 or 32 hex digits."""

    SINGLE = "single"
    DOUBLE = "double"


class DataEncryption(Enum):
    """What ZEK and TEK may encipher and decipher for the host (M0, M2, M4)."""

    ASCII = "ascii"
    BINARY = "binary"
    NONE = "none"


class M6Layout(Enum):
    """Which of two published layouts M6 and M8 have; ``auto`` reads both where they cannot be confused."""

    AUTO = "auto"
    HSM8000 = "hsm8000"
    PAYSHIELD = "payshield"


class StorageLength(Enum):
    """What one slot of user storage holds: a key of fixed length, or a value of any length."""

    SINGLE = "single"
    DOUBLE = "double"
    TRIPLE = "triple"
    VARIABLE = "variable"

    @property
    def value_chars(self) -> int | None:
        """Hex digits of every value in a slot of fixed length; None when the length is free."""
        return {"single": 16, "double": 32, "triple": 48}.get(self.value)


class SocketDigits(Enum):
    """How wide the number of TCP sockets is in a status reply: payShield 10K writes four digits from firmware 1.8a on."""

    TWO = "2"
    FOUR = "4"
