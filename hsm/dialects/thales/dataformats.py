"""How messages and data stand in a request or reply: 0 raw bytes, 1 hexadecimal, 2 text."""

from __future__ import annotations

import re

from hsm.refusal import Refusal

BINARY, HEXADECIMAL, TEXT = "0", "1", "2"
_HEX = re.compile(b"(?:[0-9A-F]{2})*").fullmatch


def from_wire(data: bytes, form: str, wrong: type[Refusal]) -> bytes:
    """The bytes that *data* stands for; raises *wrong* when it is no hexadecimal where that is the *form*."""
    if form != HEXADECIMAL:
        return data
    if _HEX(data) is None:
        raise wrong
    return bytes.fromhex(data.decode("ascii"))


def to_wire(data: bytes, form: str) -> bytes:
    """*data* in *form*."""
    return data.hex().upper().encode("ascii") if form == HEXADECIMAL else data
