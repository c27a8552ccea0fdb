"""User storage gives back what was written, in memory and on disk, and refuses what does not fit."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsm.policy.choices import StorageLength
from hsm.refusal import DataLengthInvalid, IndexInvalid, StorageUnavailable
from hsm.storage.database import Database, StorageError
from hsm.storage.slots import VALUE_BYTES_MAX, DatabaseSlots, MemorySlots, UserStorage

KEY = b"0123456789ABCDEF"


@pytest.mark.parametrize("length", [StorageLength.SINGLE, StorageLength.DOUBLE, StorageLength.TRIPLE])
def test_fixed_slots_take_keys_of_their_length_alone(length: StorageLength) -> None:
    storage = UserStorage(MemorySlots(), length)
    assert length.value_chars
    whole = KEY * (length.value_chars // 16)
    storage.write("01F", (whole, whole[::-1]))
    assert storage.read("01F", 2) == (whole, whole[::-1])
    for wrong in (b"", whole[1:], whole + KEY, whole.lower(), b"U" + whole[1:]):
        with pytest.raises(DataLengthInvalid):
            storage.write("020", (whole, wrong))
    assert storage.read("020") == (whole[::-1],)
    storage.write("020", ())
    assert storage.read("020", 0) == ()


@given(st.integers(0, 0xFFF), st.binary(min_size=1, max_size=50))
def test_variable_slots_take_anything(address: int, value: bytes) -> None:
    storage = UserStorage(MemorySlots(), StorageLength.VARIABLE)
    storage.write(f"{address:03X}", (value,))
    assert storage.read(f"{address:03X}") == (value,)


def test_variable_slots_have_a_bound() -> None:
    storage = UserStorage(MemorySlots(), StorageLength.VARIABLE)
    storage.write("000", (bytes(VALUE_BYTES_MAX),))
    for wrong in (b"", bytes(VALUE_BYTES_MAX + 1)):
        with pytest.raises(DataLengthInvalid):
            storage.write("000", (wrong,))


@pytest.mark.parametrize(
    ("address", "count"), [("FFF", 2), ("000", 0x1001), ("00G", 1), ("0ff", 1), ("10", 1), (" 10", 1)]
)
def test_addresses_out_of_range(address: str, count: int) -> None:
    storage = UserStorage(MemorySlots(), StorageLength.SINGLE)
    with pytest.raises(IndexInvalid):
        storage.write(address, (KEY,) * count)
    with pytest.raises(IndexInvalid):
        storage.read(address, count)


def test_empty_slots_and_those_of_another_length_hold_nothing() -> None:
    slots = MemorySlots()
    UserStorage(slots, StorageLength.SINGLE).write("FFF", (KEY,))
    with pytest.raises(StorageUnavailable):
        UserStorage(slots, StorageLength.SINGLE).read("FFE", 2)
    with pytest.raises(StorageUnavailable):
        UserStorage(slots, StorageLength.DOUBLE).read("FFF")
    assert UserStorage(slots, StorageLength.VARIABLE).read("FFF") == (KEY,)


def test_what_was_written_outlives_the_process(tmp_path: Path) -> None:
    database = Database(tmp_path / "state")
    storage = UserStorage(DatabaseSlots(database), StorageLength.SINGLE)
    storage.write("00A", (KEY, KEY[::-1]))
    # Another connection sees it at once: it was committed before write returned.
    again = UserStorage(DatabaseSlots(Database(tmp_path / "state")), StorageLength.SINGLE)
    assert again.read("00A", 2) == (KEY, KEY[::-1])


def test_what_could_not_be_committed_is_not_answered(tmp_path: Path) -> None:
    database = Database(tmp_path / "state")
    storage = UserStorage(DatabaseSlots(database), StorageLength.SINGLE)
    storage.write("000", (KEY,))
    with database.transaction() as change:
        change.execute(
            "CREATE TRIGGER full BEFORE INSERT ON slot WHEN NEW.address = 2 BEGIN SELECT RAISE(ABORT, 'full'); END"
        )
    with pytest.raises(StorageError, match="full"):
        storage.write("000", (KEY[::-1],) * 3)
    assert storage.read("000") == (KEY,)
    with pytest.raises(StorageUnavailable):
        storage.read("001")
