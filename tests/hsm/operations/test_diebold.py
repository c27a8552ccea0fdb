"""Diebold tables: what is one, and how it lies in user storage."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from support.appliances import Speaker

from hsm.appliance import Hsm
from hsm.operations import diebold
from hsm.refusal import DieboldTableInvalid, IndexInvalid, StorageUnavailable

Desk = Callable[..., Speaker]
TABLE = bytes(random.Random(8).sample(range(256), 256))
LAYOUTS = (("single", 32), ("double", 16), ("triple", 11), ("variable", 1))


def view(speak: Speaker) -> Hsm:
    return speak.appliance.view(None, speak)


@pytest.mark.parametrize("table", [TABLE[:-1], TABLE + b"\0", TABLE[:-1] + TABLE[:1], b""])
def test_a_table_has_every_value_once(desk: Desk, table: bytes) -> None:
    assert not diebold.is_table(table)
    with pytest.raises(DieboldTableInvalid):
        diebold.protect(view(desk()), table)


@pytest.mark.parametrize("lmk", ["test-variant", "test-3des-block", "test-aes-block"])
@pytest.mark.parametrize(("length", "slots"), LAYOUTS)
def test_a_table_in_storage_verifies(desk: Desk, length: str, slots: int, lmk: str) -> None:
    speak = desk({"user-storage-length": length}, (f"00={lmk}",))
    hsm = view(speak)
    chars = hsm.settings.user_storage_length.value_chars or diebold.TABLE_CHARS
    text = diebold.protect(hsm, TABLE).ljust(slots * chars, "F").encode()
    blocks = tuple(text[at : at + chars] for at in range(0, len(text), chars))
    assert len(blocks) == slots
    hsm.appliance.storage.write("0A0", blocks)
    diebold.verify(hsm, "0A0")
    with pytest.raises(StorageUnavailable):
        diebold.verify(hsm, "0A1")
    with pytest.raises(IndexInvalid):
        diebold.verify(hsm, f"{0x1000 - slots + 1:03X}" if slots > 1 else "1000")
    hsm.appliance.storage.write("0A0", (blocks[0][:-1] + (b"0" if blocks[0][-1:] != b"0" else b"1"), *blocks[1:]))
    with pytest.raises(DieboldTableInvalid):
        diebold.verify(hsm, "0A0")


@pytest.mark.parametrize("value", [b"00" * 255, b"Z" * 512, b"\xff" * 512, b"00" * 256])
def test_what_is_no_table_is_refused(desk: Desk, value: bytes) -> None:
    hsm = view(desk({"user-storage-length": "variable"}))
    hsm.appliance.storage.write("000", (value,))
    with pytest.raises(DieboldTableInvalid):
        diebold.verify(hsm, "000")


def test_the_tables_cipher_is_no_other_use_s_cipher(desk: Desk) -> None:
    for lmk in ("test-variant", "test-3des-block", "test-aes-block"):
        hsm = view(desk(lmks=(f"00={lmk}",)))
        from hsm.keys.lmk import LmkUse

        found = {hsm.lmk_cipher(use).encrypt(bytes(16)) for use in LmkUse}
        assert len(found) == len(LmkUse)
