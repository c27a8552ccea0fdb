"""User storage as hosts fill it and read it."""

from __future__ import annotations

import re

from hsm.appliance import Hsm
from hsm.operations.status import Compliance, compliance
from hsm.policy.choices import StorageLength
from hsm.refusal import IndexInvalid, InputInvalid

BLOCKS_MAX = 0x20
"""As many blocks as one command moves (HSM 8000 help)."""


def load(hsm: Hsm, address: str, data: bytes, *, binary: bool) -> None:
    """Keep *data* from *address* (3H) on: one value, or blocks of the fixed length that is set, in one piece.

    *binary* data may be any bytes, other data is printable text.  Raises IndexInvalid for more than 32 blocks or a
    place beyond the end, InputInvalid, DataLengthInvalid, and NotAuthorised in PCI HSM mode.
    """
    if compliance(hsm.settings) is Compliance.FULL:
        hsm.authorise("misc")
    chars = hsm.settings.user_storage_length.value_chars
    if not binary and not all(0x20 <= byte <= 0x7E for byte in data):
        raise InputInvalid
    if chars is None:
        hsm.appliance.storage.write(address, (data,))
        return
    if binary or re.fullmatch(rb"[0-9A-F]*", data) is None:
        raise InputInvalid
    blocks = tuple(data[at : at + chars] for at in range(0, len(data), chars))
    if len(blocks) > BLOCKS_MAX:
        raise IndexInvalid
    hsm.appliance.storage.write(address, blocks)


def read(hsm: Hsm, address: str, count: int, *, binary: bool) -> bytes:
    """The values of *count* slots from *address* (3H) on; values of variable length each led by 4 digits of length.

    Raises IndexInvalid, StorageUnavailable, and InputInvalid for *binary* where lengths are fixed.
    """
    variable = hsm.settings.user_storage_length is StorageLength.VARIABLE
    if binary and not variable:
        raise InputInvalid
    if count > BLOCKS_MAX:
        raise IndexInvalid
    values = hsm.appliance.storage.read(address, count)
    if variable:
        values = tuple(f"{len(value):04d}".encode() + value for value in values)
    return b"".join(values)
