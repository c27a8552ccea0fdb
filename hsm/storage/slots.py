"""User storage: values that hosts keep in the appliance and then name by a three-digit hex address.

Depending on switch S23 a slot holds a key of one fixed length, or a value of any length.  A value is what the host
sent, under the LMK like every key that leaves the appliance, so nothing here is secret.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Protocol

from hsm.policy.choices import StorageLength
from hsm.refusal import DataLengthInvalid, IndexInvalid, StorageUnavailable
from hsm.storage.database import Database

SLOTS_COUNT = 0x1000
VALUE_BYTES_MAX = 8_192


_KEY = re.compile(
    "(?:[0-9A-F]{16}){1,3}|[UX][0-9A-F]{32}|[TY][0-9A-F]{48}|[SR][0-9A-Z][0-9]{4}[ -~]{12,8187}"
).fullmatch


class Slots(Protocol):
    """Where the values are: address (0 to 4095) to value."""

    def load(self, address: int) -> bytes | None:
        """The value at *address*, None when there is none."""

    def save(self, values: Mapping[int, bytes]) -> None:
        """Keep all of *values* or, when it raises StorageError, none of them."""

    def stored(self) -> Mapping[int, bytes]:
        """All that is there."""


class MemorySlots:
    """Slots that last as long as the process."""

    def __init__(self) -> None:
        self._values: dict[int, bytes] = {}

    def load(self, address: int) -> bytes | None:
        return self._values.get(address)

    def stored(self) -> Mapping[int, bytes]:
        return MappingProxyType(self._values)

    def save(self, values: Mapping[int, bytes]) -> None:
        self._values.update(values)


class DatabaseSlots:
    """Slots in a state directory: on the disk before ``save`` returns, and in memory for reading."""

    def __init__(self, database: Database) -> None:
        """Raises StorageError."""
        self._database = database
        self._values = {
            address: value
            for address, value in database.read("SELECT address, value FROM slot")
            if isinstance(address, int) and isinstance(value, bytes)
        }

    def load(self, address: int) -> bytes | None:
        return self._values.get(address)

    def stored(self) -> Mapping[int, bytes]:
        return MappingProxyType(self._values)

    def save(self, values: Mapping[int, bytes]) -> None:
        with self._database.transaction() as change:
            change.executemany("INSERT OR REPLACE INTO slot VALUES (?, ?)", values.items())
        self._values.update(values)


class UserStorage:
    """User storage as commands see it: *slots*, each of *length*.

    Addresses are 3 hex digits as they stand on the wire.  A slot filled under another length setting counts as empty.
    """

    def __init__(self, slots: Slots, length: StorageLength) -> None:
        self._slots = slots
        self._chars = length.value_chars

    def _addresses(self, address: str, count: int) -> range:
        if not re.fullmatch(r"[0-9A-F]{3}", address):
            raise IndexInvalid
        first = int(address, 16)
        if not 0 <= count <= SLOTS_COUNT - first:
            raise IndexInvalid
        return range(first, first + count)

    def write(self, address: str, values: tuple[bytes, ...]) -> None:
        """Keep *values* in the slots from *address* on.

        Raises IndexInvalid when there are no such slots, DataLengthInvalid when a value does not fit, StorageError.
        """
        addresses = self._addresses(address, len(values))
        if not all(self._fits(value) for value in values):
            raise DataLengthInvalid
        self._slots.save(dict(zip(addresses, values, strict=True)))

    def read(self, address: str, count: int = 1) -> tuple[bytes, ...]:
        """The values of *count* slots.  Raises IndexInvalid, and StorageUnavailable when one of them is empty."""
        found: list[bytes] = []
        for at in self._addresses(address, count):
            value = self._slots.load(at)
            if value is None or not self._fits(value):
                raise StorageUnavailable
            found.append(value)
        return tuple(found)

    def key(self, address: str, tag: str = "") -> str:
        """The key in a slot as its holder wrote it, with the scheme *tag* that the message puts before it.

        A key shorter than a slot of fixed length stands there filled up with F (HSM 8000 help, user storage), in whole
        blocks of 16.  Raises as ``read`` does, and StorageUnavailable when what is there has not the form of a key.
        """
        value = self.read(address)[0]
        if self._chars is not None:
            while len(value) > 16 and value.endswith(b"F" * 16):
                value = value[:-16]
        text = tag + value.decode("latin-1")
        if not _KEY(text):
            raise StorageUnavailable
        return text

    def _fits(self, value: bytes) -> bool:
        if self._chars is None:
            return 1 <= len(value) <= VALUE_BYTES_MAX
        return len(value) == self._chars and re.fullmatch(rb"[0-9A-F]+", value) is not None
